"""How the scripts speak to a terminal."""

import sys

from place_recognition_ros.errors import PlaceRecognitionError


def run_script(main):
    """Call ``main()``; say in one line what was wrong with the input, without a traceback.

    Args:
        main: function without arguments.
    """
    try:
        main()
    except (ValueError, OSError, PlaceRecognitionError) as error:
        sys.exit(f"✗ {error}")
    except KeyboardInterrupt as interruption:
        sys.exit(f"✗ interrupted{f': {interruption}' if str(interruption) else ''}")
