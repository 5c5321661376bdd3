"""Geometric verification: do the local features of two images fit one rigid scene?

ORB features (Rublee et al., ICCV 2011), Lowe's ratio test (IJCV 2004), one common rotation of the
matched features' orientations (Jégou et al., ECCV 2008, weak geometric consistency), then a
fundamental matrix, or a homography, with MAGSAC++ (Barath et al., CVPR 2020).
"""

from typing import NamedTuple, Optional, Tuple

import cv2
import numpy as np

from place_recognition_ros.types import RelativePose, View

MIN_POINTS = 8  # below this no fundamental matrix is fitted
RATIO = 0.85
MAX_HAMMING = 64  # of 256 bits
EPIPOLAR_TOLERANCE = 2.0  # pixels of the reduced image
MAX_REGION = 1024  # pixels
MIN_SPREAD = 0.05  # of the image's longer side: standard deviation of the inliers on each axis


class Geometry(NamedTuple):
    """What geometric verification measured on two images."""

    matches: int  # of local features
    inliers: int = 0  # of the fundamental matrix or the homography
    spread: bool = (
        False  # whether the inliers spread over both images; in a spot or on a line almost anything fits
    )
    coverage: float = (
        0.0  # inliers among all features of the region that they cover; the lower of both images
    )
    pose: Optional[RelativePose] = None  # of the query camera in the match camera's optical frame


def measure(query: View, match: View, min_points: int, longer_side: int) -> Geometry:
    """Look for one rigid scene in two images.

    Args:
        query: an image.
        match: another one.
        min_points: with fewer matched features no scene is fitted.
        longer_side: pixels; the images are compared as if they were reduced to this size, so that
            tolerances do not depend on the camera.

    Returns:
        The evidence. The coverage tells two walls of one design apart: of the same wall most features are
        found again, of the other one only those of frames and lamps.
    """
    first, second = _match(query.features, match.features)
    if len(first) < max(min_points, MIN_POINTS):
        return Geometry(len(first))
    all_a, all_b = _points(query, longer_side), _points(match, longer_side)
    a, b = all_a[first], all_b[second]
    rigid = _rigid_inliers(a, b)
    inliers = int(np.count_nonzero(rigid))
    if inliers < MIN_POINTS:
        return Geometry(len(first), inliers)
    images = ((a[rigid], all_a), (b[rigid], all_b))
    return Geometry(
        len(first),
        inliers,
        all(_is_spread(*each) for each in images),
        min(inliers / max(1, _count_in_region(*each)) for each in images),
    )


def _match(query: np.ndarray, match: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Rows of ``query`` and of ``match`` that look alike, one to one."""
    nothing = (np.zeros(0, int), np.zeros(0, int))
    if len(query) < 2 or len(match) < 2:
        return nothing
    matcher = cv2.BFMatcher(cv2.NORM_HAMMING)
    pairs = matcher.knnMatch(
        np.ascontiguousarray(query["descriptor"]), np.ascontiguousarray(match["descriptor"]), k=2
    )
    distinct = [a for a, b in pairs if a.distance <= MAX_HAMMING and a.distance < RATIO * b.distance]
    if not distinct:
        return nothing
    distinct.sort(key=lambda pair: pair.distance)
    second, kept = np.unique([pair.trainIdx for pair in distinct], return_index=True)  # the nearest of each
    first = np.array([distinct[row].queryIdx for row in kept])
    return first, second


def _points(view: View, longer_side: int) -> np.ndarray:
    """(N, 2) float32, pixels of the image reduced to ``longer_side``; (0, 0): centre of its first pixel."""
    points = np.stack([view.features["x"], view.features["y"]], axis=1)
    if view.camera is None or max(view.camera.width, view.camera.height) <= longer_side:
        return points
    scale = np.float32(longer_side / max(view.camera.width, view.camera.height))
    return (points + np.float32(0.5)) * scale - np.float32(0.5)


def _rigid_inliers(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(N,) bool: the inliers of a fundamental matrix or, where it has more, of a homography.

    Two images from one spot, or of one plane, leave the fundamental matrix undetermined, and OpenCV may
    find none at all.
    """
    method = getattr(cv2, "USAC_MAGSAC", cv2.RANSAC)  # OpenCV 4.5 and newer
    tolerance, confidence, iterations = EPIPOLAR_TOLERANCE, 0.999, 2000
    found = [np.zeros(len(a), bool)]
    for fit, more in (
        (cv2.findFundamentalMat, (confidence, iterations)),
        (cv2.findHomography, (None, iterations, confidence)),
    ):
        try:
            _, mask = fit(a, b, method, tolerance, *more)
        except cv2.error:  # degenerate points raise it, or give None
            continue
        if mask is not None:
            found.append(mask.ravel().astype(bool))
    return max(found, key=np.count_nonzero)


def _is_spread(inliers: np.ndarray, features: np.ndarray) -> bool:
    needed = max(MIN_SPREAD * np.ptp(features, axis=0).max(), EPIPOLAR_TOLERANCE)
    return bool(inliers.std(axis=0).min() >= needed)


def _count_in_region(inliers: np.ndarray, features: np.ndarray) -> int:
    """How many features are in the convex hull of the inliers."""
    inliers, features = inliers.astype(float), features.astype(float)
    low, high = inliers.min(axis=0), inliers.max(axis=0)
    near = features[((low <= features) & (features <= high)).all(axis=1)]
    extent = high - low
    if not np.isfinite(extent).all():
        return len(features)
    scale = min(1.0, MAX_REGION / max(1e-9, extent.max()))  # a damaged coordinate may be huge
    region = np.zeros((extent * scale).astype(int)[::-1] + 2, np.uint8)
    cv2.fillConvexPoly(region, cv2.convexHull(((inliers - low) * scale).astype(np.int32)), (1,))
    x, y = ((near - low) * scale).astype(int).T
    return int(region[y, x].sum())
