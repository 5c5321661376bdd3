"""Geometric verification: do the local features of two pictures agree with one rigid scene?

ORB features (Rublee et al., ICCV 2011), Lowe's ratio test (IJCV 2004), one common rotation of the
matched features' orientations (Jégou et al., ECCV 2008, weak geometric consistency), then a
fundamental matrix, or a homography, with MAGSAC++ (Barath et al., CVPR 2020). A match lives only if it
comes through all.
"""

from typing import NamedTuple

import cv2
import numpy as np

from place_recognition_ros.images import shrink
from place_recognition_ros.types import FEATURE, Reason

MIN_POINTS = 8  # below this no fundamental matrix is fitted
RATIO = 0.85
MAX_HAMMING = 64  # of 256 bits
ANGLE_TOLERANCE = 25.0  # degrees
EPIPOLAR_TOLERANCE = 2.0  # pixels of the picture in which the features were found
MIN_SPREAD = 0.05  # of the picture's longer side: standard deviation of the inliers on each axis


class Verification(NamedTuple):
    """What the geometry says of two pictures."""

    matches: int
    inliers: int
    reason: Reason  # NONE: verified


class FeatureFinder:
    """Finds ORB features.

    Args:
        count: how many at the most.
        longer_side: pixels; larger pictures are reduced to it first.
    """

    def __init__(self, count: int, longer_side: int) -> None:
        self._longer_side = longer_side
        self._orb = cv2.ORB_create(nfeatures=count, fastThreshold=7)  # type: ignore[attr-defined]

    def find(self, image: np.ndarray) -> np.ndarray:
        """(N,) ``FEATURE`` of a picture, (H, W, 3) uint8 BGR or (H, W) uint8 gray.

        Coordinates are pixels of the reduced picture.
        """
        image = shrink(image, self._longer_side)
        gray = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        if min(gray.shape) <= 2 * self._orb.getEdgeThreshold():
            return np.zeros(0, FEATURE)  # all border; OpenCV throws where its pyramid runs out of pixels
        points, descriptors = self._orb.detectAndCompute(gray, None)
        features = np.zeros(len(points), FEATURE)
        if len(points):
            features["x"], features["y"] = np.array([point.pt for point in points], np.float32).T
            features["angle"] = [point.angle for point in points]
            features["descriptor"] = descriptors
        return features


def verify(
    query: np.ndarray, match: np.ndarray, min_inliers: int, min_inlier_ratio: float, min_coverage: float
) -> Verification:
    """Check whether two pictures can show the same rigid scene.

    Args:
        query: (N,) ``FEATURE``.
        match: (M,) ``FEATURE``.
        min_inliers: feature matches that must fit one epipolar geometry.
        min_inlier_ratio: share of the matches that must fit it.
        min_coverage: share of all features in the region of the inliers that must be inliers. Of the same
            wall most features come back; two walls of one design agree in their frames and lamps alone.

    Returns:
        The counts, and the reason why it is not verified: FEW_MATCHES, FEW_INLIERS or DEGENERATE
        (the inliers crowd in a spot or on a line, where almost anything fits).
    """
    first, second = _match(query, match)
    needed = max(min_inliers, MIN_POINTS)
    if len(first) < needed:
        return Verification(len(first), 0, Reason.FEW_MATCHES)
    a, b = _points(query[first]), _points(match[second])
    inside = _rigid_inliers(a, b)
    inliers = int(np.count_nonzero(inside))
    if inliers < needed or inliers < min_inlier_ratio * len(first):
        return Verification(len(first), inliers, Reason.FEW_INLIERS)
    views = ((a[inside], _points(query)), (b[inside], _points(match)))
    if any(_crowded(*view) for view in views):
        return Verification(len(first), inliers, Reason.DEGENERATE)
    if any(inliers < min_coverage * _count_in_region(*view) for view in views):
        return Verification(len(first), inliers, Reason.FEW_INLIERS)
    return Verification(len(first), inliers, Reason.NONE)


def _match(query: np.ndarray, match: np.ndarray) -> tuple:
    """Rows of ``query`` and of ``match`` that look alike, one to one, rotated by one common angle."""
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
    turn = query["angle"][first] - match["angle"][second]
    apart = np.abs((turn[:, None] - turn[None, :] + 180.0) % 360.0 - 180.0)
    agree = apart < ANGLE_TOLERANCE
    common = agree[agree.sum(axis=1).argmax()]
    return first[common], second[common]


def _points(features: np.ndarray) -> np.ndarray:
    """(N, 2) float32, pixels."""
    return np.stack([features["x"], features["y"]], axis=1)


def _rigid_inliers(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(N,) bool: the inliers of a fundamental matrix or, where it has more, of a homography.

    Two pictures from one spot, or of one plane, leave the fundamental matrix undetermined, and OpenCV may
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
        except cv2.error:  # so it answers degenerate points, or with None
            continue
        if mask is not None:
            found.append(mask.ravel().astype(bool))
    return max(found, key=np.count_nonzero)


def _crowded(inliers: np.ndarray, features: np.ndarray) -> bool:
    spread = max(MIN_SPREAD * np.ptp(features, axis=0).max(), EPIPOLAR_TOLERANCE)
    return bool(inliers.std(axis=0).min() < spread)


def _count_in_region(inliers: np.ndarray, features: np.ndarray) -> int:
    """How many features lie in the convex hull of the inliers."""
    low, high = inliers.min(axis=0), inliers.max(axis=0)
    near = features[((low <= features) & (features <= high)).all(axis=1)]
    region = np.zeros((high - low).astype(int)[::-1] + 1, np.uint8)
    cv2.fillConvexPoly(region, cv2.convexHull((inliers - low).astype(np.int32)), (1,))
    x, y = (near - low).astype(int).T
    return int(region[y, x].sum())
