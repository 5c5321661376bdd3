"""Local features: points of an image that are found again from another viewpoint.

ORB (Rublee et al., ICCV 2011).
"""

import cv2
import numpy as np

from place_recognition_ros.images import shrink
from place_recognition_ros.types import FEATURE


class FeatureFinder:
    """Finds ORB features.

    Args:
        count: how many at most.
        longer_side: pixels; larger images are reduced to it first.
    """

    def __init__(self, count: int, longer_side: int) -> None:
        self._longer_side = longer_side
        self._orb = cv2.ORB_create(nfeatures=count, fastThreshold=7)  # type: ignore[attr-defined]

    def find(self, image: np.ndarray) -> np.ndarray:
        """(N,) ``FEATURE`` of an image, (H, W, 3) uint8 BGR or (H, W) uint8 gray.

        Coordinates are pixels of ``image`` itself: the centre of its first pixel is (0, 0).
        """
        small = shrink(image, self._longer_side)
        gray = small if small.ndim == 2 else cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
        if min(gray.shape) <= 2 * self._orb.getEdgeThreshold():
            return np.zeros(0, FEATURE)  # all border; OpenCV throws where its pyramid runs out of pixels
        points, descriptors = self._orb.detectAndCompute(gray, None)
        features = np.zeros(len(points), FEATURE)
        if len(points):
            features["x"], features["y"] = np.array([point.pt for point in points], np.float32).T
            features["depth"] = np.nan
            features["descriptor"] = descriptors
        if small is not image:
            scale_y, scale_x = (whole / part for whole, part in zip(image.shape, gray.shape))
            features["x"] = (features["x"] + 0.5) * scale_x - 0.5
            features["y"] = (features["y"] + 0.5) * scale_y - 0.5
        return features
