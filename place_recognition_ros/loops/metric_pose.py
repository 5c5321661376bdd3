"""The camera motion in metres, where depth is known at matched features.

Perspective-n-point in each direction for which there is depth (RANSAC over three points: Gao et al., PAMI
2003), then one refinement of both directions together. Two directions must agree: the motion found in either
one must fit both, so that a wrong depth, such as that of another scale or of a stuck sensor, does not pass as
a pose.
"""

from typing import List, NamedTuple, Optional

import cv2
import numpy as np

from place_recognition_ros.loops.camera_model import inverse, times
from place_recognition_ros.loops.refinement import Estimate, Freedom, improve, refine
from place_recognition_ros.loops.residuals import (
    Correspondences,
    Motion,
    Residuals,
    into_match,
    into_query,
    joined,
    median,
)

MIN_DEPTHS = 12  # matched features with depth, in one direction
MIN_DEPTH, MAX_DEPTH = 0.02, 500.0  # metres; sensors report nothing else
DEPTH_NOISE = 0.01  # of a depth: of a stereo or time-of-flight camera at a few metres
WIDE = 2.0  # of the tolerance: matches that take part in the refinement, where the loss weights them
SUPPORT = 0.5  # of the inliers with depth must also fit the metric pose
SOLVED = 48  # most similar inliers, over which a pose is sampled
_CONFIDENCE, _ITERATIONS = 0.95, 100
_NEAR_DIMENSIONS = 1.25  # of the tolerance for one dimension of noise, for two


class _Direction(NamedTuple):
    """One direction of perspective-n-point."""

    forward: bool  # depth of the query, projected into the match; False: the other way round
    points: np.ndarray  # (N, 3) in the frame of the camera with depth, metres; NaN: no depth
    observed: np.ndarray  # (N, 2) in the other camera, on the plane z = 1
    per_pixel: np.ndarray  # (N, 2, 2) of the other camera
    known: np.ndarray  # (N,) bool


class _Fit(NamedTuple):
    """What fits a motion in one direction."""

    to_pixels: np.ndarray  # (N, 2, 2), from a difference on the plane to whitened pixels
    near: np.ndarray  # (N,) bool


def metric_pose(pairs: Correspondences, inliers: np.ndarray, tolerance: float) -> Optional[Estimate]:
    """The motion in metres.

    Args:
        pairs: N.
        inliers: (N,) bool, of the scene without depth.
        tolerance: pixels of the reduced images.

    Returns:
        The estimate; None: too few depths, or they contradict each other or the scene.
    """
    directions = [each for each in _directions(pairs) if (each.known & inliers).sum() >= MIN_DEPTHS]
    starts = []
    for direction in directions:
        start = _perspective(direction, inliers, tolerance)
        fits = start and _fits(directions, start, inliers, tolerance)
        if not start or not fits:
            return None
        starts.append((sum(int(fit.near.sum()) for fit in fits), start, fits))
    if not starts:
        return None
    _, start, fits = max(starts, key=lambda each: each[0])
    better = improve(_residuals(directions, fits), start, Freedom.METRIC)
    fits = better and _fits(directions, better, inliers, tolerance)
    return refine(_residuals(directions, fits), better, Freedom.METRIC) if better and fits else None


def _fits(
    directions: List[_Direction], motion: Motion, inliers: np.ndarray, tolerance: float
) -> Optional[List[_Fit]]:
    """What fits a motion in each direction; None: too little in one of them."""
    fits = [_fit(each, motion, WIDE * tolerance) for each in directions]
    needed = [max(MIN_DEPTHS, SUPPORT * (each.known & inliers).sum()) for each in directions]
    return fits if all(fit.near.sum() >= least for fit, least in zip(fits, needed)) else None


def _directions(pairs: Correspondences) -> List[_Direction]:
    directions = []
    for forward, here in ((True, pairs), (False, pairs.swapped)):
        depth = here.query_depth
        with np.errstate(invalid="ignore"):
            known = (depth >= MIN_DEPTH) & (depth <= MAX_DEPTH)
        points = here.query * np.where(known, depth, np.nan)[:, None]
        directions.append(_Direction(forward, points, here.match[:, :2], here.match_per_pixel, known))
    return directions


def _perspective(direction: _Direction, inliers: np.ndarray, tolerance: float) -> Optional[Motion]:
    """From query to match, whichever of them has depth; over the most similar inliers."""
    rows = np.flatnonzero(direction.known & inliers)[:SOLVED]
    per_pixel = median(np.abs(direction.per_pixel[rows, 0, 0]))
    points, observed = (np.ascontiguousarray(each[rows]) for each in (direction.points, direction.observed))
    try:
        success, turn, shift, _ = cv2.solvePnPRansac(
            points, observed / per_pixel, np.diag((1 / per_pixel, 1 / per_pixel, 1.0)), np.zeros(0),
            None, None, False, _ITERATIONS, 1.5 * tolerance, _CONFIDENCE, None, cv2.SOLVEPNP_P3P,
        )  # fmt: skip
    except cv2.error:
        return None
    if not success or turn is None or not (np.isfinite(turn).all() and np.isfinite(shift).all()):
        return None
    motion = Motion(cv2.Rodrigues(turn)[0], shift.ravel())
    return motion if direction.forward else motion.inverse


def _fit(direction: _Direction, motion: Motion, tolerance: float) -> _Fit:
    """Differences are reduced along the epipolar line, where errors of the depth act.

    The scale is that of one feature's noise: a difference contains the noise of two features.
    """
    rotation, translation = motion if direction.forward else motion.inverse
    turned = direction.points @ rotation.T
    depth = (turned + translation)[:, 2:]
    depth = np.where(depth > 1e-6, depth, np.nan)
    plane = (turned + translation)[:, :2] / depth
    to_pixels = inverse(direction.per_pixel)
    shift = times(to_pixels, DEPTH_NOISE * (turned[:, :2] - plane * turned[:, 2:]) / depth)
    square = (shift**2).sum(axis=1) + 1e-12
    reduction = (1 - 1 / np.sqrt(1 + square / 2)) / square
    whitening = np.eye(2) - reduction[:, None, None] * shift[:, :, None] * shift[:, None, :]
    to_pixels = np.matmul(whitening, to_pixels) / np.sqrt(2.0)
    square = (times(to_pixels, plane - direction.observed) ** 2).sum(axis=1)
    return _Fit(to_pixels, square <= (_NEAR_DIMENSIONS * tolerance) ** 2)  # False for NaN


def _residuals(directions: List[_Direction], fits: List[_Fit]) -> Residuals:
    rows = np.any([fit.near for fit in fits], axis=0)
    parts = []
    for direction, fit in zip(directions, fits):
        build = into_match if direction.forward else into_query
        usable = fit.near[rows][:, None]
        points = np.where(usable, direction.points[rows], 1.0)
        to_pixels = np.where(usable[:, :, None], fit.to_pixels[rows], 0.0)
        parts.append(build(points, direction.observed[rows], to_pixels))
    return joined(parts)
