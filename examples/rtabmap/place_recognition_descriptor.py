"""The global descriptor of place_recognition_ros inside RTAB-Map: a script for PyDescriptor/Path.

RTAB-Map (corelib/src/python/PyDescriptor.cpp) imports it in an embedded interpreter, which finds packages in
PYTHONPATH. It calls init, and extract for each image, maybe in another thread. It crashes if init raises.
Its parameters for it: docs/connect.md.
"""

from typing import Optional

import numpy as np

from place_recognition_ros.descriptor import Extractor, open_extractor

_extractor: Optional[Extractor] = None


def init(size: int) -> None:
    """Open the network; ``size``: PyDescriptor/Dim, not used: the network decides."""


def extract(image: np.ndarray) -> np.ndarray:
    """The descriptor of an image.

    Args:
        image: (H, W, C) int8, whose bytes are the uint8 of a BGR or a gray image; valid during the call.

    Returns:
        (1, D) float32, unit norm.
    """
    global _extractor  # noqa: PLW0603  RTAB-Map calls functions
    if _extractor is None:
        _extractor = open_extractor()
    pixels = np.ascontiguousarray(image).view(np.uint8)
    return _extractor.describe(pixels if pixels.shape[2] == 3 else pixels[..., 0])[np.newaxis]
