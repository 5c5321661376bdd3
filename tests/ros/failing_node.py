#!/usr/bin/env python3
"""The node with an engine that fails on every image."""

import sys

from place_recognition_ros.descriptor import Extractor
from place_recognition_ros.errors import EngineError
from place_recognition_ros.ros.node import main


def fail(self, image):
    raise EngineError("expected a GPU. Received: none")


Extractor.describe = fail

if __name__ == "__main__":
    sys.exit(main())
