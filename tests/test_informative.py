"""Images without content are recognised at any size; real content is not lost, in the dark neither."""

import cv2
import numpy as np
import pytest

from benchmarks.decisions.uninformative import KINDS
from benchmarks.scenes import Place
from place_recognition_ros.errors import ImageError
from place_recognition_ros.informative import is_informative

SIZES = [(320, 240), (640, 480), (160, 120), (752, 480)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_images_without_content_are_not_informative(kind, size):
    random = np.random.default_rng(0)
    images = [cv2.resize(Place(number).image(), size) for number in range(6)]
    assert [is_informative(kind(image, random)) for image in images] == 6 * [False]


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
