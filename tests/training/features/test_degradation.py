"""Degradation changes gray values, and nothing else: pixels stay where they are."""

import numpy as np
import pytest

pytest.importorskip("keras", reason="training needs requirements/training.txt")

from training.features.degradation import degrade

EDGE_X, EDGE_Y = 61, 37  # first bright column and row


@pytest.fixture(scope="module")
def corner():
    """(96, 128) uint8: bright below and right of a corner."""
    image = np.full((96, 128), 60, np.uint8)
    image[EDGE_Y:, EDGE_X:] = 190
    return image


def degraded(image, count):
    return [degrade(image, np.random.default_rng(seed)) for seed in range(count)]


def test_shape_and_type_are_kept(corner):
    for image in degraded(corner, 30):
        assert (image.shape, image.dtype) == (corner.shape, np.uint8)


def test_the_given_image_is_not_changed(corner):
    before = corner.copy()
    degraded(corner, 30)
    np.testing.assert_array_equal(corner, before)


def test_a_strong_edge_stays_where_it_is(corner):
    """It is the largest difference between neighbouring columns, averaged over the bright rows; or rows."""
    right, down = [], []
    for image in degraded(corner, 60):
        pixels = image.astype(float)
        steps = np.diff(pixels[EDGE_Y + 15 :].mean(axis=0)), np.diff(pixels[:, EDGE_X + 15 :].mean(axis=1))
        if min(step.max() for step in steps) > 20:  # neither black nor saturated
            right.append(int(np.argmax(steps[0])) + 1 - EDGE_X)
            down.append(int(np.argmax(steps[1])) + 1 - EDGE_Y)
    assert len(right) > 30
    assert max(map(abs, right + down)) <= 4  # half of the longest motion blur
    assert right.count(0) > 0.9 * len(right)
    assert down.count(0) > 0.9 * len(down)


def test_it_makes_dark_bright_and_noisy_images(corner):
    images = degraded(corner, 100)
    means = [image.mean() for image in images]
    assert min(means) < 0.4 * corner.mean()
    assert max(means) > 1.2 * corner.mean()
    noise = [np.std(image[:30, :40].astype(float)) for image in images]
    assert min(noise) < 1.5 < 4 < max(noise)


def test_a_seed_determines_it(corner):
    np.testing.assert_array_equal(*(degrade(corner, np.random.default_rng(7)) for _ in range(2)))
    assert len({image.tobytes() for image in degraded(corner, 20)}) == 20


@pytest.mark.parametrize("level", [0, 255])
def test_black_and_white_images_are_no_error(level):
    for image in degraded(np.full((32, 64), level, np.uint8), 30):
        assert image.shape == (32, 64)
