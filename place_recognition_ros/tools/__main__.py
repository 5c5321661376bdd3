"""Tools around the place recognition, without ROS; `doctor` also checks a node that runs.

Usage: place-recognition COMMAND …, or python3 -m place_recognition_ros.tools COMMAND …
"""

import argparse
import runpy
import signal
import sys

from place_recognition_ros.tools.terminal import use_utf8

COMMANDS = {
    "replay": "a recording → a report of the loops in it",
    "explain": "why a loop was, or was not, found in a map",
    "map": "look at map files, check, export, merge and convert them",
    "doctor": "what is wrong with this machine, or with the running node",
    "describe": "images → descriptors, and how similar they are",
}
"""Modules of this package → what they do. Only the one that is used is imported."""


def main() -> None:
    """Run one of the tools with the rest of the command line, as ``python3 -m`` does."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # no traceback when piped to `head`
    use_utf8()
    parser = argparse.ArgumentParser(
        prog="place-recognition", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(metavar="COMMAND", dest="command")
    commands.required = True
    for name, text in COMMANDS.items():
        commands.add_parser(name, help=text, add_help=False)
    command = parser.parse_known_args(sys.argv[1:2])[0].command
    sys.argv = [f"place-recognition {command}", *sys.argv[2:]]
    runpy.run_module(f"{__package__}.{command}", run_name="__main__")


if __name__ == "__main__":
    main()
