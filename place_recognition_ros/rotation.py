"""Images of a camera that is mounted upside down or on its side.

The networks see the image upright; the coordinates of local features, the calibration, the depth image and
the pose of the camera are those of the image as the camera gives it.
"""

import cv2
import numpy as np

_CODES = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


def rotate(image: np.ndarray, degrees: int) -> np.ndarray:
    """The image rotated clockwise.

    Args:
        image: (H, W) or (H, W, 3).
        degrees: 0, 90, 180 or 270.
    """
    return image if degrees == 0 else cv2.rotate(image, _CODES[degrees])


def rotate_back(features: np.ndarray, degrees: int, width: int, height: int) -> np.ndarray:
    """Features of a rotated image in coordinates of the image before its rotation.

    Args:
        features: (N,) with fields ``x`` and ``y``, pixels of ``rotate(image, degrees)``.
        degrees: 0, 90, 180 or 270.
        width: of the image before its rotation, pixels.
        height: of the image before its rotation, pixels.

    Returns:
        (N,) of the same type; 0: centre of the first pixel.
    """
    if degrees == 0:
        return features
    x, y = features["x"], features["y"]
    right, bottom = width - 1, height - 1
    original = {90: (y, bottom - x), 180: (right - x, bottom - y), 270: (right - y, x)}[degrees]
    rotated = features.copy()
    rotated["x"], rotated["y"] = original
    return rotated
