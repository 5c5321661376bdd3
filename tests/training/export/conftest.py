import cv2
import numpy as np
import pytest


@pytest.fixture(scope="module")
def images():
    """Images that a network of random weights can distinguish."""
    small = np.random.default_rng(0).integers(0, 255, (4, 3, 4, 3), np.uint8)
    return [cv2.resize(image, (80, 60), interpolation=cv2.INTER_CUBIC) for image in small]
