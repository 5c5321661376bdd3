"""What all commands do at a terminal: errors in one line, and old names of options and keys."""

import json
import sys
from pathlib import Path

from place_recognition_ros.errors import PlaceRecognitionError

RENAMED = json.loads((Path(__file__).parent / "configs" / "renamed.json").read_text(encoding="utf-8"))
"""Old name → present name, of options ("--name") and of configuration keys ("section.key")."""


def run_script(main):
    """Call ``main()``; report an error in the input as one line instead of a traceback.

    Args:
        main: function without arguments.
    """
    try:
        main()
    except (ValueError, OSError, PlaceRecognitionError) as error:
        sys.exit(f"✗ {error}")
    except KeyboardInterrupt as interruption:
        sys.exit(f"✗ interrupted{f': {interruption}' if str(interruption) else ''}")


def command_line():
    """The arguments of this process, old names of options and keys replaced by the present ones.

    Recorded commands, such as ``made_by`` in a model card, keep working.

    Returns:
        list of str.
    """
    return [_present(argument) for argument in sys.argv[1:]]


def _present(argument):
    name, equals, value = argument.partition("=")
    return RENAMED.get(name, name) + equals + value
