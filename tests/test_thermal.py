"""Raw counts of a thermal camera give the local features of the 8-bit images, from the first image on."""

import sys

import cv2
import numpy as np
import pytest

from place_recognition_ros.config import Config
from place_recognition_ros.descriptor.local_features import open_feature_finder
from place_recognition_ros.informative import is_informative
from place_recognition_ros.intensity_range import IntensityRange
from place_recognition_ros.loops.matching import match_features

if sys.version_info < (3, 9):
    pytest.skip("benchmarks/ needs Python 3.9", allow_module_level=True)

from benchmarks.scenes import Place
from benchmarks.thermal import STREAMS, ThermalCamera, scene

VIEWS = 4  # of each place, the camera moving sideways
LEAST = 0.6  # of the features and matches of the 8-bit images


@pytest.fixture(scope="module")
def finder():
    return open_feature_finder(count=Config().local_features)


@pytest.fixture(scope="module")
def views():
    """24 gray images of 6 places, (240, 320) uint8."""
    images = [Place(number).image(right=0.03 * view) for number in range(6) for view in range(VIEWS)]
    return [cv2.cvtColor(cv2.resize(image, (320, 240)), cv2.COLOR_BGR2GRAY) for image in images]


@pytest.fixture(scope="module")
def measure(finder):
    """``measure(images)`` → number of local features of each image, of matches of each with the next view."""

    def measure(images):
        found = [finder.find(image) if is_informative(image) else np.zeros(0) for image in images]
        pairs = [(a, b) for row, (a, b) in enumerate(zip(found, found[1:])) if (row + 1) % VIEWS]
        matches = [len(match_features(a, b, finder.kind)[0]) if len(a) and len(b) else 0 for a, b in pairs]
        return np.array([len(each) for each in found]), np.array(matches)

    return measure


@pytest.fixture(scope="module")
def expected(views, measure):
    return measure([scene(view) for view in views])


def read(images):
    scale = IntensityRange()
    return [scale.to_8_bits(image) for image in images]


@pytest.mark.parametrize("stream", STREAMS)
def test_each_image_gives_the_features_and_matches_of_the_8_bit_image(stream, views, measure, expected):
    features, matches = measure(read(STREAMS[stream](views)))
    assert features.min() >= Config().min_features
    assert (features / expected[0]).min() > LEAST / 2
    assert np.median(features / expected[0]) > 0.9
    assert np.median(matches / expected[1]) > 0.9


@pytest.mark.parametrize("count", [1, 2, 12])
def test_a_start_with_closed_shutter_costs_no_features(count, views, measure, expected):
    camera = ThermalCamera(views[0].shape)
    shutter = [camera.shutter() for _ in range(count)]
    features, _ = measure(read(shutter + [camera.image(view) for view in views])[count:])
    assert (features / expected[0]).min() > LEAST


def test_a_correction_in_between_costs_no_features(views, measure, expected):
    camera = ThermalCamera(views[0].shape)
    images = [camera.image(view, 0 if row < 12 else -700) for row, view in enumerate(views)]
    shutter = [camera.shutter(-700) for _ in range(5)]
    features, _ = measure(read(images[:12] + shutter + images[12:]))
    assert features[12:17].max() == 0
    assert (np.delete(features, range(12, 17)) / expected[0]).min() > LEAST


def test_the_closed_shutter_and_a_scene_of_one_temperature_are_not_informative(views):
    camera = ThermalCamera(views[0].shape)
    images = [camera.shutter(), *(camera.image(np.full_like(view, 90)) for view in views[:11])]
    assert not any(is_informative(image) for image in read(images))
