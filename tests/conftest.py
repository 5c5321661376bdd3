"""What all tests share. The tests of the run-time core run under Python 3.6 and newer."""

import os
import sys

import cv2
import numpy as np
import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# The catkin workspace goes before the source tree, wherever it stands: only it has the messages too.
sys.path[:] = [path for path in sys.path if os.path.abspath(path) != ROOT] + [ROOT]


@pytest.fixture(scope="session")
def root():
    """Path of the project."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data():
    """Path of the real pictures and weights, which are not part of the repository."""
    path = os.path.join(os.path.dirname(ROOT), "shared", "data")
    if not os.path.isdir(path):
        pytest.skip(f"the pictures are not here: {path}")
    return path


@pytest.fixture
def rng():
    """Random numbers, the same in every run."""
    return np.random.default_rng(20180101)


@pytest.fixture(scope="session")
def paint():
    """``paint(layout, texture, shift)``: a view of an invented place, (240, 320) uint8.

    The layout (large, soft) is what a global descriptor sees, the texture (small, hard-edged) what local
    features see; a look-alike has the layout of one place and the texture of another. ``shift``: pixels by
    which the camera stands beside the first view.
    """

    def paint(layout, texture=None, shift=0):
        numbers = np.random.default_rng(layout)
        soft = cv2.resize(numbers.random((6, 9)), (360, 240), interpolation=cv2.INTER_CUBIC)
        numbers = np.random.default_rng(1000 + (layout if texture is None else texture))
        hard = np.kron(numbers.integers(0, 2, (60, 90)), np.ones((4, 4)))
        canvas = np.clip(30 + 130 * soft + 60 * hard, 0, 255).astype(np.uint8)
        return np.ascontiguousarray(canvas[:, shift : shift + 320])

    return paint
