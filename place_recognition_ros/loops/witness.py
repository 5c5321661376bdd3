"""Odometry as a witness: can the camera be where a match says?

It only refutes. That odometry allows a match says little for it: the floors of a building are above each
other, and their look-alike places are the nearest ones of all.
"""

from typing import Optional

import numpy as np

from place_recognition_ros.memory.timeline import Entry
from place_recognition_ros.poses import Pose, angle, distance
from place_recognition_ros.types import RelativePose

VIEW = 5.0  # metres: cameras that see one place well are seldom farther apart,
MARGIN = 1.0  # metres, or where geometry measured how far: the error of that
TURN = 1.2  # radians: nor do they look in directions that differ by more
HEADING = 0.1  # radians of drift per metre of drift


def allows(
    pose: Optional[Pose], entry: Entry, relative: Optional[RelativePose], travelled: float, drift: float
) -> Optional[bool]:
    """Whether the jump that a match of the same session needs is within the drift of odometry.

    Args:
        pose: of the query, in the world frame of the session.
        entry: the match.
        relative: the query camera in the frame of the match camera, where known.
        travelled: by the query since the session began, metres.
        drift: metres of error per metre travelled, at most; 0: odometry is not used.

    Returns:
        None where poses are not known.
    """
    if drift == 0 or pose is None or entry.pose is None:
        return None
    apart = VIEW
    if relative is not None and relative.scale_known:
        apart = float(np.linalg.norm(relative.pose.position)) + MARGIN
    drifted = drift * max(0.0, travelled - entry.travelled)
    near = distance(pose, entry.pose) <= apart + drifted
    return near and angle(pose, entry.pose) <= TURN + HEADING * drifted
