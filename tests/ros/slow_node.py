#!/usr/bin/env python3
"""The node with a slow engine: each image takes 200 ms longer."""

import sys
import time

from place_recognition_ros.descriptor import Extractor
from place_recognition_ros.ros.node import main

SECONDS = 0.2

describe = Extractor.describe


def describe_slowly(self, image):
    time.sleep(SECONDS)
    return describe(self, image)


Extractor.describe = describe_slowly

if __name__ == "__main__":
    sys.exit(main())
