"""Depth images: what is accepted, and the depth at points of the image.

Units and invalid values follow REP 118: float32 metres or uint16 millimetres along the optical axis; 0, NaN
and ±infinity mean that the depth is not known.
"""

from typing import Any, Optional

import numpy as np

from place_recognition_ros.errors import KeyframeError

MIN_DEPTH = 0.05  # metres; less is an error of the sensor
MIN_VALID = 5  # of the 3×3 pixels around a point
MAX_STEP = 0.06  # of the depth, across 3 pixels: more is an edge, or a surface seen at a grazing angle

_AROUND = np.array([(row, column) for row in (-1, 0, 1) for column in (-1, 0, 1)])


def check_depth(depth: Any, width: int, height: int) -> None:
    """Refuse what is not a depth image of an image of this size.

    It may be larger or smaller than the image, if the aspect ratio is the same to within a pixel: both then
    show the same field of view.

    Args:
        depth: (h, w) float32 metres or uint16 millimetres.
        width: of the image, pixels.
        height: of the image, pixels.

    Raises:
        KeyframeError: if it has another type, shape or aspect ratio.
    """
    expected = f"expected a depth image (h, w) float32 or uint16 of the aspect ratio {width}:{height}"
    if not isinstance(depth, np.ndarray):
        raise KeyframeError(f"{expected}. Received: {type(depth).__name__}")
    is_number = depth.dtype in (np.float32, np.uint16)
    if not is_number or depth.ndim != 2 or 0 in depth.shape:
        raise KeyframeError(f"{expected}. Received: {depth.dtype} {depth.shape}")
    rows, columns = depth.shape
    if abs(rows * width - columns * height) > max(width, height, rows, columns):
        raise KeyframeError(f"{expected}. Received: {columns}×{rows}")


def with_depth(
    features: np.ndarray, depth: Optional[np.ndarray], width: int, height: int, max_depth: float
) -> np.ndarray:
    """Features with the depth at their points.

    It is the median of the valid pixels around the point, and not known where fewer than 5 of 9 are valid or
    near and far ones mix: there, a point of the image belongs to one surface and the depth to another.

    Args:
        features: (N,) ``FEATURE``, in pixels of the image.
        depth: a depth image that ``check_depth`` accepts; None: the depth stays as it is.
        width: of the image, pixels.
        height: of the image, pixels.
        max_depth: metres; what is farther is not known.

    Returns:
        (N,) ``FEATURE``; its ``depth`` is NaN where it is not known.
    """
    if depth is None:
        return features
    rows, columns = depth.shape
    middle = [
        np.rint((features[name] + 0.5) * (new / old) - 0.5).astype(int)
        for name, new, old in (("y", rows, height), ("x", columns, width))
    ]
    row = np.clip(middle[0][:, np.newaxis] + _AROUND[:, 0], 0, rows - 1)
    column = np.clip(middle[1][:, np.newaxis] + _AROUND[:, 1], 0, columns - 1)
    metres = depth[row, column] * np.float32(0.001 if depth.dtype == np.uint16 else 1.0)
    with np.errstate(invalid="ignore"):  # NaN is compared
        metres[~((metres >= MIN_DEPTH) & (metres <= max_depth))] = np.nan
    metres.sort(axis=1)  # NaN last
    valid = np.count_nonzero(~np.isnan(metres), axis=1)
    every = np.arange(len(metres))
    median = metres[every, np.maximum(valid - 1, 0) // 2]
    step = metres[every, np.maximum(valid - 1, 0)] - metres[:, 0]
    with np.errstate(invalid="ignore"):
        known = (valid >= MIN_VALID) & (step <= MAX_STEP * median)
    features = features.copy()
    features["depth"] = np.where(known, median, np.nan)
    return features
