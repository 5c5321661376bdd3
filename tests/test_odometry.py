import sys
import threading

import numpy as np
import pytest

from place_recognition_ros.poses import Pose
from place_recognition_ros.ros.odometry import OdometryBuffer, StampedPose

MS = 10**6
START = 10**18


def stamped(stamp, x):
    pose = Pose(np.array([float(x), 0.0, 0.0]), np.array([0.0, 0.0, 0.0, 1.0]))
    return StampedPose(stamp, pose, "odom", "base_link")


@pytest.fixture
def buffer():
    """Ten poses, one every 20 ms; x = 0 to 9 m."""
    buffer = OdometryBuffer(tolerance=0.05)
    for x in range(10):
        buffer.add(stamped(START + 20 * x * MS, x))
    return buffer


@pytest.mark.parametrize(
    "ms, x",
    [(0, 0), (20, 1), (28, 1), (32, 2), (180, 9), (229, 9), (230, 9), (-50, 0), (231, None), (-51, None)],
)
def test_the_nearest_pose_within_the_tolerance_is_returned(buffer, ms, x):
    found = buffer.at(START + ms * MS)
    assert (None if found is None else found.pose.position[0]) == x


def test_an_empty_buffer_returns_none():
    assert OdometryBuffer().at(START) is None


def test_the_oldest_poses_are_dropped():
    buffer = OdometryBuffer(length=3)
    for x in range(10):
        buffer.add(stamped(START + 1000 * x * MS, x))
    kept = [x for x in range(10) if buffer.at(START + 1000 * x * MS) is not None]
    assert kept == [7, 8, 9]


def test_one_thread_may_add_while_another_reads():
    buffer = OdometryBuffer(length=50)
    buffer.add(stamped(START, 0))
    stop = threading.Event()

    def add():
        stamp = START
        while not stop.is_set():
            stamp += 1
            buffer.add(stamped(stamp, stamp - START))

    writer = threading.Thread(target=add)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)  # else the reader would be done before the writer begins
    try:
        writer.start()
        found = [buffer.at(START) for _ in range(300)]
    finally:
        stop.set()
        writer.join()
        sys.setswitchinterval(interval)
    assert None not in found


def test_when_the_clock_is_set_back_the_poses_before_are_forgotten(buffer):
    buffer.add(stamped(START - 10**10, 99))
    assert buffer.at(START) is None
    assert buffer.at(START - 10**10).pose.position[0] == 99
