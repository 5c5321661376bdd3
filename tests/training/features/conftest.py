"""Images for the training of local features, and a teacher."""

import cv2
import numpy as np
import pytest


@pytest.fixture(scope="session")
def smooth():
    """(240, 320) uint8 whose gray value changes by a few levels from pixel to pixel."""
    coarse = np.random.default_rng(3).integers(30, 226, (8, 10)).astype(np.uint8)
    return cv2.resize(coarse, (320, 240), interpolation=cv2.INTER_CUBIC)


@pytest.fixture(scope="session")
def teacher(tmp_path_factory):
    """The teacher of fake_teacher."""
    pytest.importorskip("onnx", reason="training needs requirements/training.txt")
    pytest.importorskip("keras", reason="training needs requirements/training.txt")
    from tests.training.features.fake_teacher import write_teacher
    from training.features.teacher import Teacher

    path = tmp_path_factory.mktemp("teacher") / "teacher.onnx"
    write_teacher(path)
    return Teacher(path)


@pytest.fixture(scope="session")
def gray_at():
    """``gray_at(image, points)``: (N,) values by bilinear interpolation; beyond the edge, the edge's."""

    def gray_at(image, points):
        x, y = np.float32(points).T
        return cv2.remap(
            image.astype(np.float32), x[None], y[None], cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE
        )[0]

    return gray_at
