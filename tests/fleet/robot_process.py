"""A robot that drives along the road of synthetic places: NUMBER MAP SERVER LOOPS PLACES-FROM COUNT RATE."""

import sys
from pathlib import Path

from benchmarks.fleet.robot import Recorded, Robot
from tests.fleet.world import CAMERA, MODELS, describe

number, start, count, rate = (int(sys.argv[each]) for each in (1, 5, 6, 7))
keyframes = [Recorded(1, CAMERA, *describe(place, number)) for place in range(start, start + count)]
robot = Robot(f"robot{number}", MODELS, sys.argv[2], sys.argv[3], Path(sys.argv[4]), period=0.5)
robot.run(keyframes, rate)
