"""The scene and the camera motion that two images share, without depth."""

from typing import List, NamedTuple, Optional, Tuple

import cv2
import numpy as np

from place_recognition_ros.loops.camera_model import inverse
from place_recognition_ros.loops.models import EPIPOLAR, PLANE, ROTATION, Model
from place_recognition_ros.loops.refinement import INFLATION, Estimate, Freedom, improve, refine
from place_recognition_ros.loops.residuals import (
    Correspondences,
    Motion,
    Residuals,
    cross,
    crossed,
    dots,
    epipolar,
    into_match,
    median,
    sampson,
)

PURE_ROTATION = "pure rotation"
ONE_PLANE = "one plane"
PLANE_OR_ROTATION = "one plane or pure rotation"  # without calibration they look the same
LITTLE_PARALLAX = "too little parallax"

UNKNOWN_VARIANCE = 1e6  # of what the images do not determine
UNSEEN_PARALLAX = 0.5  # pixels that a translation may have moved all features without being noticed
CURVATURE = 0.06  # radians of direction error at which the propagated variance is half; from simulations
MAX_DIRECTION_ERROR = 0.12  # radians, standard deviation: beyond, the direction is reported as not known
WIDE = 2.0  # of the tolerance: matches that take part in the refinement, where the loss weights them
LEVERAGE = 2.0  # of the median parallax: matches with more are weighted down to the influence of this much
MIN_FRONT = 0.5  # of the inliers are in front of both cameras under a motion that is examined
AMBIGUOUS = 700.0  # inliers at which nothing but the true motion fits; from rendered pairs of training towns
DISTINCT = 0.25  # radians between motions that are two solutions, and not one that is badly determined
CLEAR = 6.0  # difference of squared normalised errors that decides between them
SUPPORT = 0.75  # of the model's inliers must also be inliers of the refined motion


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
        return Scene(model.inliers, ONE_PLANE)  # two motions explain it (Longuet-Higgins 1986)
    return _general_scene(pairs, model, tolerance)


def _general_scene(pairs: Correspondences, model: Model, tolerance: float) -> Scene:
    """Refined twice: the first band of matches favours the motion that it was chosen by."""
    wide = WIDE * tolerance
    first, clear = _best_motion(pairs, model, wide)
    if not clear:
        return Scene(model.inliers, ONE_PLANE)
    estimate = first and _refined(pairs, _errors(pairs, first, wide) <= wide, first)
    if estimate is None:
        return Scene(model.inliers, LITTLE_PARALLAX)
    inliers = _errors(pairs, estimate.motion, wide) <= tolerance
    if inliers.sum() < SUPPORT * model.inliers.sum():
        return Scene(model.inliers, LITTLE_PARALLAX)  # the refinement went to a mirrored motion
    return _checked(inliers, estimate)


def _best_motion(pairs: Correspondences, model: Model, wide: float) -> Tuple[Optional[Motion], bool]:
    """The motion with the smallest residuals, and whether no other one is as good.

    Where most of the scene is one plane, a second motion explains the plane, and sampling may find that one.
    """
    starts = [_motion_of_essential(pairs, model), *_motions_of_plane(pairs, model)]
    motions = []
    for start in starts:
        inside = pairs.subset(_errors(pairs, start, wide) <= wide)
        if len(inside.query) >= max(1, SUPPORT * model.inliers.sum()):
            motions.append(improve(_bounded_epipolar(inside, start), start, Freedom.DIRECTION))
    found = [each for each in motions if each is not None]
    if len(found) < 2:
        return (found[0] if found else None), True
    errors = [np.minimum(_errors(pairs, each, wide), wide) for each in found]
    noise = max(1.4826 * min(median(each) for each in errors), wide / 8)
    costs = [float((each**2).sum()) / noise**2 for each in errors]
    best = found[int(np.argmin(costs))]
    others = [cost for each, cost in zip(found, costs) if _apart(each, best) > DISTINCT]
    return best, all(cost - min(costs) >= CLEAR for cost in others)


def _checked(inliers: np.ndarray, estimate: Estimate) -> Scene:
    """The pose as it is published, with what a linear propagation of errors leaves out.

    First, it holds the less, the less the direction is determined. Second, a rotation and a translation move
    features alike, so that several motions fit few inliers almost equally well; the residuals near one of
    them do not show the others.
    """
    error = _direction_error(estimate) / np.sqrt(INFLATION)
    covariance = estimate.covariance * (1 + (error / CURVATURE) ** 2)
    covariance *= max(1.0, AMBIGUOUS / np.count_nonzero(inliers)) ** 1.5
    if error <= MAX_DIRECTION_ERROR:
        direction = estimate.motion.translation
        covariance[:3, :3] += UNKNOWN_VARIANCE * np.outer(direction, direction)
        return Scene(inliers, "", estimate._replace(covariance=covariance))
    covariance[:3] = covariance[:, :3] = 0.0
    covariance[:3, :3] = UNKNOWN_VARIANCE * np.eye(3)
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
    bound = LEVERAGE * max(1.0, median(parallax))
    return epipolar(pairs, np.minimum(1.0, bound / np.maximum(parallax, 1e-9)))


def _parallax(pairs: Correspondences, motion: Motion) -> np.ndarray:
    """(N, 2) pixels of the match: from where a point at infinity would be to where the feature is."""
    turned = pairs.query @ motion.rotation.T
    (a, b), (c, d) = pairs.match_per_pixel.transpose(1, 2, 0)
    pixel = np.sqrt(np.abs(a * d - b * c))  # its size on the plane
    return np.asarray((pairs.match[:, :2] - turned[:, :2] / turned[:, 2:]) / pixel[:, None])


def _errors(pairs: Correspondences, motion: Motion, slack: float) -> np.ndarray:
    """(N,) pixels: distance to the epipolar line; infinite on its side of points behind a camera.

    A point is behind a camera only if it is more than ``slack`` pixels on that side.
    """
    turned = pairs.query @ motion.rotation.T
    approach = (motion.translation[:2] * turned[:, 2:] - turned[:, :2] * motion.translation[2]) * np.sign(
        turned[:, 2:]
    )
    along = dots(_parallax(pairs, motion), approach)
    in_front = along >= -slack * np.sqrt(dots(approach, approach))
    return np.where(in_front, sampson(pairs, motion.essential), np.inf)


def _refined_rotation(pairs: Correspondences, model: Model) -> Optional[Estimate]:
    inside = pairs.subset(model.inliers)
    residuals = into_match(inside.query, inside.match[:, :2], inverse(inside.match_per_pixel))
    estimate = refine(residuals, Motion(model.matrix, np.zeros(3)), Freedom.ROTATION)
    if estimate is None:
        return None
    hidden = UNSEEN_PARALLAX * median(np.abs(inside.match_per_pixel[:, 0, 0]))
    covariance = np.diag([UNKNOWN_VARIANCE] * 3 + [hidden**2] * 3)
    covariance[3:, 3:] += estimate.covariance[3:, 3:]
    return estimate._replace(covariance=covariance)


def _motion_of_essential(pairs: Correspondences, model: Model) -> Motion:
    first, second, direction = cv2.decomposeEssentialMat(model.matrix)
    motions = [Motion(turn, sign * direction.ravel()) for turn in (first, second) for sign in (1.0, -1.0)]
    return max(motions, key=lambda motion: _share_in_front(pairs, model.inliers, motion))


def _motions_of_plane(pairs: Correspondences, model: Model) -> List[Motion]:
    """The motions of the homography under which its scene is in front of both cameras, usually two."""
    if model.homography is None:
        return []
    matrix = model.homography * np.sign(np.linalg.det(model.homography))
    _, rotations, translations, _ = cv2.decomposeHomographyMat(matrix, np.eye(3))
    motions = []
    for turn, translation in zip(rotations, translations):
        length = np.linalg.norm(translation)
        if length > 1e-6 and np.isfinite(turn).all() and np.isfinite(length):
            motions.append(Motion(turn, translation.ravel() / length))
    return [each for each in motions if _share_in_front(pairs, model.inliers, each) >= MIN_FRONT]


def _share_in_front(pairs: Correspondences, inliers: np.ndarray, motion: Motion) -> float:
    """Share of the inliers whose rays meet in front of both cameras."""
    a, b = pairs.query[inliers] @ motion.rotation.T, pairs.match[inliers]
    normal = crossed(a, b)
    turned = cross(motion.translation).T
    in_front = (dots(b @ turned, normal) < 0) & (dots(a @ turned, normal) < 0)
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
