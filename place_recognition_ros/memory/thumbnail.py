"""The small image that is kept of a keyframe."""

import cv2
import numpy as np

from place_recognition_ros.images import shrink

LONGER_SIDE = 320  # pixels
_JPEG = [cv2.IMWRITE_JPEG_QUALITY, 70]  # 7 to 11 kB


def thumbnail(image: np.ndarray) -> bytes:
    """A small JPEG of an image, its aspect ratio kept: enough to describe it again with another model."""
    return cv2.imencode(".jpg", shrink(image, LONGER_SIDE), _JPEG)[1].tobytes()
