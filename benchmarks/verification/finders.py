"""Feature finders that are compared: the product's, ORB, SIFT, and a published network as a yardstick."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from benchmarks.verification.sets import DATA
from place_recognition_ros.descriptor import keypoints
from place_recognition_ros.descriptor.feature_finder import to_original
from place_recognition_ros.descriptor.local_features import open_feature_finder
from place_recognition_ros.types import FEATURE

TEACHER = DATA / "edgepoint2" / "t32.onnx"
STEP = 32  # the published network needs sides that are multiples of it
WINDOW = 5  # pixels; a keypoint has the highest score in it
ORB_COUNT, SIFT_COUNT = 600, 600
LONGER_SIDE = 512  # pixels; larger images are reduced to it for ORB and SIFT


class Missing(Exception):
    """A finder that cannot be measured here; the text says why."""


class Finder(NamedTuple):
    """A kind of local features.

    ``find`` returns x, y in original pixels, and descriptors of one type: for "orb" (N, 32) uint8, compared
    by Hamming distance; for "network" (N, 32) int8, compared by cosine; for "sift" (N, 128) float32.
    """

    name: str
    kind: Any  # a FeatureKind, or "sift"
    find: Callable[[np.ndarray], np.ndarray]  # image, uint8 BGR → (N,) of x, y, descriptor
    bytes_each: int  # stored for one feature: coordinates, depth and descriptor


SIFT_FEATURE = np.dtype([("x", "<f4"), ("y", "<f4"), ("depth", "<f4"), ("descriptor", "<f4", (128,))])


@functools.lru_cache(maxsize=None)
def open_finder(name: str) -> Finder:
    """A finder by its name in ``FINDERS``, or by the path of an ONNX file with its card.

    Raises:
        Missing: if it is not available here.
        ModelError: if the network or its card is missing or damaged.
    """
    return FINDERS.get(name, _product)(name)


def _product(name: str) -> Finder:
    finder = open_feature_finder({"default": ""}.get(name, name))
    return Finder(Path(name).stem, finder.kind.value, finder.find, FEATURE.itemsize)


def _orb(name: str) -> Finder:
    orb = cv2.ORB_create(nfeatures=ORB_COUNT, fastThreshold=7)  # type: ignore[attr-defined]
    return Finder(name, "orb", functools.partial(_opencv, orb, FEATURE), FEATURE.itemsize)


def _sift(name: str) -> Finder:
    sift = cv2.SIFT_create(nfeatures=SIFT_COUNT)  # type: ignore[attr-defined]
    return Finder(name, "sift", functools.partial(_opencv, sift, SIFT_FEATURE), 12 + 128)


def _opencv(detector: Any, dtype: np.dtype, image: np.ndarray) -> np.ndarray:
    gray = _gray(image)
    scale = min(1.0, LONGER_SIDE / max(gray.shape))
    small = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else gray
    points, descriptors = detector.detectAndCompute(small, None)
    features = np.zeros(len(points), dtype)
    if len(points):
        x, y = np.array([point.pt for point in points], np.float32).T
        features["x"], features["y"] = original(x, y, small.shape, gray.shape)
        features["descriptor"] = descriptors
    features["depth"] = np.nan
    return features


def _teacher(longer_side: int, count: int, name: str) -> Finder:
    if not TEACHER.is_file():
        raise Missing(f"the network {TEACHER.name} of EdgePoint2 is not in ../shared/data")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(TEACHER), options, providers=["CPUExecutionProvider"])
    find = functools.partial(_find_with_teacher, session, longer_side, count)
    return Finder(name, "network", find, FEATURE.itemsize)


def _find_with_teacher(session: Any, longer_side: int, count: int, image: np.ndarray) -> np.ndarray:
    gray = _gray(image)
    scale = longer_side / max(gray.shape)
    height, width = (max(STEP, round(side * scale / STEP) * STEP) for side in gray.shape)
    small = cv2.resize(gray, (width, height), interpolation=cv2.INTER_AREA)
    maps, score = session.run(["features", "score"], {"image": small[None, None].astype(np.float32)})
    x, y = strongest(score[0, 0], count)
    features = np.zeros(len(x), FEATURE)
    features["descriptor"] = sampled(maps[0], x, y).view(np.uint8)
    features["depth"] = np.nan
    features["x"], features["y"] = original(x, y, small.shape, gray.shape)
    return features


def strongest(score: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Columns and rows of the local maxima of a score map, best first.

    Args:
        score: (H, W) float32.
        count: how many at most.
    """
    peak = score == cv2.dilate(score, np.ones((WINDOW, WINDOW), np.uint8))
    rows, columns = np.nonzero(peak)
    order = np.argsort(-score[rows, columns], kind="stable")[:count]
    return columns[order].astype(np.float32), rows[order].astype(np.float32)


def sampled(maps: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(N, 32) int8: unit vectors × 127, interpolated in a map of 4-pixel cells.

    Args:
        maps: (32, H/4, W/4) float32.
        x, y: (N,) float32 pixels.
    """
    points = np.stack([x, y], axis=1)
    return keypoints.sample(np.moveaxis(maps, 0, -1), points, len(maps))


def original(x: np.ndarray, y: np.ndarray, small: tuple, whole: tuple) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates in the original image; (0, 0) is the centre of the first pixel of either image."""
    x, y = to_original(np.stack([x, y], axis=1), small, whole).T
    return x, y


def _gray(image: np.ndarray) -> np.ndarray:
    return image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)


FINDERS: dict[str, Callable[[str], Finder]] = {
    "default": _product,
    "orb": _product,
    "orb 600": _orb,
    "sift 600": _sift,
    "T32 320 px, 360": functools.partial(_teacher, 320, 360),
    "T32 512 px, 1000": functools.partial(_teacher, 512, 1000),
}
"""Name → function that opens the finder."""
