"""A robot that reports its odometry and takes images, for tests without ROS."""

import math

import numpy as np

from place_recognition_ros.config import Config
from place_recognition_ros.poses import Pose
from place_recognition_ros.stream import stamped_buffer
from place_recognition_ros.stream.keyframe_picker import KeyframePicker
from place_recognition_ros.stream.odometry import OdometryInput
from place_recognition_ros.types import Count

MS = 10**6  # nanoseconds
START = 10**18  # nanoseconds; a typical time of day
AHEAD = (0.0, 0.0, 0.0, 1.0)  # the orientation at the start
NONE = (0.0, 0.0, 0.0, 0.0)  # an orientation that the driver leaves out


def turned(angle):
    """The quaternion of a rotation about z, radians."""
    return (0.0, 0.0, math.sin(angle / 2), math.cos(angle / 2))


class Robot:
    """An OdometryInput, and the picker that uses it; stamps are milliseconds."""

    def __init__(self, published=True, **parameters):
        config = Config(**parameters)
        self.published = published
        self.odometry = OdometryInput(config, "/odom", lambda: self.published)
        self._picker = KeyframePicker(config.max_rate_hz, config.min_motion_m, config.min_rotation_rad)

    def move(self, ms, x, orientation=AHEAD, frame="odom"):
        """Receive a pose."""
        pose = Pose(np.array([x, 0.0, 0.0], float), np.array(orientation, float))
        self.odometry.take(START + ms * MS, pose, frame, "base_link")

    def x(self, ms):
        """Where the robot was, for an image; None: not known."""
        found = self.odometry.at(START + ms * MS, lambda _: False)
        return None if found is None else found.pose.position[0]

    def see(self, ms):
        """Whether an image becomes a keyframe."""
        stamp = START + ms * MS
        found = self.odometry.at(
            stamp, lambda found: not self._picker.is_due(stamp, found.pose, found.oriented)
        )
        pose, oriented = (None, True) if found is None else (found.pose, found.oriented)
        return self._picker.pick(stamp, pose, oriented) == Count.KEYFRAME

    def drive(self, positions, orientations=None):
        """Receive poses and images, ten per second; returns how many images become keyframes."""
        orientations = orientations or [AHEAD] * len(positions)
        keyframes = 0
        for number, (x, orientation) in enumerate(zip(positions, orientations)):
            self.move(100 * number, x, orientation)
            keyframes += self.see(100 * number)
        return keyframes

    @property
    def complaint(self):
        return self.odometry.complaint(stamped_buffer.time.monotonic())
