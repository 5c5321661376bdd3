"""Depth at the local features of an image."""

import numpy as np
import pytest

from place_recognition_ros.depth import check_depth, with_depth
from place_recognition_ros.errors import KeyframeError
from place_recognition_ros.types import FEATURE

WIDTH, HEIGHT = 32, 24


def features_at(*points):
    features = np.zeros(len(points), FEATURE)
    features["depth"] = np.nan
    for feature, (x, y) in zip(features, points):
        feature["x"], feature["y"] = x, y
    return features


def depth_of(depth, *points, max_depth=10.0):
    found = with_depth(features_at(*points), depth, WIDTH, HEIGHT, max_depth)
    assert found.dtype == FEATURE
    return found["depth"].tolist()


def flat(metres, dtype=np.float32):
    return np.full((HEIGHT, WIDTH), metres, dtype)


def test_metres_and_millimetres_give_metres():
    assert depth_of(flat(2.5), (10, 10)) == [2.5]
    assert depth_of(flat(2500, np.uint16), (10, 10)) == pytest.approx([2.5])


def test_without_a_depth_image_the_features_stay_as_they_are():
    features = features_at((3, 4))
    assert with_depth(features, None, WIDTH, HEIGHT, 10.0) is features


def test_the_given_features_are_not_changed():
    features = features_at((3, 4))
    with_depth(features, flat(1.0), WIDTH, HEIGHT, 10.0)
    assert np.isnan(features["depth"]).all()


def test_the_depth_is_that_of_the_nearest_pixels():
    ramp = flat(0.0) + np.linspace(1, 1.31, WIDTH, dtype=np.float32)
    assert depth_of(ramp, (10, 5), (10.4, 5), (10.6, 5)) == pytest.approx([1.10, 1.10, 1.11])


def test_points_at_and_beyond_the_border_get_the_depth_of_the_border():
    ramp = flat(0.0) + np.linspace(1, 1.31, WIDTH, dtype=np.float32)
    assert depth_of(ramp, (0, 0), (31, 23), (31.6, -0.4)) == pytest.approx([1.0, 1.31, 1.31], abs=0.011)


@pytest.mark.parametrize("invalid", [0.0, np.nan, np.inf, -np.inf, -1.0, 0.01, 10.5])
def test_invalid_pixels_do_not_count(invalid):
    depth = flat(2.0)
    depth[10, 9:12] = depth[9, 10] = invalid
    assert depth_of(depth, (10, 10)) == [2.0]
    depth[11, 10] = invalid
    assert np.isnan(depth_of(depth, (10, 10))).all(), "4 of 9 pixels are valid"
    assert np.isnan(depth_of(flat(invalid), (10, 10))).all()


def test_zero_millimetres_are_not_known():
    assert np.isnan(depth_of(flat(0, np.uint16), (10, 10))).all()


def test_at_an_edge_between_near_and_far_the_depth_is_not_known():
    depth = flat(2.0)
    depth[:, 16:] = 3.0
    found = depth_of(depth, (14, 10), (15, 10), (16, 10), (17, 10))
    assert np.isnan(found).tolist() == [False, True, True, False]


def test_a_single_outlier_is_an_edge_too():
    depth = flat(2.0)
    depth[10, 10] = 1.0
    assert np.isnan(depth_of(depth, (10, 10))).all()


def test_a_slanted_surface_has_depth():
    slanted = flat(0.0) + np.arange(WIDTH, dtype=np.float32) * 0.05 + 2
    assert depth_of(slanted, (10, 10)) == pytest.approx([2.5])


def test_a_depth_image_of_another_size_is_scaled():
    half = np.arange(1, 1 + WIDTH // 2, dtype=np.float32) * np.ones((HEIGHT // 2, 1), np.float32)
    half = 2 + half / 100
    assert depth_of(half, (20.5, 10.5)) == pytest.approx([2.11])  # the middle of column 10
    double = 2 + np.arange(2 * WIDTH, dtype=np.float32) / 100 * np.ones((2 * HEIGHT, 1), np.float32)
    assert depth_of(double, (20, 10)) == pytest.approx([2.405], abs=0.006)  # between columns 40 and 41


def test_an_image_without_features_gives_none():
    assert depth_of(flat(2.0)) == []


def test_the_smallest_depth_image_is_read():
    assert depth_of(np.full((1, 1), 2.0, np.float32), (10, 10)) == [2.0]


@pytest.mark.parametrize("shape", [(24, 32), (12, 16), (48, 64), (23, 31), (13, 17)])
def test_sizes_of_the_same_aspect_ratio_are_accepted(shape):
    check_depth(np.zeros(shape, np.float32), WIDTH, HEIGHT)
    check_depth(np.zeros(shape, np.uint16), WIDTH, HEIGHT)


@pytest.mark.parametrize(
    "depth",
    [
        np.zeros((32, 24), np.float32),
        np.zeros((24, 24), np.float32),
        np.zeros((20, 32), np.uint16),
        np.zeros((24, 32, 1), np.float32),
        np.zeros((0, 0), np.float32),
        np.zeros((24, 0), np.float32),
        np.zeros((24, 32), np.float64),
        np.zeros((24, 32), np.uint8),
        np.zeros((24, 32), np.int16),
        np.zeros((24, 32), ">f4"),
        np.zeros(768, np.float32),
        [[1.0]],
        "depth",
    ],
    ids=lambda depth: f"{getattr(depth, 'dtype', type(depth))} {getattr(depth, 'shape', '')}",
)
def test_what_is_not_a_depth_image_of_the_image_is_refused(depth):
    with pytest.raises(
        KeyframeError, match=r"expected a depth image .* of the aspect ratio 32:24\. Received"
    ):
        check_depth(depth, WIDTH, HEIGHT)
