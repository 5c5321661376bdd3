"""A path with true loops, and odometry of it that drifts."""

import numpy as np
from scipy.spatial.transform import Rotation

from examples.pose_graph import Loop, inverse, rigid

COVARIANCE = np.diag([0.05**2] * 3 + [0.01**2] * 3)
MOUNTING = rigid([0.3, -0.1, 1.2], Rotation.from_matrix([[0, 0, 1], [-1, 0, 0], [0, -1, 0]]).as_quat())


def circle(count=81, radius=6.0):
    """(count, 4, 4): twice around a circle, a step every 9°."""
    angles = np.arange(count) * np.radians(9)
    turns = Rotation.from_rotvec(np.outer(angles, [0, 0, 1])).as_matrix()
    poses = np.tile(np.eye(4), (count, 1, 1))
    poses[:, :3, :3] = turns
    poses[:, :3, 3] = radius * np.stack([np.sin(angles), 1 - np.cos(angles), 0 * angles], 1)
    return poses


def drift(poses, turn=0.01):
    """The same path as odometry sees it: every step turns by ``turn`` radians too much."""
    extra = rigid([0, 0, 0], Rotation.from_rotvec([0, 0, turn]).as_quat())
    result = [poses[0]]
    for before, after in zip(poses, poses[1:]):
        result.append(result[-1] @ inverse(before) @ after @ extra)
    return np.array(result)


def stamp(row):
    return (1 + row) * 10**9


def loop(poses, query, match, mounting=MOUNTING, scale_known=True):
    """The true loop between two rows of ``poses``."""
    pose = inverse(poses[match] @ mounting) @ poses[query] @ mounting
    covariance = COVARIANCE.copy()
    if not scale_known:
        pose[:3, 3] /= np.linalg.norm(pose[:3, 3])
        covariance[:3, :3] += 1e6 * np.outer(pose[:3, 3], pose[:3, 3])
    return Loop(stamp(query), stamp(match), pose, covariance, scale_known)


def error(path, poses):
    """The largest distance of a position, metres."""
    return max(np.linalg.norm(a[:3, 3] - b[:3, 3]) for a, b in zip(path, poses))
