"""Poses of a robot or a camera in the world frame of its session. Metres, radians; REP 103 axes."""

from typing import NamedTuple, Optional

import numpy as np
from scipy.spatial.transform import Rotation

MIN_MOTION = 0.1  # metres; less is no motion,
MIN_TURN = 0.17  # radians; nor is less rotation
MAX_POSITION = 1e9  # metres; no robot is farther from its origin
MIN_NORM, MAX_NORM = 0.1, 10.0  # of a quaternion that is normalised; others are no orientations


class Pose(NamedTuple):
    """A rigid transform from the body to the session's world frame."""

    position: np.ndarray  # (3,) float64, metres
    orientation: np.ndarray  # (4,) float64, unit quaternion x, y, z, w

    @property
    def rotation(self) -> Rotation:
        """The orientation as SciPy's Rotation.

        Raises:
            ValueError: if the quaternion is zero.
        """
        return Rotation.from_quat(self.orientation)

    @property
    def is_rigid(self) -> bool:
        """Whether shapes are right, positions at most ``MAX_POSITION``, the quaternion of about unit norm."""
        if np.shape(self.position) != (3,) or np.shape(self.orientation) != (4,):
            return False
        norm = float(np.linalg.norm(self.orientation))
        farthest = float(np.abs(self.position).max())
        return farthest <= MAX_POSITION and abs(norm - 1.0) < 1e-2  # false for NaN too


def normalised(pose: Pose) -> Optional[Pose]:
    """The pose as float64 arrays with a unit quaternion.

    Args:
        pose: of any finite numbers; its quaternion may be of another length, ``MIN_NORM`` to ``MAX_NORM``.

    Returns:
        None if it is not the pose of a robot: NaN, infinity, too far away, no orientation, another shape.
    """
    try:
        position, orientation = (np.array(each, dtype=np.float64) for each in pose)
    except (TypeError, ValueError):
        return None
    norm = float(np.linalg.norm(orientation))
    if not MIN_NORM <= norm <= MAX_NORM:  # true for NaN too
        return None
    rigid = Pose(position, orientation / norm)
    return rigid if rigid.is_rigid else None


def compose(outer: Pose, inner: Pose) -> Pose:
    """The pose in the world of a body whose pose in its parent is ``inner``; ``outer``: the parent's."""
    turn = outer.rotation
    moved = turn.apply(np.array(inner.position))  # a copy: SciPy refuses arrays that are read only
    return Pose(np.asarray(outer.position + moved), np.asarray((turn * inner.rotation).as_quat()))


def inverse(pose: Pose) -> Pose:
    """The pose of the world in the frame of the body."""
    back = pose.rotation.inv()
    return Pose(np.asarray(-back.apply(np.array(pose.position))), np.asarray(back.as_quat()))


def distance(a: Pose, b: Pose) -> float:
    """Metres between two poses in one frame."""
    return float(np.linalg.norm(a.position - b.position))


def angle(a: Pose, b: Pose) -> float:
    """Radians between two orientations, 0 to π."""
    return float((a.rotation.inv() * b.rotation).magnitude())


def has_moved(a: Optional[Pose], b: Optional[Pose]) -> bool:
    """Whether a camera that was at one pose and is at another has moved; True where one is not known."""
    if a is None or b is None:
        return True  # only the images can tell
    return distance(a, b) >= MIN_MOTION or angle(a, b) >= MIN_TURN
