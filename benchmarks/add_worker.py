"""Times ``LoopDetector.add`` of one version of the package, in a process of its own.

The package is the one in PYTHONPATH, so this script uses only what all versions have: Config, Keyframe,
LoopDetector.open and LoopDetector.add. Input: blocks of images, (N, H, W, 3) uint8 BGR each, on standard
input: 8 bytes, the length, little-endian; then the array as .npy. Output: one line of JSON per block, the N
durations in seconds; before them one line with the folder of the package.
"""

import io
import json
import os
import sys
import time

import place_recognition_ros  # before NumPy: it limits the threads, as in the node

import cv2  # isort: skip
import numpy as np  # isort: skip

from place_recognition_ros.config import Config
from place_recognition_ros.detector import LoopDetector
from place_recognition_ros.types import Keyframe

KEYFRAME_PERIOD = 10**9  # nanoseconds


def main() -> None:
    cv2.setNumThreads(1)
    detector = LoopDetector.open(Config())  # with a temporary map
    _reply(os.path.dirname(place_recognition_ros.__file__))
    stamp = 0
    for images in _blocks():
        durations = []
        for image in images:
            stamp += KEYFRAME_PERIOD
            start = time.perf_counter()
            detector.add(Keyframe(image, stamp))
            durations.append(time.perf_counter() - start)
        _reply(durations)
    detector.close()


def _blocks():
    while True:
        length = int.from_bytes(sys.stdin.buffer.read(8), "little")
        if not length:  # the end of the input
            return
        yield np.load(io.BytesIO(sys.stdin.buffer.read(length)), allow_pickle=False)


def _reply(value: object) -> None:
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    main()
