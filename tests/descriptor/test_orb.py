import cv2
import numpy as np
import pytest

from place_recognition_ros.descriptor.orb import LONGER_SIDE, OrbFinder
from place_recognition_ros.errors import ImageError
from place_recognition_ros.loops.geometry import GeometrySettings, measure
from place_recognition_ros.types import FEATURE, FeatureKind, View


def test_features_are_inside_the_image(paint):
    features = OrbFinder(300).find(paint(1))
    assert 200 < len(features) <= 300
    assert features.dtype == FEATURE
    for name, end in (("x", 320), ("y", 240)):
        assert ((features[name] >= 0) & (features[name] < end)).all()
    assert np.isnan(features["depth"]).all()
    assert len(np.unique(features["descriptor"], axis=0)) > 100


def test_color_is_seen_as_gray(paint):
    gray = paint(1)
    color = cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR)
    finder = OrbFinder(300)
    assert finder.find(color).tobytes() == finder.find(gray).tobytes()  # depth is NaN, which equals nothing


def test_a_large_image_is_reduced_first_and_its_features_are_in_its_own_pixels(paint):
    small = cv2.resize(paint(1), (LONGER_SIDE, 360))
    large = np.kron(small, np.ones((3, 3), np.uint8))
    finder = OrbFinder(300)
    found, expected = finder.find(large), finder.find(small)
    np.testing.assert_array_equal(found["descriptor"], expected["descriptor"])
    for axis in ("x", "y"):  # the centre of the first pixel is 0, so that of the first block of 3 is 1
        np.testing.assert_allclose(found[axis], 3 * expected[axis] + 1, atol=1e-3)


def test_the_same_place_from_another_position_has_more_inliers_than_a_look_alike(paint):
    finder, settings = OrbFinder(600), GeometrySettings(FeatureKind.ORB)
    here, aside, other = (
        View(finder.find(image)) for image in (paint(1), paint(1, shift=15), paint(1, texture=2))
    )
    assert measure(aside, here, settings).inliers >= 100
    assert measure(other, here, settings).inliers < 20


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_flat_image_has_none(level):
    assert len(OrbFinder(300).find(np.full((240, 320), level, np.uint8))) == 0


@pytest.mark.parametrize("side", [1, 2, 16, 31, 62, 63, 64, 70])
def test_small_and_thin_images_are_no_error(side, rng):
    for shape in ((side, side), (side, 2000), (2000, side, 3)):
        features = OrbFinder(300).find(rng.integers(0, 256, shape).astype(np.uint8))
        assert features.dtype == FEATURE


def test_what_is_no_image_is_refused():
    with pytest.raises(ImageError, match="expected an image"):
        OrbFinder(300).find(np.zeros((3, 3), np.float32))
