"""A camera that is driven along a route through a rendered town, a little aside and turned a little."""

from __future__ import annotations

import numpy as np

from place_recognition_ros.poses import Pose
from rendering.camera import camera_pose

AHEAD, BEHIND = 3.0, 2.0  # metres: the camera looks along the line between these points of the route
HEIGHT, PITCH = 1.5, 0.05  # metres, radians
SMOOTH = 12  # positions over which the distance from the route and the turn change


def reached_at(corners: np.ndarray) -> np.ndarray:
    """(N,) metres along a route to each of its corners, (N, 2) metres."""
    return np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(corners, axis=0), axis=1))])


def poses_along(
    corners: np.ndarray, along: np.ndarray, aside: float, turned: float, random: np.random.Generator
) -> list[Pose]:
    """The poses of a camera along a route.

    Args:
        corners: (N, 2) metres.
        along: (M,) metres, where the poses are.
        aside: metres, standard deviation of the distance from the route.
        turned: radians, standard deviation of the turn from its direction.
        random: of both, which change slowly.
    """
    reached = reached_at(corners)

    def point(metres: float) -> np.ndarray:
        return np.array([np.interp(metres, reached, corners[:, axis]) for axis in (0, 1)])

    asides, turns = aside * _slowly(random, len(along)), turned * _slowly(random, len(along))
    poses = []
    for row, metres in enumerate(along):
        x, y = point(metres + AHEAD) - point(metres - BEHIND)
        heading = float(np.arctan2(y, x))
        left = np.array([-np.sin(heading), np.cos(heading)])
        position = point(metres) + asides[row] * left
        poses.append(camera_pose((*position, HEIGHT), heading + turns[row], pitch=PITCH))
    return poses


def _slowly(random: np.random.Generator, count: int) -> np.ndarray:
    """(count,) numbers of unit variance that change slowly."""
    noise = random.standard_normal(count + SMOOTH)
    return np.convolve(noise, np.ones(SMOOTH) / np.sqrt(SMOOTH), "valid")[:count]
