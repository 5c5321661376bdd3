"""A plain estimation of the relative pose, the same for all kinds of features, to compare with the product's.

Mutual nearest neighbours, then the essential matrix or, with depth, PnP, both by OpenCV.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

from benchmarks.verification.outcome import Outcome
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import RelativePose, View

RATIO = 0.85  # of SIFT and ORB: distance of the nearest by that of the second nearest
COSINE = 0.75  # of int8 descriptors, at least
PIXELS = 0.25  # tolerance of the essential matrix at 512 pixels; chosen on rendered training pairs
PNP_PIXELS = 2.0
FUNDAMENTAL_PIXELS = 2.0
LEAST = 8


def verify(query: View, match: View, kind: str) -> Outcome:
    """Relative pose of two images.

    Args:
        query, match: their features, as a finder returns them; depth in metres or NaN.
        kind: of the features.
    """
    first, second = matched(query.features["descriptor"], match.features["descriptor"], kind)
    if len(first) < LEAST:
        return Outcome(len(first))
    here, there = query.features[first], match.features[second]
    if not (_is_calibrated(query.camera) and _is_calibrated(match.camera)):
        return _uncalibrated(here, there)
    a, b = _rays(here, query.camera), _rays(there, match.camera)
    if np.isfinite(here["depth"]).any():
        return _metric(here["depth"], a, b, match.camera)
    focal = (_focal_at_512(query.camera) + _focal_at_512(match.camera)) / 2
    return _calibrated(a, b, PIXELS / focal)


def _is_calibrated(camera: Any) -> bool:
    return camera is not None and camera.intrinsics is not None


def _focal_at_512(camera: Any) -> float:
    """Focal length of the image reduced to 512 pixels."""
    return float(camera.intrinsics[0, 0]) * 512 / max(camera.width, camera.height)


def _calibrated(a: np.ndarray, b: np.ndarray, tolerance: float) -> Outcome:
    no_camera: Any = np.eye(3)
    try:
        essential, mask = cv2.findEssentialMat(
            a, b, no_camera, method=cv2.USAC_MAGSAC, prob=0.999, threshold=tolerance
        )
        if essential is None or essential.shape != (3, 3):
            return Outcome(len(a))
        inliers = int(np.count_nonzero(mask))
        _, rotation, translation, _ = cv2.recoverPose(essential, a, b, no_camera, mask=mask)
    except cv2.error:
        return Outcome(len(a))
    return Outcome(len(a), inliers, _pose(rotation, translation, False))


def _uncalibrated(query: np.ndarray, match: np.ndarray) -> Outcome:
    a, b = (np.stack([each["x"], each["y"]], axis=1) for each in (query, match))
    try:
        _, mask = cv2.findFundamentalMat(a, b, cv2.USAC_MAGSAC, FUNDAMENTAL_PIXELS, 0.999, 2000)
    except cv2.error:
        mask = None
    return Outcome(len(a), 0 if mask is None else int(np.count_nonzero(mask)))


def _metric(depth: np.ndarray, here: np.ndarray, there: np.ndarray, camera: Any) -> Outcome:
    known = np.isfinite(depth) & (depth > 0)
    if known.sum() < LEAST:
        return Outcome(len(depth))
    points = np.insert(here, 2, 1.0, axis=1) * depth[:, None]
    tolerance = PNP_PIXELS / float(camera.intrinsics[0, 0])
    done, rotation, translation, rows = cv2.solvePnPRansac(
        points[known],
        there[known],
        np.eye(3),
        np.zeros(4),
        reprojectionError=tolerance,
        iterationsCount=500,
    )
    if not done or rows is None:
        return Outcome(len(depth))
    return Outcome(len(depth), len(rows), _pose(cv2.Rodrigues(rotation)[0], translation, True))


def _pose(rotation: np.ndarray, translation: np.ndarray, scale: bool) -> RelativePose:
    pose = Pose(translation.ravel(), Rotation.from_matrix(rotation).as_quat())
    return RelativePose(pose, np.full((6, 6), np.nan), scale)


def _rays(features: np.ndarray, camera: Any) -> np.ndarray:
    points = np.stack([features["x"], features["y"]], axis=1).astype(float)[:, None]
    if camera.distortion_model == "equidistant":
        return cv2.fisheye.undistortPoints(points, camera.intrinsics, camera.distortion)[:, 0]
    return cv2.undistortPoints(points, camera.intrinsics, camera.distortion)[:, 0]


def matched(query: np.ndarray, match: np.ndarray, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Rows of mutual nearest neighbours.

    Args:
        query, match: (N, n) descriptors.
        kind: "network" (the bytes are int8), "orb" or "sift".
    """
    if min(len(query), len(match)) < 2:
        return np.zeros(0, int), np.zeros(0, int)
    if kind == "network":
        a, b = (np.ascontiguousarray(each).view(np.int8).astype(np.float32) / 127 for each in (query, match))
        similar = a @ b.T
        good = similar.max(axis=1) >= COSINE
    else:
        norm = cv2.NORM_HAMMING if kind == "orb" else cv2.NORM_L2
        matcher = cv2.BFMatcher(norm)
        pairs = matcher.knnMatch(np.ascontiguousarray(query), np.ascontiguousarray(match), k=2)
        back = matcher.match(np.ascontiguousarray(match), np.ascontiguousarray(query))
        rows = [
            (a.queryIdx, a.trainIdx)
            for a, b in pairs
            if a.distance < RATIO * b.distance and back[a.trainIdx].trainIdx == a.queryIdx
        ]
        first, second = np.array(rows, int).reshape(-1, 2).T
        return first, second
    nearest, back = similar.argmax(axis=1), similar.argmax(axis=0)
    first = np.flatnonzero((back[nearest] == np.arange(len(nearest))) & good)
    return first, nearest[first]
