"""The local features of place_recognition_ros inside RTAB-Map: a script for PyDetector/Path.

RTAB-Map (corelib/src/python/PyDetector.cpp) imports it in an embedded interpreter, which finds packages in
PYTHONPATH. It calls init once, and detect for each image. It aborts if the arrays have other types.
Its parameters for it: docs/connect.md.
"""

from typing import Optional, Tuple

import numpy as np

from place_recognition_ros.descriptor.feature_finder import FeatureFinder
from place_recognition_ros.descriptor.local_features import open_feature_finder

COUNT = 1000  # features at most; RTAB-Map keeps Kp/MaxFeatures and Vis/MaxFeatures of them
UNIT = 127.0  # length of a descriptor of int8

_finder: Optional[FeatureFinder] = None


def init(cuda: int) -> None:
    """Open the network; ``cuda``: PyDetector/Cuda, not used: TensorRT is used where it works."""


def detect(image: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """The local features of an image, best first.

    Args:
        image: (H, W) uint8 gray; valid during the call.

    Returns:
        (N, 3) float32: x, y in pixels and the response, which RTAB-Map ranks by; (N, 32) float32, unit norm.
    """
    global _finder  # noqa: PLW0603  RTAB-Map calls functions
    if _finder is None:
        _finder = open_feature_finder(count=COUNT)
    features = _finder.find(np.ascontiguousarray(image))
    response = 1 - np.arange(len(features)) / COUNT
    points = np.stack([features["x"], features["y"], response], axis=1).astype(np.float32)
    return points, features["descriptor"].view(np.int8).astype(np.float32) / np.float32(UNIT)
