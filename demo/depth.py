"""Depth images of the drive: small 8-bit files, one level for each 4.6 % of distance."""

from typing import Tuple

import cv2
import numpy as np

NEAR, FAR = 0.5, 25.0  # metres; outside of them the depth is not known, as with a depth camera
STEP = 3 * np.log(FAR / NEAR) / 254  # of the logarithm of the depth, per level; level 0: not known
METRES = np.append(0.0, NEAR * np.exp(STEP * np.arange(255))).astype(np.float32)
STORED = (96, 72)  # width and height of a file, pixels
DECODED = (320, 240)  # of a decoded depth image: the size of the drive's images
ONE_SURFACE = 1.25  # neighbouring pixels whose depths differ by a larger factor show two surfaces
LOSSLESS = 101  # as the quality of a WebP file


def encode(depth: np.ndarray) -> bytes:
    """A lossless WebP file of the size ``STORED``, of the nearest pixels.

    Args:
        depth: (H, W) float32 metres along the optical axis; 0: not known.
    """
    rows, columns = (
        ((np.arange(new) + 0.5) * old / new).astype(int) for new, old in zip(STORED[::-1], depth.shape)
    )
    depth = depth[np.ix_(rows, columns)]
    known = (depth >= NEAR) & (depth <= FAR)
    level = 1 + np.round(np.log(np.where(known, depth, NEAR) / NEAR) / STEP)
    gray = np.where(known, level, 0).astype(np.uint8)
    image = cv2.merge([gray, gray, gray])  # WebP has no gray images
    return cv2.imencode(".webp", image, [cv2.IMWRITE_WEBP_QUALITY, LOSSLESS])[1].tobytes()


def decode(data: bytes) -> np.ndarray:
    """(240, 320) float32 metres, 0 where not known, from a file of :func:`encode`."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    return enlarge(METRES[image[:, :, 0]], DECODED)


def enlarge(depth: np.ndarray, size: Tuple[int, int]) -> np.ndarray:
    """A larger depth image: interpolated within a surface, the nearest pixel at edges and at unknown depth.

    The inverse of the depth is interpolated; it is linear in the image of a plane.

    Args:
        depth: (h, w) float32 metres; 0: not known.
        size: width and height, pixels.

    Returns:
        (H, W) float32 metres; 0: not known.
    """
    (row, down), (column, right) = (_between(old, new) for old, new in zip(depth.shape, size[::-1]))
    nearest = depth[np.ix_(row + (down > 0.5), column + (right > 0.5))]
    corners = np.array([depth[np.ix_(row + i, column + j)] for i in (0, 1) for j in (0, 1)])
    low, high = corners.min(axis=0), corners.max(axis=0)
    weights = [np.outer(i, j) for i in (1 - down, down) for j in (1 - right, right)]
    inverse = np.sum(weights / np.maximum(corners, NEAR / 2), axis=0)
    one_surface = (low > 0) & (high <= ONE_SURFACE * low)
    return np.where(one_surface, 1 / inverse, nearest).astype(np.float32)


def _between(old: int, new: int) -> Tuple[np.ndarray, np.ndarray]:
    """The index before each of ``new`` pixels among ``old`` ones, and the way to the next index, 0 … 1."""
    position = (np.arange(new) + 0.5) * old / new - 0.5
    before = np.clip(np.floor(position), 0, old - 2).astype(int)
    return before, np.clip(position - before, 0, 1)
