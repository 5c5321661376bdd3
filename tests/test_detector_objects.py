"""The same object in views of different places, and beside it the place itself."""

import numpy as np
import pytest

from place_recognition_ros.types import Reason

LAYOUT = 1  # of all images: the global descriptor proposes every match


@pytest.fixture
def with_poster(paint):
    """``with_poster(texture, left, top)`` → image of a place with a poster on 17 % of it."""
    poster = paint(LAYOUT, texture=99)[:100, :132]

    def with_poster(texture, left, top):
        image = paint(LAYOUT, texture).copy()
        image[top : top + 100, left : left + 132] = poster
        return image

    return with_poster


def elsewhere(paint):
    """Images of other places: the camera leaves."""
    return [paint(layout) for layout in range(2, 10)]


@pytest.mark.parametrize("left, top", [(60, 40), (150, 100), (46, 36)])
def test_the_same_poster_at_another_place_is_no_loop(
    make_detector, add_images, with_poster, paint, left, top
):
    detector = make_detector()
    *_, result = add_images(detector, [with_poster(1, 40, 30), *elsewhere(paint), with_poster(2, left, top)])
    found = [each for each in result.candidates if each.match_id == 1]
    assert [each.reason for each in found] == [Reason.DEGENERATE]
    assert not result.accepted


def test_the_same_place_with_its_poster_is_a_loop(make_detector, add_images, with_poster, paint):
    detector = make_detector()
    images = [with_poster(1, 40, 30), *elsewhere(paint), np.roll(with_poster(1, 40, 30), 3, axis=1)]
    *_, result = add_images(detector, images)
    assert [each.match_id for each in result.accepted] == [1]
