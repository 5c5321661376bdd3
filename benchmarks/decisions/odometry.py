"""Odometry made from the poses of a recording, with drift."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.spatial.transform import Rotation

from place_recognition_ros.poses import Pose
from training.data.recordings.recording import Frame, Recording

REFERENCE = 100.0  # metres of a straight path after which the heading has cost ``drift`` of the way


def has_odometry(recording: Recording) -> bool:
    """Whether every frame has a pose."""
    return all(frame.pose is not None for frame in recording.frames)


def with_odometry(recording: Recording, drift: float = 0.02, seed: int = 0) -> Recording:
    """The same recording; each frame has odometry in a frame of its session.

    Args:
        recording: unchanged where a frame has no pose.
        drift: standard deviation of the error of the position, as a part of the distance travelled.
        seed: of the errors.
    """
    if not has_odometry(recording):
        return recording
    random = np.random.default_rng(seed)
    frames: list[Frame] = []
    for session in sorted({frame.session for frame in recording.frames}):
        part = [frame for frame in recording.frames if frame.session == session]
        poses = drifting([frame.pose for frame in part if frame.pose is not None], drift, random)
        frames += [frame._replace(odometry=pose) for frame, pose in zip(part, poses)]
    return recording._replace(frames=frames)


def drifting(poses: Sequence[Pose], drift: float, random: np.random.Generator) -> list[Pose]:
    """Poses that begin at the true one and accumulate errors.

    The scale is wrong by a constant, of standard deviation ``drift``. The orientation does a random walk,
    scaled such that on ``REFERENCE`` metres of a straight path the position is wrong by ``drift`` of the way
    on each axis. Turning on the spot costs ``drift`` of the angle.

    Args:
        poses: the true ones, in order.
        drift: 0.02 for 2 %.
        random: the source of the errors.
    """
    scale = 1 + drift * random.standard_normal()
    per_root_metre = drift * math.sqrt(3 / REFERENCE)
    result = [poses[0]]
    for before, after in zip(poses, poses[1:]):
        back = before.rotation.inv()
        step = back.apply(after.position - before.position)
        turn = back * after.rotation
        size = per_root_metre * math.sqrt(float(np.linalg.norm(step))) + drift * float(turn.magnitude()) / 3
        error = Rotation.from_rotvec(size * random.standard_normal(3))
        heading = result[-1].rotation
        position = result[-1].position + scale * heading.apply(step)
        result.append(Pose(position, (heading * turn * error).as_quat()))
    return result
