"""Whether the camera stands where it stood: images of painted places with real local features."""

import cv2
import numpy as np
import pytest

from place_recognition_ros.describer import Description
from place_recognition_ros.descriptor.orb import OrbFinder
from place_recognition_ros.loops.standpoint import Reported, Standpoint
from place_recognition_ros.memory.departure import AWAY, Leaving
from place_recognition_ros.types import FEATURE, FeatureKind, View

SECOND = 10**9
HERE, ELSEWHERE = np.eye(2, 8, dtype=np.float32)


def describe(image, descriptor=HERE):
    return Description(descriptor, View(OrbFinder(600).find(image)), max(image.shape[:2]))


@pytest.fixture
def noisy(rng):
    """``noisy(image)``: with the noise of another exposure."""

    def noisy(image):
        return np.clip(image + rng.normal(0, 4, image.shape), 0, 255).astype(np.uint8)

    return noisy


@pytest.fixture
def place(paint):
    return paint(1)


@pytest.fixture
def standpoint(place):
    return Standpoint(describe(place), FeatureKind.ORB)


def test_the_same_view_with_noise_and_other_light_is_shown(standpoint, place, noisy):
    assert standpoint.shows(describe(place))
    assert standpoint.shows(describe(noisy(cv2.convertScaleAbs(place, alpha=0.8, beta=10))))


@pytest.mark.parametrize("width", [40, 70])
def test_somebody_who_covers_a_part_does_not_matter(standpoint, place, paint, width):
    place[:, 60 : 60 + width] = paint(9)[:, :width]
    assert standpoint.shows(describe(place))


@pytest.mark.parametrize("shift", [5, 8, 16, 32])
def test_a_camera_that_moved_does_not_show_it(standpoint, paint, shift):
    assert not standpoint.shows(describe(paint(1, shift=shift)))


def test_a_camera_that_moved_forward_does_not_show_it(standpoint, place):
    closer = cv2.resize(place[12:-12, 16:-16], (320, 240))
    assert not standpoint.shows(describe(closer))


def test_another_view_is_not_shown(standpoint, place, paint):
    assert not standpoint.shows(describe(paint(2)))
    assert not standpoint.shows(describe(place, ELSEWHERE)), "whatever the features say"
    assert not standpoint.shows(describe(cv2.resize(place, (640, 480))))


def test_a_hood_in_all_images_is_not_standing_still(paint):
    hood = paint(30)[150:]
    first, second = paint(1), paint(1, shift=32)
    first[150:], second[150:] = hood, hood
    assert not Standpoint(describe(first), FeatureKind.ORB).shows(describe(second))


def test_few_features_tell_nothing():
    nothing = Description(HERE, View(np.zeros(0, FEATURE)), 320)
    few = Description(HERE, View(np.zeros(5, FEATURE)), 320)
    for one in (nothing, few):
        for other in (nothing, few):
            assert not Standpoint(one, FeatureKind.ORB).shows(other)


def test_damaged_coordinates_tell_nothing(place, standpoint):
    image = describe(place)
    for value in (np.nan, np.inf, -1e30, 1e30):
        image.view.features["x"] = value
        assert not standpoint.shows(image)
        assert not Standpoint(image, FeatureKind.ORB).shows(describe(place))


@pytest.fixture
def reported(place):
    reported = Reported(FeatureKind.ORB, Leaving(1))
    reported.begin(describe(place), None)
    return reported


def test_a_view_is_reported_once_however_long_the_camera_stands(reported, place, noisy):
    for second in range(1, 50):
        assert reported.covers(describe(noisy(place)), second * SECOND, None)


def test_a_flash_and_somebody_who_passes_by_change_nothing(reported, place, paint):
    assert reported.covers(describe(place), 1 * SECOND, None)
    assert not reported.covers(describe(paint(5), ELSEWHERE), 2 * SECOND, None)
    assert reported.covers(describe(place), 3 * SECOND, None)
    assert not reported.covers(describe(paint(5), ELSEWHERE), 4 * SECOND, None)
    assert reported.covers(describe(place), 5 * SECOND, None)


def test_who_comes_back_is_reported_again(reported, place, paint):
    for now in (SECOND, SECOND + AWAY):
        assert not reported.covers(describe(paint(5), ELSEWHERE), now, None)
    assert not reported.covers(describe(place), 9 * SECOND, None)


def test_nothing_was_reported_in_another_session(reported, place):
    reported.end()
    assert not reported.covers(describe(place), SECOND, None)
