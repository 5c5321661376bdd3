"""Inliers at the same pixels count only where the image as a whole is found again."""

import numpy as np
import pytest

from place_recognition_ros.loops.support import measure_support
from place_recognition_ros.types import FEATURE, Camera, View

WIDTH, HEIGHT = 320, 240


def view(points, camera=Camera(WIDTH, HEIGHT)):  # noqa: B008  a NamedTuple does not change
    features = np.zeros(len(points), FEATURE)
    features["x"], features["y"] = np.array(points, float).T
    return View(features, camera)


def grid(top=0.0, bottom=1.0):
    """(N, 2) points between two heights, shares of the image."""
    x, y = np.meshgrid(np.arange(8, WIDTH, 16), np.arange(top * HEIGHT + 8, bottom * HEIGHT, 16))
    return np.stack([x.ravel(), y.ravel()], axis=1)


def same(points):
    return np.repeat(np.arange(len(points))[:, np.newaxis], 2, axis=1)


@pytest.mark.parametrize("top", [0.85, 0.7, 0.55])
def test_a_strip_at_the_same_pixels_does_not_count(top):
    strip, scene = grid(top), grid(0, 0.5)
    points = np.concatenate([strip, scene])
    support = measure_support(view(points), view(points + [0.5, 0]), same(strip))
    assert support.still == 1 and not support.counts.any()
    assert 0 < support.breadth <= 0.5


def test_a_strip_below_a_blank_wall_does_not_count():
    strip = grid(0.55)
    assert not measure_support(view(strip), view(strip), same(strip)).counts.any()


def test_a_camera_that_returned_to_the_same_pose_is_believed():
    points = grid()
    support = measure_support(view(points), view(points), same(points))
    assert support.counts.all() and support.still == 1 and support.breadth == 1


def test_a_strip_that_moved_counts():
    strip = grid(0.7)
    support = measure_support(view(strip), view(strip - [0, 20]), same(strip))
    assert support.counts.all() and support.still == 0


def test_of_a_moved_scene_with_a_strip_the_scene_counts():
    points = np.concatenate([grid(0.8), grid(0, 0.3)])
    moved = points.copy()
    moved[len(grid(0.8)) :] += [10, 3]
    support = measure_support(view(points), view(moved), same(points))
    assert support.counts.tolist() == [False] * len(grid(0.8)) + [True] * len(grid(0, 0.3))


def test_one_object_has_a_low_breadth():
    poster, scene = grid(0, 0.2)[:8], grid(0.3)
    points = np.concatenate([poster, scene])
    support = measure_support(view(points), view(points + [30, 20]), same(poster))
    assert support.breadth <= 0.125 and support.counts.all()


def test_the_same_camera_at_another_resolution_is_compared_in_its_own_pixels():
    strip = grid(0.7)
    support = measure_support(view(strip), view(strip * 2, Camera(2 * WIDTH, 2 * HEIGHT)), same(strip))
    assert support.still == 1 and not support.counts.any()


def test_without_pairs_there_is_no_support():
    support = measure_support(view(grid()), view(grid()), np.zeros((0, 2), int))
    assert (len(support.counts), support.still, support.breadth) == (0, 0.0, 0.0)


@pytest.mark.parametrize("camera", [None, Camera(0, 0), Camera(WIDTH, HEIGHT)])
@pytest.mark.parametrize("value", [np.nan, np.inf, -1e30, 1e30])
def test_damaged_coordinates_and_unknown_cameras_cause_no_exception(camera, value):
    points = grid()
    points = points.astype(float)
    points[0] = value
    support = measure_support(view(points, camera), view(points, camera), same(points))
    assert len(support.counts) == len(points)
