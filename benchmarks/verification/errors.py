"""Errors of a relative pose, and what is computed from many of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation
from scipy.stats import chi2

from place_recognition_ros.poses import Pose
from place_recognition_ros.types import RelativePose

DEGREES = 5.0  # a pose is right if the errors of rotation and direction are both below


class PoseError(NamedTuple):
    """Difference between a measured relative pose and the true one; NaN: nothing was measured."""

    rotation: float = float("nan")  # degrees
    direction: float = float("nan")  # degrees between the translations; NaN where only a rotation was found
    metres: float = float("nan")  # length of their difference; NaN without a scale
    share: float = float("nan")  # the same, as a share of the true distance

    @property
    def right(self) -> bool:
        """Whether both angles are below 5°; False without a pose or a direction."""
        return self.rotation < DEGREES and self.direction < DEGREES


def pose_error(measured: RelativePose | None, truth: Pose) -> PoseError:
    """The error of a relative pose.

    Args:
        measured: None: no pose was found.
        truth: of the query camera in the frame of the match camera, metres.
    """
    if measured is None:
        return PoseError()
    pose = measured.pose
    rotation = np.degrees((pose.rotation * truth.rotation.inv()).magnitude())
    angle = degrees_between(pose.position, truth.position)
    if not measured.scale_known:
        return PoseError(float(rotation), angle)
    metres = float(np.linalg.norm(pose.position - truth.position))
    return PoseError(
        float(rotation), angle, metres, metres / max(1e-9, float(np.linalg.norm(truth.position)))
    )


def degrees_between(a: np.ndarray, b: np.ndarray) -> float:
    """Angle between two vectors, 0 to 180; exact for small angles too; NaN if one of them is zero."""
    if not (np.any(a) and np.any(b)):
        return float("nan")
    return float(np.degrees(np.arctan2(np.linalg.norm(np.cross(a, b)), np.dot(a, b))))


def normalized_error(measured: RelativePose, truth: Pose) -> float:
    """The squared Mahalanobis distance of the truth (NEES).

    The error is that of :class:`RelativePose`: translation, then the rotation vector of R_truth R_measured⁻¹,
    which is about the axes of the match camera. Without a scale the translations have length 1, and the
    error along the measured one, whose variance says nothing, is left out. Where only the rotation was found,
    the translation is left out.

    Returns:
        float, χ² distributed with :func:`freedom` degrees of freedom if the covariance is right.
    """
    rotation = (truth.rotation * measured.pose.rotation.inv()).as_rotvec()
    if freedom(measured) == 3:
        return float(rotation @ np.linalg.solve(measured.covariance[3:, 3:], rotation))
    position, covariance = truth.position, measured.covariance
    if not measured.scale_known:
        position = position / np.linalg.norm(position)
    error = np.concatenate([position - measured.pose.position, rotation])
    if not measured.scale_known:
        kept = np.zeros((5, 6))
        kept[:2, :3] = _across(measured.pose.position)
        kept[2:, 3:] = np.eye(3)
        error, covariance = kept @ error, kept @ covariance @ kept.T
    return float(error @ np.linalg.solve(covariance, error))


def freedom(measured: RelativePose) -> int:
    """Degrees of freedom of the normalized error."""
    if measured.scale_known:
        return 6
    return 5 if np.any(measured.pose.position) else 3


def within_bound(measured: RelativePose, truth: Pose, share: float = 0.95) -> bool:
    """Whether the normalized error is below the bound that this share of errors should be below."""
    return bool(normalized_error(measured, truth) <= chi2.ppf(share, freedom(measured)))


def _across(direction: np.ndarray) -> np.ndarray:
    """(2, 3): two unit vectors that are perpendicular to a vector and to each other."""
    return np.linalg.svd(np.asarray(direction, float).reshape(1, 3))[2][1:]


def area_under_curve(right: Sequence[float], wrong: Sequence[float]) -> float:
    """Probability that a right pair has a higher score than a wrong one; a tie counts one half."""
    a, b = np.asarray(right, float)[:, None], np.sort(np.asarray(wrong, float))
    below = np.searchsorted(b, a, "left") + np.searchsorted(b, a, "right")
    return float(below.mean() / 2 / len(b))


def median(values: Sequence[float]) -> float:
    """Median in which what was not measured (NaN) counts as infinitely wrong."""
    if not len(values):
        return float("nan")
    return float(np.median(np.nan_to_num(np.asarray(values, float), nan=np.inf)))


def relative(center_a, world_a: np.ndarray, center_b, world_b: np.ndarray) -> Pose:
    """Camera a in the frame of camera b, from camera centres (3,) and camera-to-world rotations (3, 3)."""
    rotation = Rotation.from_matrix(world_b.T @ world_a)
    return Pose(world_b.T @ (np.asarray(center_a, float) - center_b), rotation.as_quat())
