"""Whether an image shows anything: not a covered lens, fog on it, a wall, or the noise of a dark sensor.

Networks normalise contrast, and find features in the noise of such images.
"""

import cv2
import numpy as np

from place_recognition_ros.images import check_image

LONGER_SIDE = 160  # pixels of the reduced image that is examined
CELL = 8  # pixels of it
BEST = 90  # percentile of the cells: a tenth of the image is enough
LEAST_BY_NOISE = 0.4  # gradient by noise; without content at most 0.38, in dark corridors at least 0.46
CLEAR = 1.8  # gray levels per pixel: more than noise makes, however strong; fine texture resembles noise
ROUNDING = 0.3  # gray levels, noise of 8 bits
_SECOND_DIFFERENCES = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)  # Immerkær, CVIU 1996
_DEVIATION = 1 / (6 * 0.6745)  # of the noise, by the median of the absolute second differences


def is_informative(image: np.ndarray) -> bool:
    """Whether a tenth of an image has structure in two directions that noise does not explain.

    Args:
        image: (H, W, 3) uint8 BGR or (H, W) uint8 gray.

    Raises:
        ImageError: if it has another type or shape.
    """
    check_image(image)
    scale = LONGER_SIDE / max(image.shape[:2])
    rows, columns = (max(2, round(scale * side / CELL)) * CELL for side in image.shape[:2])
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(image, (columns, rows), interpolation=interpolation)
    gray = small if small.ndim == 2 else cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    structure = float(np.percentile(_structure(gray), BEST))
    return structure >= CLEAR or structure >= LEAST_BY_NOISE * _noise(gray)


def _noise(gray: np.ndarray) -> float:
    """Standard deviation of the noise, gray levels."""
    differences = cv2.filter2D(gray.astype(np.float32), -1, _SECOND_DIFFERENCES)
    return _DEVIATION * float(np.median(np.abs(differences))) + ROUNDING


def _structure(gray: np.ndarray) -> np.ndarray:
    """RMS gradient of each cell in the direction in which it is lower, gray levels per pixel."""
    clean = cv2.medianBlur(gray, 3).astype(np.float32)  # the median removes hot pixels
    smooth = cv2.GaussianBlur(clean, (0, 0), 1.5)
    x, y = (cv2.Sobel(smooth, cv2.CV_32F, *order, scale=1 / 8) for order in ((1, 0), (0, 1)))
    size = (gray.shape[1] // CELL, gray.shape[0] // CELL)
    xx, yy, xy = (cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (x * x, y * y, x * y))
    smaller = (xx + yy) / 2 - np.sqrt(((xx - yy) / 2) ** 2 + xy * xy)
    return np.asarray(np.sqrt(np.maximum(smaller, 0)))
