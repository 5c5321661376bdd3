"""Descriptors and local features in few bytes: numbers with fewer levels, which zlib then makes shorter.

A descriptor of 512 numbers takes 512 bytes, about 405 of them after zlib; the error of a cosine is below
1e-3. A feature takes 38 bytes, about 23 after zlib; its descriptor turns by 4.5 degrees.
"""

import numpy as np

from place_recognition_ros.errors import FleetError
from place_recognition_ros.types import FEATURE, FeatureKind

LEVELS = 63  # of a component of a descriptor, on either side of zero
STEP = 6  # of a component of a local feature's descriptor, of ±127
SUBPIXEL = 8  # positions per pixel, up to 8191 pixels
MAX_INT8 = 127 // STEP

FEATURE_BYTES = 23  # of a feature after zlib, about
PACKED = np.dtype([("x", "<u2"), ("y", "<u2"), ("depth", "<f2"), ("descriptor", "u1", (32,))])
"""One local feature on its way."""


def pack_descriptors(descriptors: np.ndarray) -> bytes:
    """(N, D) float32, unit norm → N·D bytes."""
    highest = np.abs(descriptors).max(axis=1, initial=1e-9, keepdims=True)
    return np.round(descriptors * (LEVELS / highest)).astype(np.int8).tobytes()


def unpack_descriptors(content: bytes, count: int) -> np.ndarray:
    """The descriptors, (count, D) float32, unit norm.

    Raises:
        FleetError: if one has no direction.
    """
    whole = np.frombuffer(content, np.int8).reshape(count, -1).astype(np.float32)
    norms = np.linalg.norm(whole, axis=1, keepdims=True)
    if not norms.all():
        raise FleetError("expected descriptors that are not zero. Received: zeros")
    return np.asarray(whole / norms, np.float32)


def pack_features(features: np.ndarray, kind: FeatureKind) -> bytes:
    """(N,) ``FEATURE`` → N · ``PACKED.itemsize`` bytes: all x, then all y and so on, which zlib prefers."""
    packed = np.zeros(len(features), PACKED)
    for axis in ("x", "y"):
        packed[axis] = np.clip(np.round(np.nan_to_num(features[axis]) * SUBPIXEL), 0, 65535)
    packed["depth"] = features["depth"]
    descriptors = features["descriptor"]
    if kind == FeatureKind.NETWORK:
        numbers = np.ascontiguousarray(descriptors).view(np.int8) / STEP
        descriptors = np.round(numbers).astype(np.int8).view(np.uint8)
    packed["descriptor"] = descriptors
    return b"".join(packed[name].tobytes() for name in PACKED.names or ())


def unpack_features(content: bytes, kind: FeatureKind) -> np.ndarray:
    """The features, (N,) ``FEATURE``; of any content that has a whole number of them."""
    count, start = len(content) // PACKED.itemsize, 0
    features = np.zeros(count, FEATURE)
    for name in PACKED.names or ():
        part = PACKED[name]
        stop = start + count * part.itemsize
        column = np.frombuffer(content[start:stop], part.base).reshape((count, *part.shape))
        features[name] = column / SUBPIXEL if name in ("x", "y") else column
        start = stop
    if kind == FeatureKind.NETWORK:
        levels = np.ascontiguousarray(features["descriptor"]).view(np.int8).astype(int)
        numbers = np.clip(levels, -MAX_INT8, MAX_INT8) * STEP
        features["descriptor"] = numbers.astype(np.int8).view(np.uint8)
    depth = features["depth"]
    depth[~(depth > 0)] = np.nan  # also the infinite ones of a damaged message are no depth
    features["depth"] = np.where(np.isfinite(depth), depth, np.nan)
    return features
