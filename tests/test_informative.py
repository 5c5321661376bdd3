"""Images without content are recognised at any size; real content is not lost, in the dark neither."""

import sys

import cv2
import numpy as np
import pytest

from place_recognition_ros.config import Config
from place_recognition_ros.descriptor.local_features import open_feature_finder
from place_recognition_ros.errors import ImageError
from place_recognition_ros.informative import is_informative

if sys.version_info < (3, 9):
    pytest.skip("benchmarks/decisions needs Python 3.9", allow_module_level=True)

from benchmarks.decisions.uninformative import KINDS
from benchmarks.scenes import Place

SIZES = [(320, 240), (640, 480), (752, 480)]
MIN_FEATURES = Config().min_features


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_images_without_content_are_not_used(kind, size):
    """They are not informative, or the network finds too few features."""
    random = np.random.default_rng(0)
    finder = open_feature_finder()
    images = [kind(cv2.resize(Place(number).image(), size), random) for number in range(6)]
    used = [is_informative(each) and len(finder.find(each)) >= MIN_FEATURES for each in images]
    assert used == 6 * [False]


@pytest.mark.parametrize("size", SIZES + [(64, 32), (1920, 1080)])
@pytest.mark.parametrize("light", [1.0, 0.25])
def test_places_are_informative(size, light):
    images = (cv2.resize(Place(number).image(brightness=light), size) for number in range(12))
    assert all(is_informative(image) for image in images)


def test_a_gray_image_is_judged_as_a_coloured_one():
    image = Place(0).image()
    assert is_informative(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))
    assert not is_informative(np.full((240, 320), 90, np.uint8))


@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (5000, 2, 3)])
def test_images_of_any_shape_are_accepted(shape):
    assert not is_informative(np.full(shape, 7, np.uint8))


def test_what_is_no_image_is_refused():
    with pytest.raises(ImageError):
        is_informative(np.zeros((4, 4)))
