"""The robot's latest poses, so that a picture gets the one of its own time."""

from collections import deque
from typing import Deque, Optional, Tuple

from place_recognition_ros.poses import Pose


class OdometryBuffer:
    """Poses by time. One thread may add while another asks.

    Args:
        length: how many poses are kept.
        tolerance: seconds between a picture and the pose that may stand for it.
    """

    def __init__(self, length: int = 500, tolerance: float = 0.1) -> None:
        self._poses: Deque[Tuple[int, Pose]] = deque(maxlen=length)
        self._tolerance = tolerance * 1e9

    def __len__(self) -> int:
        return len(self._poses)

    def add(self, stamp: int, pose: Pose) -> None:
        """``stamp``: nanoseconds."""
        self._poses.append((stamp, pose))

    def at(self, stamp: int) -> Optional[Pose]:
        """The pose nearest in time to ``stamp`` (nanoseconds); None where none is near enough."""
        nearest = min(list(self._poses), key=lambda entry: abs(entry[0] - stamp), default=None)
        if nearest is None or abs(nearest[0] - stamp) > self._tolerance:
            return None
        return nearest[1]
