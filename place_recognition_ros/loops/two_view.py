"""The scene and the camera motion that two images share, without depth.

MAGSAC++ (Barath et al., CVPR 2020) fits an epipolar geometry and a homography; GRIC (Torr, IJCV 2002) chooses
the simplest model that explains the matches. With both calibrations known the epipolar geometry is an
essential matrix (five points: Nistér, PAMI 2004), and a rotation is a third model.
"""

from typing import Callable, List, NamedTuple, Optional, Tuple

import cv2
import numpy as np

from place_recognition_ros.loops.refinement import UNKNOWN_VARIANCE, Estimate, Freedom, refine
from place_recognition_ros.loops.residuals import (
    Correspondences,
    Motion,
    cross,
    epipolar,
    into_match,
    sampson,
)

PURE_ROTATION = "pure rotation"
ONE_PLANE = "one plane"
PLANE_OR_ROTATION = "one plane or pure rotation"  # without calibration they look the same
LITTLE_PARALLAX = "too little parallax"

MIN_POINTS = 8  # below this nothing is fitted
MAX_DIRECTION_ERROR = 0.26  # radians, standard deviation: beyond, the direction is reported as not known
PLANE_TOLERANCE = 1.25  # of the epipolar tolerance: 95 % of two dimensions of noise, not of one
WIDE = 2.0  # of the tolerance: matches that take part in the refinement, where the loss weights them
_CONFIDENCE, _ITERATIONS = 0.99, 500
_MIN_NOISE = 0.25  # pixels; less is not claimed when models are compared
_DISTINCT = 0.05  # radians between motions that are two solutions
_CLEAR = 9.0  # difference of squared normalised errors that decides between two solutions, 3 σ
_METHOD = getattr(cv2, "USAC_MAGSAC", cv2.RANSAC)  # OpenCV 4.5 and newer


class Scene(NamedTuple):
    """What two images share."""

    inliers: np.ndarray  # (N,) bool
    degenerate: str = ""  # why the motion is not determined, or not fully
    estimate: Optional[Estimate] = None


class _Model(NamedTuple):
    matrix: np.ndarray  # (3, 3)
    errors: np.ndarray  # (N,) pixels
    inliers: np.ndarray  # (N,) bool
    dimension: int  # of the manifold of correspondences
    parameters: int


def uncalibrated_scene(pairs: Correspondences, tolerance: float) -> Scene:
    """A fundamental matrix or a homography.

    Args:
        pairs: N; the rays are pixels of the reduced images, and the derivatives the identity.
        tolerance: pixels, of an inlier's distance to its epipolar lines.
    """
    general, plane = _epipolar_model(_find_fundamental, pairs, tolerance, 7), _plane(pairs, tolerance)
    best = _simplest([each for each in (general, plane) if each], tolerance)
    if best is None:
        return Scene(np.zeros(len(pairs.query), bool))
    return Scene(best.inliers, PLANE_OR_ROTATION if best is plane else "")


def calibrated_scene(pairs: Correspondences, tolerance: float) -> Scene:
    """An essential matrix, a homography or a rotation, and the motion up to scale.

    Args:
        pairs: N.
        tolerance: pixels of the reduced images, of an inlier's distance to its epipolar lines.

    Returns:
        The scene. A translation that is not determined is 0 in the estimate, its variances 1e6.
    """
    general, plane = _epipolar_model(_find_essential, pairs, tolerance, 5), _plane(pairs, tolerance)
    turned = _rotation(pairs, plane, general, tolerance)
    best = _simplest([each for each in (general, plane, turned) if each], tolerance)
    if best is None or best.inliers.sum() < MIN_POINTS:
        return Scene(np.zeros(len(pairs.query), bool))
    if best is turned:
        return Scene(best.inliers, PURE_ROTATION, _refined_rotation(pairs, best))
    if best is plane:
        motions = _motions_of_plane(pairs, best)
        return _with_motion(pairs, best.inliers, motions, tolerance, ONE_PLANE)
    return _with_motion(pairs, best.inliers, _motions_of_essential(pairs, best), tolerance, "")


def _with_motion(
    pairs: Correspondences, inliers: np.ndarray, motions: List[Motion], tolerance: float, degenerate: str
) -> Scene:
    wide = inliers  # a narrow band would hold the solution where it started
    if not degenerate:
        wide = sampson(pairs, motions[0].essential) <= WIDE * tolerance
    residuals = epipolar(pairs.subset(wide))
    refined = [refine(residuals, motion, Freedom.DIRECTION) for motion in motions]
    estimates = [each for each in refined if each is not None and _in_front(pairs, inliers, each.motion) > 0.5]
    if not estimates:
        return Scene(inliers, degenerate or LITTLE_PARALLAX)
    noise = max(_MIN_NOISE, min(each.noise for each in estimates))
    costs = [_cost(residuals(each.motion)[0], noise, tolerance) for each in estimates]
    first = int(np.argmin(costs))
    best = estimates[first]
    for other, cost in zip(estimates, costs):
        if cost - costs[first] < _CLEAR and _apart(other.motion, best.motion) > _DISTINCT:
            return Scene(inliers, degenerate or ONE_PLANE)  # two motions explain a plane equally well
    if not degenerate:
        inliers = sampson(pairs, best.motion.essential) <= tolerance
    if _direction_error(best) > MAX_DIRECTION_ERROR:
        return Scene(inliers, LITTLE_PARALLAX, _without_translation(best))
    return Scene(inliers, degenerate, best)


def _epipolar_model(
    find: Callable[..., np.ndarray],
    pairs: Correspondences,
    tolerance: float,
    parameters: int,
) -> Optional[_Model]:
    matrix = _solved(find, pairs, tolerance)
    if matrix is None:
        return None
    errors = sampson(pairs, matrix)
    return _Model(matrix, errors, errors <= tolerance, 3, parameters)


def _find_fundamental(a: np.ndarray, b: np.ndarray, per_pixel: float, tolerance: float) -> np.ndarray:
    matrix, _ = cv2.findFundamentalMat(a, b, _METHOD, tolerance, _CONFIDENCE, _ITERATIONS)
    return matrix


def _find_essential(a: np.ndarray, b: np.ndarray, per_pixel: float, tolerance: float) -> np.ndarray:
    camera = np.diag((1 / per_pixel, 1 / per_pixel, 1.0))
    matrix, _ = cv2.findEssentialMat(a, b, camera, _METHOD, _CONFIDENCE, tolerance, _ITERATIONS)
    return matrix


def _find_homography(a: np.ndarray, b: np.ndarray, per_pixel: float, tolerance: float) -> np.ndarray:
    matrix, _ = cv2.findHomography(a, b, _METHOD, tolerance, None, _ITERATIONS, _CONFIDENCE)
    scale = np.array((1 / per_pixel, 1 / per_pixel, 1.0))
    return None if matrix is None else matrix * scale / scale[:, None]


def _solved(
    find: Callable[..., np.ndarray], pairs: Correspondences, tolerance: float
) -> Optional[np.ndarray]:
    """(3, 3) of unit norm; None: degenerate points, for which OpenCV throws, or gives None or several."""
    if len(pairs.query) < MIN_POINTS:
        return None
    per_pixel = np.median(np.abs([pairs.query_per_pixel[:, 0, 0], pairs.match_per_pixel[:, 0, 0]]))
    a, b = (np.ascontiguousarray(each[:, :2] / per_pixel) for each in (pairs.query, pairs.match))
    try:  # in pixels: OpenCV's tests for degenerate samples are meant for them
        matrix = find(a, b, per_pixel, tolerance)
    except cv2.error:
        return None
    if matrix is None or matrix.shape[0] < 3 or matrix.shape[1] != 3 or not np.isfinite(matrix).all():
        return None
    norm = np.linalg.norm(matrix[:3])
    return None if not norm > 0 else np.asarray(matrix[:3] / norm)


def _plane(pairs: Correspondences, tolerance: float) -> Optional[_Model]:
    matrix = _solved(_find_homography, pairs, tolerance)
    if matrix is None or not abs(np.linalg.det(matrix)) > 1e-12 * np.abs(matrix).max() ** 3:
        return None
    errors = _transfer_errors(pairs, matrix)
    return _Model(matrix, errors, errors <= PLANE_TOLERANCE * tolerance, 2, 8)


def _rotation(
    pairs: Correspondences, plane: Optional[_Model], general: Optional[_Model], tolerance: float
) -> Optional[_Model]:
    """A rotation, started from the homography, which is one if the camera only turned."""
    if plane is None:
        return None
    left, _, right = np.linalg.svd(plane.matrix * np.sign(np.linalg.det(plane.matrix)))
    matrix = left @ right
    needed = 0.5 * plane.inliers.sum()
    for _ in range(2):
        errors = _transfer_errors(pairs, matrix)
        near = errors <= 2 * PLANE_TOLERANCE * tolerance
        if near.sum() < max(needed, MIN_POINTS):
            return None
        matrix = _kabsch(pairs.subset(near), 1 / (1 + errors[near] ** 2))
    errors = _transfer_errors(pairs, matrix)
    return _Model(matrix, errors, errors <= PLANE_TOLERANCE * tolerance, 2, 3)


def _kabsch(pairs: Correspondences, weights: np.ndarray) -> np.ndarray:
    """(3, 3): the rotation that turns the query's rays to the match's (Kabsch 1976)."""
    a, b = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in (pairs.query, pairs.match))
    left, _, right = np.linalg.svd((b * weights[:, None]).T @ a)
    return np.asarray(left @ np.diag((1.0, 1.0, np.sign(np.linalg.det(left @ right)))) @ right)


def _transfer_errors(pairs: Correspondences, matrix: np.ndarray) -> np.ndarray:
    """(N,): pixels. Forward and backward errors combined so that noise counts the same at any zoom."""
    squares = []
    for source, target, per_pixel, turn in (
        (pairs.query, pairs.match, pairs.match_per_pixel, matrix),
        (pairs.match, pairs.query, pairs.query_per_pixel, np.linalg.inv(matrix)),
    ):
        moved = source @ turn.T
        difference = moved[:, :2] / moved[:, 2:] - target[:, :2]
        a, b, c, d = per_pixel.reshape(-1, 4).T
        x, y = difference.T
        squares.append(((d * x - b * y) ** 2 + (a * y - c * x) ** 2) / (a * d - b * c) ** 2)
    forward, backward = (np.where(np.isfinite(each), each, 1e12) + 1e-12 for each in squares)
    return np.asarray(np.sqrt(forward / (forward + backward) * backward))


def _simplest(models: List[_Model], tolerance: float) -> Optional[_Model]:
    """The model of the lowest GRIC, for noise of half the tolerance."""
    if not models:
        return None
    union = np.any([each.inliers for each in models], axis=0)
    count = max(2, int(union.sum()))
    noise = tolerance / 2

    def gric(model: _Model) -> float:
        bounded = np.minimum((model.errors[union] / noise) ** 2, 2.0 * (4 - model.dimension))
        return float(
            bounded.sum()
            + np.log(4.0) * model.dimension * count
            + np.log(4.0 * count) * model.parameters
        )  # fmt: skip

    return min(models, key=gric)


def _refined_rotation(pairs: Correspondences, model: _Model) -> Optional[Estimate]:
    inside = pairs.subset(model.inliers)
    residuals = into_match(inside.query, inside.match[:, :2], np.linalg.inv(inside.match_per_pixel))
    return refine(residuals, Motion(model.matrix, np.zeros(3)), Freedom.ROTATION)


def _motions_of_essential(pairs: Correspondences, model: _Model) -> List[Motion]:
    first, second, direction = cv2.decomposeEssentialMat(model.matrix)
    motions = [Motion(turn, sign * direction.ravel()) for turn in (first, second) for sign in (1.0, -1.0)]
    return [max(motions, key=lambda motion: _in_front(pairs, model.inliers, motion))]


def _motions_of_plane(pairs: Correspondences, model: _Model) -> List[Motion]:
    """The motions of a homography under which the scene is in front of both cameras, at most two."""
    matrix = model.matrix * np.sign(np.linalg.det(model.matrix))
    _, rotations, translations, _ = cv2.decomposeHomographyMat(matrix, np.eye(3))
    motions = []
    for rotation, translation in zip(rotations, translations):
        length = np.linalg.norm(translation)
        if length > 1e-9 and np.isfinite(rotation).all():
            motions.append(Motion(rotation, translation.ravel() / length))
    return [motion for motion in motions if _in_front(pairs, model.inliers, motion) > 0.75]


def _in_front(pairs: Correspondences, inliers: np.ndarray, motion: Motion) -> float:
    """Share of the inliers that are in front of both cameras."""
    a, b, t = pairs.query[inliers] @ motion.rotation.T, pairs.match[inliers], motion.translation
    normal = _crossed(a, b)
    before_query = -(b @ cross(t).T * normal).sum(axis=1) > 0
    before_match = -(a @ cross(t).T * normal).sum(axis=1) > 0
    return float((before_query & before_match).mean()) if len(a) else 0.0


def _crossed(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Row by row; NumPy's own is ten times slower."""
    return a[:, [1, 2, 0]] * b[:, [2, 0, 1]] - a[:, [2, 0, 1]] * b[:, [1, 2, 0]]


def _cost(values: np.ndarray, noise: float, tolerance: float) -> float:
    return float(np.minimum((values / noise) ** 2, (tolerance / noise) ** 2).sum())


def _apart(a: Motion, b: Motion) -> float:
    """Radians: the larger of the angles between rotations and between directions."""
    turn = np.arccos(np.clip((np.trace(a.rotation.T @ b.rotation) - 1) / 2, -1, 1))
    return float(max(turn, np.arccos(np.clip(a.translation @ b.translation, -1, 1))))


def _direction_error(estimate: Estimate) -> float:
    """Radians, standard deviation of the direction along the worse axis."""
    tangent = np.linalg.svd(estimate.motion.translation[None])[2][1:]
    return float(np.sqrt(np.linalg.eigvalsh(tangent @ estimate.covariance[:3, :3] @ tangent.T)[-1]))


def _without_translation(estimate: Estimate) -> Estimate:
    covariance = np.zeros((6, 6))
    covariance[:3, :3] = UNKNOWN_VARIANCE * np.eye(3)
    covariance[3:, 3:] = estimate.covariance[3:, 3:]
    return estimate._replace(motion=Motion(estimate.motion.rotation, np.zeros(3)), covariance=covariance)
