#!/usr/bin/env python3
"""The node with a large map: it is being read until the file that the variable MAP_IS_READ names exists."""

import os
import sys
import time

from place_recognition_ros.detector import LoopDetector
from place_recognition_ros.ros.node import main

open_detector = LoopDetector.open


def open_slowly(config, map_path="", progress=None):
    while not os.path.exists(os.environ["MAP_IS_READ"]):
        progress(43000, 100000)
        time.sleep(0.1)
    return open_detector(config, map_path)


LoopDetector.open = open_slowly

if __name__ == "__main__":
    sys.exit(main())
