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
from place_recognition_ros.types import Camera, RelativePose, View

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
    cameras = [view.camera for view in (query, match)]
    if cameras[0] is None or cameras[1] is None or any(c is None or c.intrinsics is None for c in cameras):
        return _uncalibrated(query.features[first], match.features[second])
    rays = [_rays(v.features[rows], v.camera) for v, rows in ((query, first), (match, second))]
    if np.isfinite(query.features["depth"]).any():
        return _metric(query.features["depth"][first], rays, cameras[1])
    tolerance = PIXELS / np.mean([c.intrinsics[0, 0] * 512 / max(c.width, c.height) for c in cameras])  # type: ignore[index]
    try:
        essential, mask = cv2.findEssentialMat(
            *rays, np.eye(3), method=cv2.USAC_MAGSAC, prob=0.999, threshold=float(tolerance)
        )
        if essential is None or essential.shape != (3, 3):
            return Outcome(len(first))
        inliers = int(np.count_nonzero(mask))
        _, rotation, translation, _ = cv2.recoverPose(essential, *rays, np.eye(3), mask=mask)
    except cv2.error:
        return Outcome(len(first))
    return Outcome(len(first), inliers, _pose(rotation, translation, False))


def _uncalibrated(query: np.ndarray, match: np.ndarray) -> Outcome:
    a, b = (np.stack([each["x"], each["y"]], axis=1) for each in (query, match))
    try:
        _, mask = cv2.findFundamentalMat(a, b, cv2.USAC_MAGSAC, FUNDAMENTAL_PIXELS, 0.999, 2000)
    except cv2.error:
        mask = None
    return Outcome(len(a), 0 if mask is None else int(np.count_nonzero(mask)))


def _metric(depth: np.ndarray, rays: list[np.ndarray], camera: Camera) -> Outcome:
    known = np.isfinite(depth) & (depth > 0)
    points = np.concatenate([rays[0], np.ones((len(depth), 1))], axis=1) * depth[:, None]
    if known.sum() < LEAST:
        return Outcome(len(depth))
    tolerance = PNP_PIXELS / float(camera.intrinsics[0, 0])  # type: ignore[index]
    done, rotation, translation, rows = cv2.solvePnPRansac(
        points[known], rays[1][known], np.eye(3), None, reprojectionError=tolerance, iterationsCount=500
    )
    if not done or rows is None:
        return Outcome(len(depth))
    pose = _pose(cv2.Rodrigues(rotation)[0], translation, True)
    return Outcome(len(depth), len(rows), pose)


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
