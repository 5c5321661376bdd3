"""A plain estimation of the relative pose, the same for all kinds of features, to compare with the product's.

Mutual nearest neighbours, then the essential matrix or, with depth, PnP, both by OpenCV.
"""

from __future__ import annotations

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

from benchmarks.verification.outcome import Outcome
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import Camera, RelativePose

RATIO = 0.85  # of SIFT and ORB: distance of the nearest by that of the second nearest
COSINE = 0.75  # of int8 descriptors, at least
PIXELS = 1.0  # tolerance of the essential matrix at 512 pixels
PNP_PIXELS = 2.0
LEAST = 8


def verify(query: np.ndarray, match: np.ndarray, cameras: tuple[Camera, Camera], kind: str) -> Outcome:
    """Relative pose of two images.

    Args:
        query, match: (N,) features as a finder returns them, depth in metres or NaN.
        cameras: with intrinsics.
        kind: of the features.
    """
    first, second = matched(query["descriptor"], match["descriptor"], kind)
    if len(first) < LEAST:
        return Outcome(len(first))
    rays = [_rays(f[rows], c) for f, rows, c in ((query, first, cameras[0]), (match, second, cameras[1]))]
    if np.isfinite(query["depth"]).any():
        return _metric(query["depth"][first], rays, cameras[1])
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


def _rays(features: np.ndarray, camera: Camera) -> np.ndarray:
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
