"""Look at map files, check them, export, merge and convert them.

``python3 -m place_recognition_ros.tools.map info|check|export|merge|reembed``

A map that is read is not changed. No node may have it open: copy it with ~save_map, or end the node.
"""

import argparse
import sys
from typing import List, Optional

from place_recognition_ros.errors import PlaceRecognitionError
from place_recognition_ros.tools.map import check, export, info, merge, reembed
from place_recognition_ros.tools.terminal import use_utf8

COMMANDS = (info, check, export, merge, reembed)


def main(arguments: Optional[List[str]] = None) -> int:
    use_utf8()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parsers = parser.add_subparsers(metavar="COMMAND", dest="command")
    parsers.required = True
    for command in COMMANDS:
        text = command.__doc__ or ""
        own = parsers.add_parser(
            command.__name__.split(".")[-1],
            help=text.splitlines()[0],
            description=text,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_arguments(own)
        own.set_defaults(run=command.run)
    options = parser.parse_args(arguments)
    try:
        return int(options.run(options))
    except PlaceRecognitionError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
