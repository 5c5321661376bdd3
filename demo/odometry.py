"""Odometry of the drive that drifts as that of a robot does."""

from typing import List, Sequence

import numpy as np
from scipy.spatial.transform import Rotation

from demo.sources import Source, SourceError, read_trajectory
from place_recognition_ros.poses import Pose

SCALE = 0.02  # of the distance, standard deviation
CORRELATION = 20.0  # metres after which the error of the scale is another one
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


def drifting(
    poses: Sequence[Pose], tracked: Sequence[bool], seed: int, constant_scale: bool = False
) -> List[Pose]:
    """Odometry that begins at the true pose.

    The heading turns by 1° every 10 m, to the side that the seed decides. The scale is wrong by about 2 %, by
    another error every 20 m. Each step has a small random error in addition. While tracking is lost, the
    odometry stays where it is: the camera is carried.

    Args:
        poses: the true ones, of the optical frames in a world with z up.
        tracked: False while the camera is lost.
        seed: of the side, the scale and the noise.
        constant_scale: whether the scale is wrong by 2 % everywhere: an error of calibration, which no loop
            reveals.
    """
    random = np.random.default_rng(seed)
    sign, turn = random.choice([-1.0, 1.0], 2) * (1.0, HEADING)
    scale = SCALE * (sign if constant_scale else random.standard_normal())
    result = [poses[0]]
    for before, after, lost in zip(poses, poses[1:], np.logical_not(tracked)[1:]):
        last = result[-1]
        if lost:
            result.append(last)
            continue
        step = before.rotation.inv().apply(after.position - before.position)
        metres = float(np.linalg.norm(step))
        if not constant_scale:
            kept = np.exp(-metres / CORRELATION)
            scale = kept * scale + SCALE * np.sqrt(1 - kept**2) * random.standard_normal()
        noise = NOISE * np.sqrt(metres) * random.standard_normal(6)
        step = step * (1 + scale) + SCALE * noise[:3]
        heading = Rotation.from_rotvec([0, 0, turn * metres]) * last.rotation
        motion = before.rotation.inv() * after.rotation * Rotation.from_rotvec(HEADING * noise[3:])
        result.append(Pose(last.position + heading.apply(step), (heading * motion).as_quat()))
    return result
