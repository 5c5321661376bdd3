"""Odometry of the drive that drifts as that of a robot does."""

from typing import List, Sequence

import numpy as np
from scipy.spatial.transform import Rotation

from demo.sources import Source, SourceError, read_trajectory
from place_recognition_ros.poses import Pose

SCALE = 0.02  # of the distance
HEADING = np.radians(1.0) / 10.0  # radians per metre
NOISE = 0.2  # standard deviation of each step's error, as a part of the drift of one metre


def with_odometry(source: Source, seed: int) -> Source:
    """The same source; its frames have odometry that drifts.

    Raises:
        SourceError: if it is not a drive with ground truth.
    """
    if source.folder is None:
        raise SourceError(f"expected a drive with ground truth for odometry. Received: {source.title}")
    rows = read_trajectory(source.folder / "trajectory.csv")
    poses = drifting([row.pose for row in rows if row.pose], [row.tracking_ok for row in rows], seed)
    return source._replace(
        frames=lambda: (frame._replace(odometry=pose) for frame, pose in zip(source.frames(), poses))
    )


def drifting(poses: Sequence[Pose], tracked: Sequence[bool], seed: int) -> List[Pose]:
    """Odometry that begins at the true pose.

    The scale is wrong by 2 %, and the heading turns by 1° every 10 m; the seed decides the sign of both. Each
    step has a random error in addition. While tracking is lost, the odometry stays where it is: the camera is
    carried.

    Args:
        poses: the true ones, of the optical frames in a world with z up.
        tracked: False while the camera is lost.
        seed: of the signs and the noise.
    """
    random = np.random.default_rng(seed)
    scale, turn = random.choice([-1.0, 1.0], 2) * (SCALE, HEADING)
    result = [poses[0]]
    for before, after, lost in zip(poses, poses[1:], np.logical_not(tracked)[1:]):
        last = result[-1]
        if lost:
            result.append(last)
            continue
        step = before.rotation.inv().apply(after.position - before.position)
        metres = float(np.linalg.norm(step))
        noise = NOISE * np.sqrt(metres) * random.standard_normal(6)
        step = step * (1 + scale) + SCALE * noise[:3]
        heading = Rotation.from_rotvec([0, 0, turn * metres]) * last.rotation
        motion = before.rotation.inv() * after.rotation * Rotation.from_rotvec(HEADING * noise[3:])
        result.append(Pose(last.position + heading.apply(step), (heading * motion).as_quat()))
    return result
