"""Measure what viewers cost the worker: ~markers and ~match_image of the rendered drive, with odometry.

``PYTHONPATH=$PYTHONPATH:$PWD .venv/bin/python3 benchmarks/viewers.py [--keyframes N]`` in a sourced
workspace, which has ROS's messages; with ``-m``, this folder would hide them. Processor time of the thread
that draws, messages serialised as rospy does it when it publishes. The exit code is 1 if a target is not met.
"""

from __future__ import annotations

import argparse
import io
import itertools
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from benchmarks.figures import machine
from demo.odometry import with_odometry
from demo.sources import Source, decode, open_source
from place_recognition_ros.config import Config
from place_recognition_ros.detector import LoopDetector
from place_recognition_ros.ros.viewers import Viewers
from place_recognition_ros.types import Camera, Keyframe

OPEN_MS = 3.0  # target, median of a keyframe
CLOSED_MS = 0.05  # target: nothing, but for the question whether somebody subscribes
DRIVE = Path(__file__).parent.parent / "demo" / "drive"


class Sink:
    """Stands for a publisher: it serialises what is published, if somebody subscribes."""

    subscribers = 0

    def __init__(self, *_: Any, **__: Any) -> None:
        self.bytes = 0

    def get_num_connections(self) -> int:
        return self.subscribers

    def publish(self, message: Any) -> None:
        buffer = io.BytesIO()
        message.serialize(buffer)
        self.bytes += buffer.tell()


class Watched(Sink):
    """One with a subscriber."""

    subscribers = 1


class Cost(NamedTuple):
    """Milliseconds of each keyframe."""

    describe: list[float]  # the network alone, to compare with
    closed: list[float]
    open: list[float]


def measure(source: Source, most: int) -> Cost:
    """Drive through the town with viewers and without."""
    detector = LoopDetector.open(Config(max_depth_m=25.0))
    viewers = [Viewers(detector.map, 0, advertise) for advertise in (Sink, Watched)]
    cost = Cost([], [], [])
    for frame in itertools.islice(source.frames(), most):
        image = decode(frame)
        if image is None or not frame.tracking_ok:
            continue
        camera = Camera(image.shape[1], image.shape[0], "camera")
        keyframe = Keyframe(image, frame.stamp + 1, frame.odometry, camera, "camera", "odom")
        start = time.thread_time()
        detector.describer.describe(keyframe)
        cost.describe.append(1e3 * (time.thread_time() - start))
        result = detector.add(keyframe)
        for each, costs in zip(viewers, cost[1:]):
            start = time.thread_time()
            each.show(result, image)
            costs.append(1e3 * (time.thread_time() - start))
    detector.close()
    return cost


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--keyframes", type=int, default=400, help="how many, at most (default: %(default)s)")
    cv2.setNumThreads(1)
    cost = measure(with_odometry(open_source(None, DRIVE), 0), parser.parse_args().keyframes)
    missed = []
    for what, values, target in (
        ("description and local features, to compare with", cost.describe, np.inf),
        ("viewers, nobody subscribes", cost.closed, CLOSED_MS),
        ("viewers, both topics subscribed to", cost.open, OPEN_MS),
    ):
        median, high = np.percentile(values, (50, 95))
        print(f"{what}: median {median:.3f} ms, 95 % {high:.3f} ms a keyframe")
        missed += [what] if median > target else []
    print(f"{len(cost.open)} keyframes of 320×240, one thread, on {machine()}")
    if missed:
        print(f"✗ target not met: {'; '.join(missed)}", file=sys.stderr)
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
