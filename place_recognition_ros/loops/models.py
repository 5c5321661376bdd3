"""Models of what two images share: an epipolar geometry, a homography, a rotation; and the choice among them.

MAGSAC++ (Barath et al., CVPR 2020) fits the essential matrix over five points (Nistér, PAMI 2004); a less
exact one loses against a homography where a facade has little relief. The other two are sampled with the most
similar matches first (PROSAC, Chum and Matas, CVPR 2005). GRIC (Torr, IJCV 2002) chooses the simplest model
that explains the matches.
"""

from typing import Callable, List, NamedTuple, Optional

import cv2
import numpy as np

from place_recognition_ros.loops.camera_model import inverse, times
from place_recognition_ros.loops.residuals import Correspondences, dots, median, sampson

EPIPOLAR, PLANE, ROTATION = "epipolar geometry", "plane", "rotation"
"""Kinds of models."""

MIN_POINTS = 8  # below this nothing is fitted
PLANE_TOLERANCE = 1.25  # of the epipolar tolerance: 95 % of two dimensions of noise, not of one
FLAT = 0.5  # share of the inliers on one plane from which its motions are examined too
OVERFIT = 1.1  # a general model fits part of the noise where a simpler one is true; from simulations
_CONFIDENCE, _ITERATIONS = 0.999, 1000  # few inliers need many; most pairs stop early
_ITERATIONS_PLANE = 100  # among inliers of an epipolar geometry
_HAS_USAC = hasattr(cv2, "UsacParams")  # OpenCV 4.5 and newer


class Model(NamedTuple):
    """A model of N matches."""

    matrix: np.ndarray  # (3, 3)
    errors: np.ndarray  # (N,) pixels
    inliers: np.ndarray  # (N,) bool
    kind: str
    dimension: int  # of the manifold of correspondences
    parameters: int
    homography: Optional[np.ndarray] = None  # (3, 3), of a plane that contains many of the inliers


def uncalibrated_model(pairs: Correspondences, tolerance: float) -> Optional[Model]:
    """The simplest model of matches whose rays are pixels; None: the points determine none."""
    general = fundamental(pairs, tolerance)
    return _simplest([general, plane(pairs, tolerance, general)], tolerance)


def calibrated_model(pairs: Correspondences, tolerance: float) -> Optional[Model]:
    """The simplest model of matches; None: the points determine none."""
    general = essential(pairs, tolerance)
    flat = plane(pairs, tolerance, general)
    if general is not None and flat is not None and flat.inliers.sum() < FLAT * general.inliers.sum():
        return _simplest([general, flat], tolerance)
    best = _simplest([general, flat, rotation(pairs, flat, tolerance)], tolerance)
    if best is None or flat is None:
        return best
    return best._replace(homography=flat.matrix)


def fundamental(pairs: Correspondences, tolerance: float) -> Optional[Model]:
    """An epipolar geometry of uncalibrated cameras; None: the points do not determine one."""
    return _epipolar(_find_fundamental, pairs, tolerance, 7)


def essential(pairs: Correspondences, tolerance: float) -> Optional[Model]:
    """An epipolar geometry of calibrated cameras; None: the points do not determine one."""
    return _epipolar(_find_essential, pairs, tolerance, 5)


def _epipolar(
    find: Callable[..., np.ndarray],
    pairs: Correspondences,
    tolerance: float,
    parameters: int,
) -> Optional[Model]:
    matrix = _solved(find, pairs, tolerance)
    if matrix is None:
        return None
    errors = sampson(pairs, matrix)
    return Model(matrix, errors, errors <= tolerance, EPIPOLAR, 3, parameters)


def _find_fundamental(a: np.ndarray, b: np.ndarray, per_pixel: float, tolerance: float) -> np.ndarray:
    if not _HAS_USAC:
        return cv2.findFundamentalMat(a, b, cv2.RANSAC, tolerance, _CONFIDENCE)[0]
    return cv2.findFundamentalMat(a, b, _usac(tolerance, _ITERATIONS))[0]


def _find_essential(a: np.ndarray, b: np.ndarray, per_pixel: float, tolerance: float) -> np.ndarray:
    camera = np.diag((1 / per_pixel, 1 / per_pixel, 1.0))
    find = getattr(cv2, "USAC_MAGSAC", cv2.RANSAC)
    matrix, _ = cv2.findEssentialMat(a, b, camera, find, _CONFIDENCE, tolerance, _ITERATIONS)
    return matrix


def _find_homography(a: np.ndarray, b: np.ndarray, per_pixel: float, tolerance: float) -> np.ndarray:
    if _HAS_USAC:
        matrix, _ = cv2.findHomography(a, b, _usac(tolerance, _ITERATIONS_PLANE))
    else:
        matrix, _ = cv2.findHomography(a, b, cv2.RANSAC, tolerance, None, _ITERATIONS, _CONFIDENCE)
    scale = np.array((1 / per_pixel, 1 / per_pixel, 1.0))
    return matrix * scale / scale[:, None] if np.shape(matrix) == (3, 3) else np.zeros((0, 0))


def _usac(tolerance: float, iterations: int) -> "cv2.UsacParams":
    """Sampling by similarity, with short local optimisations."""
    settings = cv2.UsacParams()
    settings.sampler = cv2.SAMPLING_PROSAC
    if hasattr(cv2, "NONE_POLISHER"):  # OpenCV 4.7 and newer
        settings.final_polisher = cv2.NONE_POLISHER
    settings.threshold, settings.confidence, settings.maxIterations = tolerance, _CONFIDENCE, iterations
    return settings


def _solved(
    find: Callable[..., np.ndarray], pairs: Correspondences, tolerance: float
) -> Optional[np.ndarray]:
    """(3, 3) of unit norm; None: degenerate points, for which OpenCV throws, or gives None or several."""
    if len(pairs.query) < MIN_POINTS:
        return None
    per_pixel = median(np.abs([pairs.query_per_pixel[:, 0, 0], pairs.match_per_pixel[:, 0, 0]]))
    a, b = (np.ascontiguousarray(each[:, :2] / per_pixel) for each in (pairs.query, pairs.match))
    try:  # in pixels: OpenCV's tests for degenerate samples are meant for them
        matrix = find(a, b, per_pixel, tolerance)
    except cv2.error:
        return None
    if matrix is None or matrix.shape[0] < 3 or matrix.shape[1] != 3 or not np.isfinite(matrix).all():
        return None
    norm = np.linalg.norm(matrix[:3])
    return None if not norm > 0 else np.asarray(matrix[:3] / norm)


def plane(pairs: Correspondences, tolerance: float, general: Optional[Model]) -> Optional[Model]:
    """A homography, sampled from the inliers of a more general model; None: the points determine none."""
    inside = pairs if general is None else pairs.subset(general.inliers)
    matrix = _solved(_find_homography, inside, tolerance)
    if matrix is None or not abs(np.linalg.det(matrix)) > 1e-12 * np.abs(matrix).max() ** 3:
        return None
    errors = _transfer_errors(pairs, matrix)
    return Model(matrix, errors, errors <= PLANE_TOLERANCE * tolerance, PLANE, 2, 8)


def rotation(pairs: Correspondences, homography: Optional[Model], tolerance: float) -> Optional[Model]:
    """A rotation, started from the homography, which is one if the camera only turned."""
    if homography is None:
        return None
    left, _, right = np.linalg.svd(homography.matrix * np.sign(np.linalg.det(homography.matrix)))
    matrix = left @ right
    needed = 0.5 * homography.inliers.sum()
    for _ in range(2):
        errors = _transfer_errors(pairs, matrix)
        near = errors <= 2 * PLANE_TOLERANCE * tolerance
        if near.sum() < max(needed, MIN_POINTS):
            return None
        matrix = _kabsch(pairs.subset(near), 1 / (1 + errors[near] ** 2))
    errors = _transfer_errors(pairs, matrix)
    return Model(matrix, errors, errors <= PLANE_TOLERANCE * tolerance, ROTATION, 2, 3)


def _kabsch(pairs: Correspondences, weights: np.ndarray) -> np.ndarray:
    """(3, 3): the rotation that turns the query's rays to the match's (Kabsch 1976)."""
    a, b = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in (pairs.query, pairs.match))
    left, _, right = np.linalg.svd((b * weights[:, None]).T @ a)
    return np.asarray(left @ np.diag((1.0, 1.0, np.sign(np.linalg.det(left @ right)))) @ right)


def _transfer_errors(pairs: Correspondences, matrix: np.ndarray) -> np.ndarray:
    """(N,): pixels. Forward and backward errors combined so that noise counts the same at any zoom."""
    squares = []
    for here, turn in ((pairs, matrix), (pairs.swapped, np.linalg.inv(matrix))):
        moved = here.query @ turn.T
        difference = times(inverse(here.match_per_pixel), moved[:, :2] / moved[:, 2:] - here.match[:, :2])
        squares.append(dots(difference, difference))
    forward, backward = (np.where(np.isfinite(each), each, 1e12) + 1e-12 for each in squares)
    return np.asarray(np.sqrt(forward / (forward + backward) * backward))


def _simplest(candidates: List[Optional[Model]], tolerance: float) -> Optional[Model]:
    """The model of the lowest GRIC; the first is the most general one, which shows the noise."""
    models = [each for each in candidates if each is not None and each.inliers.any()]
    if not models:
        return None
    union = np.any([each.inliers for each in models], axis=0)
    count = max(2, int(union.sum()))
    errors = models[0].errors[models[0].errors <= 2 * tolerance]
    noise = min(max(OVERFIT * 1.4826 * median(errors), tolerance / 5), tolerance / 2)

    def gric(model: Model) -> float:
        bounded = np.minimum((model.errors[union] / noise) ** 2, 2.0 * (4 - model.dimension))
        return float(
            bounded.sum()
            + np.log(4.0) * model.dimension * count
            + np.log(4.0 * count) * model.parameters
        )  # fmt: skip

    return min(models, key=gric)
