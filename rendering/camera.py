"""Poses of cameras. The body of a pose is the optical frame: x right, y down, z forward (REP 103)."""

from collections.abc import Sequence
from typing import Tuple, Union

import numpy as np
from scipy.spatial.transform import Rotation

from place_recognition_ros.poses import Pose

# The optical axes right, down, forward as columns in a body frame with x forward, y left, z up.
BODY_TO_OPTICAL = Rotation.from_matrix([[0, 0, 1], [-1, 0, 0], [0, -1, 0]])


def camera_pose(
    position: Union[Sequence[float], np.ndarray], heading: float, pitch: float = 0.0, roll: float = 0.0
) -> Pose:
    """Pose of an optical frame in a world with z up.

    Args:
        position: x, y, z, metres.
        heading: radians, of the viewing direction, counter-clockwise from +x.
        pitch: radians, upwards.
        roll: radians, clockwise as the camera sees it.

    Returns:
        A pose whose quaternion has w ≥ 0.
    """
    orientation = (Rotation.from_euler("ZYX", (heading, -pitch, roll)) * BODY_TO_OPTICAL).as_quat()
    return Pose(np.array(position, float), np.copysign(1.0, orientation[3]) * orientation)


def pinhole(size: Tuple[int, int], focal: float) -> np.ndarray:
    """(3, 3) float64, K of a rendered image; the centre of its first pixel is (0, 0).

    Args:
        size: width and height, pixels.
        focal: focal length, pixels.
    """
    width, height = size
    return np.array([[focal, 0.0, (width - 1) / 2], [0.0, focal, (height - 1) / 2], [0.0, 0.0, 1.0]])


def direction(pose: Pose) -> np.ndarray:
    """(3,) float64 unit vector in the world along which the camera looks."""
    return pose.rotation.as_matrix()[:, 2]


def heading(pose: Pose) -> float:
    """Radians from −π to π, counter-clockwise from +x."""
    x, y, _ = direction(pose)
    return float(np.arctan2(y, x))


def pitch(pose: Pose) -> float:
    """Radians, upwards."""
    return float(np.arcsin(np.clip(direction(pose)[2], -1, 1)))
