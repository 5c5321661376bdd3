"""Programs for the command line: ``python3 -m place_recognition_ros.tools.NAME``."""

import sys

from place_recognition_ros.tools.interpreter import command_line, hand_over

if sys.argv[:1] == ["-m"]:  # Python is looking for a module that ``-m`` named: nothing has run yet
    hand_over(command_line())
