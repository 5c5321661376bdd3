"""What is left out of images: the pixels that replace it, the features that are dropped, the user's mask."""

import numpy as np
import pytest

from benchmarks.scenes import Place
from place_recognition_ros.errors import ImageError
from place_recognition_ros.overlay import Overlay
from place_recognition_ros.static_region import NEEDED
from place_recognition_ros.types import FEATURE

HEIGHT, WIDTH = 240, 320


def mask(height=HEIGHT, width=WIDTH, rows=0.25):
    keep = np.full((height, width), 255, np.uint8)
    keep[round((1 - rows) * height) :] = 0
    return keep


def features(*points):
    found = np.zeros(len(points), FEATURE)
    found["x"], found["y"] = np.array(points, float).T
    return found


def test_without_a_mask_nothing_is_left_out():
    assert Overlay().cover(Place(0).image()) is None


@pytest.mark.parametrize("size", [(HEIGHT, WIDTH), (60, 80), (1, 4), (480, 641)])
def test_black_pixels_of_a_mask_of_any_size_are_left_out(size):
    overlay = Overlay()
    given = mask(*size) if size[0] > 1 else np.array([[255, 255, 255, 0]], np.uint8)
    overlay.set_mask(given)
    cover = overlay.cover(Place(0).image())
    assert cover.mask.mean() == pytest.approx(0.25, abs=0.05)
    assert cover.mask[-1, -1] and not cover.mask[0, 0]


@pytest.mark.parametrize("shape", [(HEIGHT, WIDTH), (HEIGHT, WIDTH, 3)])
def test_the_left_out_part_has_no_influence_on_the_filled_image(shape):
    overlay = Overlay()
    overlay.set_mask(mask())
    random = np.random.default_rng(0)
    image = random.integers(0, 256, shape, np.uint8)
    cover = overlay.cover(image)
    other = image.copy()
    other[cover.mask] = 77
    assert np.array_equal(cover.fill(image), cover.fill(other))
    assert np.array_equal(cover.fill(image)[~cover.mask], image[~cover.mask])
    assert not np.array_equal(cover.fill(image), image)


def test_the_filling_is_the_mirror_image():
    overlay = Overlay()
    overlay.set_mask(mask())
    image = np.repeat(np.arange(HEIGHT, dtype=np.uint8)[:, np.newaxis], WIDTH, axis=1)
    cover = overlay.cover(image)
    border = np.flatnonzero(~cover.mask[:, 0])[-1]
    assert np.abs(cover.fill(image)[border + 10, 5:-5].astype(int) - (border - 10)).max() == 0


def test_features_in_the_left_out_part_are_dropped():
    overlay = Overlay()
    overlay.set_mask(mask())
    cover = overlay.cover(Place(0).image())
    kept = cover.outside(features((10, 10), (10, 230), (319.4, 0), (1e9, 1e9), (np.nan, 5)))
    assert kept["y"][:2].tolist() == [10, 0]
    assert len(kept) == 3


def test_an_image_whose_features_all_are_on_the_hood_has_none():
    overlay = Overlay()
    overlay.set_mask(mask())
    assert len(overlay.cover(Place(0).image()).outside(features((5, 200), (300, 239)))) == 0


def test_a_mask_is_rotated_as_the_images_are():
    overlay = Overlay(rotation=180)
    overlay.set_mask(mask())
    cover = overlay.cover(Place(0).image())
    assert cover.mask[0].all() and not cover.mask[-1].any()


def test_a_mask_can_be_removed():
    overlay = Overlay()
    overlay.set_mask(mask())
    overlay.set_mask(None)
    assert overlay.cover(Place(0).image()) is None


def test_a_refused_mask_leaves_the_one_before_it():
    overlay = Overlay()
    overlay.set_mask(mask())
    with pytest.raises(ImageError):
        overlay.set_mask(mask(rows=0.9))
    assert overlay.cover(Place(0).image()).mask.mean() < 0.3


@pytest.mark.parametrize(
    "bad",
    [
        mask().astype(float),
        mask()[..., np.newaxis],
        np.zeros((0, 4), np.uint8),
        np.zeros((4, 4), np.uint8),
        "mask.png",
        mask(rows=0.75),
    ],
    ids=["float", "three axes", "empty", "all black", "text", "inverted"],
)
def test_what_is_no_mask_is_refused(bad):
    with pytest.raises(ImageError, match=r"expected a mask.*Received"):
        Overlay().set_mask(bad)


@pytest.mark.parametrize("learn", [True, False])
def test_a_hood_is_left_out_after_enough_views_if_learning_is_on(learn):
    overlay = Overlay(learn)
    hood = (
        np.random.default_rng(0).integers(0, 256, (12, 64, 3), np.uint8).repeat(5, axis=0).repeat(5, axis=1)
    )
    for number in range(NEEDED + 3):
        image = Place(number).image()
        image[-60:] = hood
        overlay.observe(image)
    cover = overlay.cover(image)
    assert (cover is not None) == learn
    if learn:
        assert cover.mask[-55:].mean() > 0.95 and not cover.mask[:150].any()


def test_an_image_of_another_size_gets_the_same_part_left_out():
    overlay = Overlay()
    overlay.set_mask(mask())
    overlay.cover(Place(0).image())
    cover = overlay.cover(np.zeros((480, 640), np.uint8))
    assert cover.mask.shape == (480, 640) and cover.mask[-1].all()
