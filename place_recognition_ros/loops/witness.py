"""Odometry as a witness: can the camera be where a match says, and how much does it say that it can?"""

from typing import NamedTuple, Optional

import numpy as np

from place_recognition_ros.memory.keyframe_map import KeyframeMap
from place_recognition_ros.memory.timeline import Entry
from place_recognition_ros.poses import Pose, distance
from place_recognition_ros.types import RelativePose

VIEW = 5.0  # metres: cameras that see one place are seldom farther apart; used where no metric pose says more
SAMPLES = 128  # keyframes of the session whose distance is compared


class Testimony(NamedTuple):
    """What odometry says of a match of the same session."""

    possible: bool  # the jump that the match needs is within the drift bound
    near: float  # share of the session's keyframes where the camera may be, 0 to 1


class Witness:
    """Compares matches with odometry.

    Args:
        drift: metres of error per metre travelled, at most; 0: odometry is not used.
        memory: the keyframes.
    """

    def __init__(self, drift: float, memory: KeyframeMap) -> None:
        self._drift = drift
        self._memory = memory

    def testify(
        self, pose: Optional[Pose], entry: Entry, relative: Optional[RelativePose]
    ) -> Optional[Testimony]:
        """What odometry says.

        Args:
            pose: of the query, in the world frame of the match's session.
            entry: the match, of the same session.
            relative: the query camera in the frame of the match camera, where known.

        Returns:
            None where poses are not known.
        """
        if self._drift == 0 or pose is None or entry.pose is None:
            return None
        apart = VIEW
        if relative is not None and relative.scale_known:
            apart = min(VIEW, float(np.linalg.norm(relative.pose.position)) + VIEW / 5)
        entries = self._memory.sample(entry.session, SAMPLES)
        bound = apart + self._drift * self._travelled_since(entry)
        positions = np.array([each.pose.position for each in entries if each.pose is not None])
        near = np.linalg.norm(positions - pose.position, axis=1) <= bound if len(positions) else np.ones(1)
        return Testimony(distance(pose, entry.pose) <= bound, float(np.mean(near)))

    def _travelled_since(self, entry: Entry) -> float:
        return max(0.0, self._memory.travelled - entry.travelled)
