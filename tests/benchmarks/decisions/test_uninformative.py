"""Images that show no place are not used; the long form is python -m benchmarks.decisions.uninformative."""

import pytest

from benchmarks.decisions.uninformative import KINDS, SPACING, uninformative, used
from benchmarks.scenes import Place
from place_recognition_ros.config import Config
from place_recognition_ros.detector import LoopDetector
from place_recognition_ros.types import Keyframe


@pytest.mark.parametrize("count", [4 * len(KINDS), pytest.param(1000, marks=pytest.mark.stress)])
def test_uninformative_images_are_neither_stored_nor_searched_for(count):
    images = [Place(number).image() for number in range(30)]
    detector = LoopDetector.open(Config())
    for row, image in enumerate(images):
        assert detector.add(Keyframe(image, (row + 1) * SPACING)).query is not None
    assert len(detector.map) == 30
    counts = used(detector, uninformative(images, count), 100 * SPACING)
    detector.close()
    assert set(counts) == {kind.__name__ for kind in KINDS}
    assert not +counts, counts
