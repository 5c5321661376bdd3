"""Rotated images, and points of them in the image before its rotation."""

import numpy as np
import pytest

from place_recognition_ros.rotation import rotate, rotate_back
from place_recognition_ros.types import FEATURE

WIDTH, HEIGHT = 7, 5


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
@pytest.mark.parametrize("channels", [(), (3,)], ids=["gray", "colour"])
def test_images_are_rotated_clockwise(rng, degrees, channels):
    image = rng.integers(0, 255, (HEIGHT, WIDTH, *channels)).astype(np.uint8)
    np.testing.assert_array_equal(rotate(image, degrees), np.rot90(image, -degrees // 90))


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_points_return_to_the_pixel_that_they_show(rng, degrees):
    image = rng.permutation(WIDTH * HEIGHT).astype(np.uint8).reshape(HEIGHT, WIDTH)
    rotated = rotate(image, degrees)
    rows, columns = (each.ravel() for each in np.indices(rotated.shape))
    features = np.zeros(rotated.size, FEATURE)
    features["x"], features["y"], features["depth"] = columns, rows, 1.5
    found = rotate_back(features, degrees, WIDTH, HEIGHT)
    assert image[found["y"].astype(int), found["x"].astype(int)].tolist() == rotated.ravel().tolist()
    assert (found["depth"] == 1.5).all()
    assert (features["x"] == columns).all(), "the given features were changed"
