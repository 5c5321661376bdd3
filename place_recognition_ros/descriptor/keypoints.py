"""From the output of a local-feature network to keypoints with descriptors. NumPy and OpenCV only."""

from typing import Tuple

import cv2
import numpy as np

from place_recognition_ros.descriptor.model_card import CELL

WINDOW = np.ones((5, 5), np.uint8)  # pixels; a keypoint has the highest score in it
BORDER = 2  # pixels at the edges of the image without keypoints: what is beyond is not known
DISTINCT = -6.0  # logit below which a pixel is no keypoint; noise on a covered lens stays below
INT8 = 127  # of a component of 1


def scores_of(maps: np.ndarray, size: int) -> np.ndarray:
    """(H, W) float32 score logits of an output (H/4, W/4, size + 16), see ``ModelCard.output_shape``."""
    rows, columns = maps.shape[:2]
    cells = maps[..., size:].reshape(rows, columns, CELL, CELL)
    return np.ascontiguousarray(cells.transpose(0, 2, 1, 3)).reshape(rows * CELL, columns * CELL)


def select(scores: np.ndarray, shown: Tuple[int, int], count: int) -> np.ndarray:
    """The best local maxima of the scores, to a fraction of a pixel.

    Args:
        scores: (H, W) float32 logits.
        shown: height and width of the part, from the first pixel, that is image; the rest is padding.
        count: how many at most.

    Returns:
        (N, 2) float32, x and y in pixels of ``scores``, best first; (0, 0) is the centre of the first pixel.
    """
    width = scores.shape[1]
    peaks = scores == cv2.dilate(scores, WINDOW)
    peaks &= scores > DISTINCT
    bottom, right = (max(0, side - BORDER) for side in shown)
    peaks[:BORDER] = peaks[bottom:] = peaks[:, :BORDER] = peaks[:, right:] = False
    flat, at = scores.ravel(), np.flatnonzero(peaks)
    if len(at) > count:
        at = at[np.argpartition(-flat[at], count)[:count]]
    at = at[np.argsort(-flat[at], kind="stable")]
    x, y = at % width + _offset(flat, at, 1), at // width + _offset(flat, at, width)
    return np.stack([x, y], axis=1).astype(np.float32)


def _offset(flat: np.ndarray, at: np.ndarray, step: int) -> np.ndarray:
    """Where the parabola through a maximum and its two neighbours is highest, −0.5 to 0.5 pixels."""
    before, centre, after = flat[at - step], flat[at], flat[at + step]
    curvature = np.maximum(2 * centre - before - after, np.float32(1e-6))
    return np.clip((after - before) / (2 * curvature), -0.5, 0.5)


def sample(maps: np.ndarray, points: np.ndarray, size: int) -> np.ndarray:
    """Descriptors at points, by bilinear interpolation between the centres of the cells.

    Args:
        maps: (h, w, ≥size) float32, see ``ModelCard.output_shape``.
        points: (N, 2) float32, x and y in pixels of the network's input.
        size: of a descriptor.

    Returns:
        (N, size) int8: 127 times the unit vector.
    """
    rows, columns = maps.shape[:2]
    cells = np.clip((points + 0.5) / CELL - 0.5, 0, np.array([columns - 1, rows - 1]) - 1e-3)
    low = cells.astype(int)
    right, down = (cells - low).astype(np.float32).T[..., np.newaxis]
    cell, flat = low[:, 1] * columns + low[:, 0], maps.reshape(rows * columns, -1)
    left_above, right_above, left_below, right_below = (
        flat[cell + step, :size] for step in (0, 1, columns, columns + 1)
    )
    upper = left_above * (1 - right) + right_above * right
    lower = left_below * (1 - right) + right_below * right
    vectors = upper * (1 - down) + lower * down
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.round(INT8 * vectors / np.maximum(norms, 1e-6)).astype(np.int8)


def find(maps: np.ndarray, shown: Tuple[int, int], count: int) -> Tuple[np.ndarray, np.ndarray]:
    """Keypoints and descriptors of an output; see :func:`select` and :func:`sample`."""
    size = maps.shape[-1] - CELL * CELL
    points = select(scores_of(maps, size), shown, count)
    return points, sample(maps, points, size)
