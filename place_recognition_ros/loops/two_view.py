"""The scene and the camera motion that two images share, without depth."""

from typing import List, NamedTuple, Optional

import cv2
import numpy as np

from place_recognition_ros.loops.camera_model import inverse, times
from place_recognition_ros.loops.models import EPIPOLAR, PLANE, ROTATION, Model
from place_recognition_ros.loops.refinement import UNKNOWN_VARIANCE, Estimate, Freedom, refine, solve
from place_recognition_ros.loops.residuals import (
    Correspondences,
    Motion,
    Residuals,
    cross,
    epipolar,
    into_match,
    sampson,
)

PURE_ROTATION = "pure rotation"
ONE_PLANE = "one plane"
PLANE_OR_ROTATION = "one plane or pure rotation"  # without calibration they look the same
LITTLE_PARALLAX = "too little parallax"

MAX_DIRECTION_ERROR = 0.26  # radians, standard deviation: beyond, the direction is reported as not known
WIDE = 2.0  # of the tolerance: matches that take part in the refinement, where the loss weights them
LEVERAGE = 2.0  # of the median parallax: matches with more are weighted down to the influence of this much
SUPPORT = 0.75  # of the model's inliers must also be inliers of the refined motion
MIN_FRONT = 0.75  # of the inliers must be in front of both cameras
_DISTINCT = 0.05  # radians between motions that are two solutions
_CLEAR = 9.0  # difference of squared normalised errors that decides between two solutions, 3 σ


class Scene(NamedTuple):
    """What two images share."""

    inliers: np.ndarray  # (N,) bool
    degenerate: str = ""  # why the motion is not determined, or not fully
    estimate: Optional[Estimate] = None


def uncalibrated_scene(model: Model) -> Scene:
    """Without calibration there is no motion."""
    return Scene(model.inliers, "" if model.kind == EPIPOLAR else PLANE_OR_ROTATION)


def calibrated_scene(pairs: Correspondences, model: Model, tolerance: float) -> Scene:
    """The motion up to scale.

    Args:
        pairs: N.
        model: of these.
        tolerance: pixels of the reduced images, of an inlier's distance to its epipolar lines.

    Returns:
        The scene. A translation that is not determined is 0 in the estimate, its variances 1e6.
    """
    if model.kind == ROTATION:
        return Scene(model.inliers, PURE_ROTATION, _refined_rotation(pairs, model))
    if model.kind == PLANE:
        return _planar_scene(pairs, model, tolerance)
    return _general_scene(pairs, model, tolerance)


def _general_scene(pairs: Correspondences, model: Model, tolerance: float) -> Scene:
    """Refined twice: the first band of matches favours the motion that it was chosen by."""
    wide = WIDE * tolerance
    start = _motion_of_essential(pairs, model)
    inside = pairs.subset(_near(pairs, start, wide))
    first = solve(_bounded_epipolar(inside, start), start, Freedom.DIRECTION) if len(inside.query) else None
    estimate = first and _refined(pairs, _near(pairs, first, wide), first)
    if estimate is None:
        return Scene(model.inliers, LITTLE_PARALLAX)
    inliers = _near(pairs, estimate.motion, wide) & (sampson(pairs, estimate.motion.essential) <= tolerance)
    if inliers.sum() < SUPPORT * model.inliers.sum():
        return Scene(model.inliers, LITTLE_PARALLAX)  # the refinement went to a mirrored motion
    return _checked(inliers, estimate, "")


def _planar_scene(pairs: Correspondences, model: Model, tolerance: float) -> Scene:
    """Two motions may explain the image of a plane; only one of them is right."""
    found = [_refined(pairs, model.inliers, motion) for motion in _motions_of_plane(pairs, model)]
    estimates = [each for each in found if each is not None]
    if not estimates:
        return Scene(model.inliers, ONE_PLANE)
    noise = max(min(each.noise for each in estimates), tolerance / 8)
    limit = tolerance / noise
    costs = [
        float((np.minimum(sampson(pairs, each.motion.essential) / noise, limit) ** 2).sum())
        for each in estimates
    ]
    best = int(np.argmin(costs))
    for other, cost in zip(estimates, costs):
        if cost - costs[best] < _CLEAR and _apart(other.motion, estimates[best].motion) > _DISTINCT:
            return Scene(model.inliers, ONE_PLANE)
    return _checked(model.inliers, estimates[best], ONE_PLANE)


def _checked(inliers: np.ndarray, estimate: Estimate, degenerate: str) -> Scene:
    if _direction_error(estimate) <= MAX_DIRECTION_ERROR:
        return Scene(inliers, degenerate, estimate)
    covariance = np.zeros((6, 6))
    covariance[:3, :3] = UNKNOWN_VARIANCE * np.eye(3)
    covariance[3:, 3:] = estimate.covariance[3:, 3:]
    motion = Motion(estimate.motion.rotation, np.zeros(3))
    return Scene(inliers, LITTLE_PARALLAX, Estimate(motion, covariance, estimate.noise))


def _refined(pairs: Correspondences, rows: np.ndarray, start: Motion) -> Optional[Estimate]:
    inside = pairs.subset(rows)
    return refine(_bounded_epipolar(inside, start), start, Freedom.DIRECTION) if len(inside.query) else None


def _bounded_epipolar(pairs: Correspondences, start: Motion) -> Residuals:
    """Epipolar residuals with bounded leverage (Mallows 1975).

    A mismatch next to its epipolar line, but far along it, moves the direction more than many matches with
    the parallax of the scene; no loss of the residual alone prevents that.
    """
    parallax = np.linalg.norm(_parallax(pairs, start), axis=1)
    bound = LEVERAGE * max(1.0, float(np.median(parallax)))
    return epipolar(pairs, np.minimum(1.0, bound / np.maximum(parallax, 1e-9)))


def _parallax(pairs: Correspondences, motion: Motion) -> np.ndarray:
    """(N, 2) pixels of the match: from where a point at infinity would be to where the feature is."""
    turned = pairs.query @ motion.rotation.T
    return times(inverse(pairs.match_per_pixel), pairs.match[:, :2] - turned[:, :2] / turned[:, 2:])


def _near(pairs: Correspondences, motion: Motion, tolerance: float) -> np.ndarray:
    """(N,) bool: near its epipolar line, on the side on which points in front of the cameras are."""
    turned = pairs.query @ motion.rotation.T
    plane_points = turned[:, :2] / turned[:, 2:]
    approach = times(
        inverse(pairs.match_per_pixel),
        (motion.translation[:2] - plane_points * motion.translation[2]) / turned[:, 2:],
    )
    along = (_parallax(pairs, motion) * approach).sum(axis=1)
    in_front = along >= -tolerance * np.linalg.norm(approach, axis=1)
    return np.asarray(in_front & (sampson(pairs, motion.essential) <= tolerance))


def _refined_rotation(pairs: Correspondences, model: Model) -> Optional[Estimate]:
    inside = pairs.subset(model.inliers)
    residuals = into_match(inside.query, inside.match[:, :2], inverse(inside.match_per_pixel))
    return refine(residuals, Motion(model.matrix, np.zeros(3)), Freedom.ROTATION)


def _motion_of_essential(pairs: Correspondences, model: Model) -> Motion:
    first, second, direction = cv2.decomposeEssentialMat(model.matrix)
    motions = [Motion(turn, sign * direction.ravel()) for turn in (first, second) for sign in (1.0, -1.0)]
    return max(motions, key=lambda motion: _share_in_front(pairs, model.inliers, motion))


def _motions_of_plane(pairs: Correspondences, model: Model) -> List[Motion]:
    """The motions of a homography under which the scene is in front of both cameras, at most two."""
    matrix = model.matrix * np.sign(np.linalg.det(model.matrix))
    _, rotations, translations, _ = cv2.decomposeHomographyMat(matrix, np.eye(3))
    motions = []
    for turn, translation in zip(rotations, translations):
        length = np.linalg.norm(translation)
        if length > 1e-9 and np.isfinite(turn).all():
            motions.append(Motion(turn, translation.ravel() / length))
    return [each for each in motions if _share_in_front(pairs, model.inliers, each) >= MIN_FRONT]


def _share_in_front(pairs: Correspondences, inliers: np.ndarray, motion: Motion) -> float:
    """Share of the inliers whose rays meet in front of both cameras."""
    a, b = pairs.query[inliers] @ motion.rotation.T, pairs.match[inliers]
    normal = a[:, [1, 2, 0]] * b[:, [2, 0, 1]] - a[:, [2, 0, 1]] * b[:, [1, 2, 0]]
    turned = cross(motion.translation).T
    in_front = ((b @ turned * normal).sum(axis=1) < 0) & ((a @ turned * normal).sum(axis=1) < 0)
    return float(in_front.mean()) if len(a) else 0.0


def _apart(a: Motion, b: Motion) -> float:
    """Radians: the larger of the angles between rotations and between directions."""
    turn = np.arccos(np.clip((np.trace(a.rotation.T @ b.rotation) - 1) / 2, -1, 1))
    return float(max(turn, np.arccos(np.clip(a.translation @ b.translation, -1, 1))))


def _direction_error(estimate: Estimate) -> float:
    """Radians, standard deviation of the direction along the worse axis."""
    tangent = np.linalg.svd(estimate.motion.translation[None])[2][1:]
    variances = np.linalg.eigvalsh(tangent @ estimate.covariance[:3, :3] @ tangent.T)
    return float(np.sqrt(max(variances[-1], 0.0)))
