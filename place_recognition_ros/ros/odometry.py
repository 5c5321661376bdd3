"""The latest poses of the robot, so that an image gets the pose of its own time."""

from collections import deque
from typing import Deque, NamedTuple, Optional

from place_recognition_ros.poses import Pose
from place_recognition_ros.ros.keyframe_picker import CLOCK_JUMP


class StampedPose(NamedTuple):
    """A pose as odometry reports it."""

    stamp: int  # nanoseconds
    pose: Pose  # of ``pose_frame`` in ``world_frame``
    world_frame: str = ""
    pose_frame: str = ""


class OdometryBuffer:
    """Poses by time. One thread may add while another reads.

    Args:
        length: how many poses are kept.
        tolerance: seconds between an image and a pose that is used for it.
    """

    def __init__(self, length: int = 500, tolerance: float = 0.1) -> None:
        self._poses: Deque[StampedPose] = deque(maxlen=length)
        self._tolerance = tolerance * 1e9

    def __len__(self) -> int:
        return len(self._poses)

    def add(self, pose: StampedPose) -> None:
        """Append a pose; one that is much older than the newest shows that the clock was set back."""
        if self._poses and pose.stamp < self._poses[-1].stamp - CLOCK_JUMP:
            self._poses.clear()
        self._poses.append(pose)

    def at(self, stamp: int) -> Optional[StampedPose]:
        """The pose nearest in time to ``stamp`` (nanoseconds); None if none is near enough."""
        nearest = min(list(self._poses), key=lambda each: abs(each.stamp - stamp), default=None)
        if nearest is None or abs(nearest.stamp - stamp) > self._tolerance:
            return None
        return nearest
