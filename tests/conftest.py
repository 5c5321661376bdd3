"""Fixtures of all tests. The tests of the run-time core run under Python 3.6 and newer."""

import os
import sys

import cv2
import numpy as np
import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# The catkin workspace must come before the source tree: only it contains the generated messages.
sys.path[:] = [path for path in sys.path if os.path.abspath(path) != ROOT] + [ROOT]

import tests.descriptor  # noqa: E402  under Python 3.6, pytest would import these as modules without a path
import tests.documentation  # noqa: E402
import tests.fakes  # noqa: E402
import tests.faults  # noqa: E402
import tests.loops  # noqa: E402
import tests.memory  # noqa: E402
import tests.tools.replay  # noqa: E402
import tests.tools.report  # noqa: E402, F401


@pytest.fixture(scope="session")
def root():
    """Path of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data():
    """Path of the real images and weights, which are not part of the repository."""
    path = os.path.join(os.path.dirname(ROOT), "shared", "data")
    if not os.path.isdir(path):
        pytest.skip(f"no real images: {path} does not exist")
    return path


@pytest.fixture
def rng():
    """A random number generator with a fixed seed."""
    return np.random.default_rng(20180101)


@pytest.fixture(scope="session")
def paint():
    """``paint(layout, texture, shift)`` → image of a synthetic place, (240, 320) uint8.

    The layout (large, smooth) determines the global descriptor, the texture (small, sharp edges) the local
    features. A false match with a similar descriptor has the layout of one place and the texture of another.
    ``shift``: offset of the view, in pixels to the right.
    """

    def paint(layout, texture=None, shift=0):
        numbers = np.random.default_rng(layout)
        soft = cv2.resize(numbers.random((6, 9)), (360, 240), interpolation=cv2.INTER_CUBIC)
        numbers = np.random.default_rng(1000 + (layout if texture is None else texture))
        hard = np.kron(numbers.integers(0, 2, (60, 90)), np.ones((4, 4)))
        canvas = np.clip(30 + 130 * soft + 60 * hard, 0, 255).astype(np.uint8)
        return np.ascontiguousarray(canvas[:, shift : shift + 320])

    return paint


class ProjectionEngine:
    """A fake network: a fixed random projection of the reduced image."""

    name = "projection"

    def __init__(self, height, width, size):
        numbers = np.random.default_rng(7)
        self._matrix = numbers.standard_normal((size, height * width))
        self._flat = 0.01 * numbers.standard_normal(size)  # the result for an image without contrast
        self.input = np.zeros((1, height, width, 1), np.float32)
        self.broken = False
        self.closed = False

    def infer(self, tensor):
        pixels = tensor.ravel()
        vector = self._matrix @ (pixels - pixels.mean()) + self._flat
        vector = (vector / np.linalg.norm(vector)).astype(np.float32)
        return vector * np.float32("nan") if self.broken else vector

    def close(self):
        self.closed = True


WEIGHTS = {"bias": -6.0, "coverage": 50.0, "inliers": 0.0, "aliasing": 0.0, "correlation": 0.5, "prior": -1.0}
"""Coefficients for ORB on painted places: a single view of a revisit is enough, which most tests need."""


@pytest.fixture
def engine():
    return ProjectionEngine(12, 16, 64)


@pytest.fixture
def open_detector(engine):
    """``open_detector(map_path, weights, **parameters)`` → LoopDetector with ``engine``, to be closed.

    ``weights``: the coefficients of the evidence, by name; those of these images are ``WEIGHTS``.
    """
    from place_recognition_ros.config import Config
    from place_recognition_ros.descriptor import Extractor, ModelCard
    from place_recognition_ros.descriptor.orb import OrbFinder
    from place_recognition_ros.descriptor.preprocess import InputSpec
    from place_recognition_ros.detector import LoopDetector
    from place_recognition_ros.memory.store import KeyframeStore

    spec = InputSpec(12, 16, 1, "GRAY", "NHWC", mean=(0.0,), std=(255.0,))
    card = ModelCard("projection", "0" * 64, spec, 64, 0.5, "tests/conftest.py", {}, {})
    defaults = {
        "top_k": 5,
        "min_loop_interval_s": 5.0,
        "max_verifications": 3,
        "min_inliers": 20,
        "min_features": 40,
        "session_gap_s": 0.0,  # tests jump ahead in time
    }

    def open_detector(map_path="", weights=None, **parameters):
        config = Config(**dict(defaults, **parameters))
        finder = OrbFinder(600)
        finder.decision = WEIGHTS if weights is None else weights
        store = KeyframeStore(map_path, card.model_id, card.descriptor_size, finder.model_id)
        return LoopDetector(config, Extractor(card, engine), finder, store)

    return open_detector


@pytest.fixture
def make_detector(open_detector):
    """:func:`open_detector`; what it returns is closed at the end of the test."""
    opened = []

    def make_detector(*arguments, **parameters):
        opened.append(open_detector(*arguments, **parameters))
        return opened[-1]

    yield make_detector
    for detector in opened:
        detector.close()


@pytest.fixture(scope="session")
def add_images():
    """``add_images(detector, images, start, step)`` → QueryResult of each; ``step`` seconds apart."""
    from place_recognition_ros.types import Keyframe

    def add_images(detector, images, start=1, poses=(), step=1):
        poses = list(poses) or [None] * len(images)
        stamps = [round((start + step * number) * 10**9) for number in range(len(images))]
        return [detector.add(Keyframe(*each)) for each in zip(images, stamps, poses)]

    return add_images


@pytest.fixture
def places(paint):
    """Images of eight places."""
    return [paint(layout) for layout in range(1, 9)]


@pytest.fixture
def path(tmp_path):
    """Path of a map."""
    return str(tmp_path / "map.db")


@pytest.fixture
def detector(make_detector, add_images, places):
    """A detector with eight stored places."""
    detector = make_detector()
    add_images(detector, places)
    return detector
