"""ORB features (Rublee et al., ICCV 2011), for where no network can run."""

import cv2
import numpy as np

from place_recognition_ros.descriptor.feature_finder import FeatureFinder, to_original
from place_recognition_ros.images import check_image, shrink
from place_recognition_ros.types import FEATURE, FeatureKind

LONGER_SIDE = 480  # pixels; larger images are reduced to it first


class OrbFinder(FeatureFinder):
    """Finds ORB features; their descriptors are 256 bits.

    Args:
        count: how many at most.
    """

    kind = FeatureKind.ORB
    model_id = FeatureKind.ORB.value
    decision = {  # noqa: RUF012  not changed; python -m training.calibrate --features orb --prior=-1
        "bias": -3.911,
        "coverage": 3.224,
        "inliers": 1.963,
        "aliasing": -1.0,
        "typical": 0.0,
        "correlation": 0.42,
        "prior": -1.0,
    }

    def __init__(self, count: int) -> None:
        self._orb = cv2.ORB_create(nfeatures=count, fastThreshold=7)  # type: ignore[attr-defined]

    def find(self, image: np.ndarray) -> np.ndarray:
        check_image(image)
        small = shrink(image, LONGER_SIDE)
        gray = small if small.ndim == 2 else cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
        if min(gray.shape) <= 2 * self._orb.getEdgeThreshold():
            return np.zeros(0, FEATURE)  # all border; OpenCV throws where its pyramid runs out of pixels
        keypoints, descriptors = self._orb.detectAndCompute(gray, None)
        features = np.zeros(len(keypoints), FEATURE)
        if len(keypoints):
            points = np.array([each.pt for each in keypoints], np.float32)
            features["x"], features["y"] = to_original(points, gray.shape, image.shape).T
            features["depth"] = np.nan
            features["descriptor"] = descriptors
        return features
