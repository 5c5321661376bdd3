"""Inliers at the same pixels count only where the image as a whole is found again."""

import numpy as np
import pytest

from place_recognition_ros.loops.support import (
    carried,
    measure_support,
    moved_object,
    one_object,
    roll_between,
)
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


def box(left, top, right, bottom, count=60):
    """(count, 2) points in a part of the image, given in shares of it."""
    numbers = np.random.default_rng(count)
    return numbers.uniform((left * WIDTH, top * HEIGHT), (right * WIDTH, bottom * HEIGHT), (count, 2))


def among(points, others):
    """A view of points, then of others."""
    return view(np.concatenate([points, others]))


@pytest.mark.parametrize("left, top", [(0.0, 0.0), (0.3, 0.45), (0.55, 0.5)])
def test_inliers_on_a_small_part_of_both_images_are_on_one_object(left, top):
    here = box(left, top, left + 0.45, top + 0.5)
    there = here * 0.8 + 20
    query, match = one_object(among(here, grid()), among(there, grid()), same(here))
    for region, points in ((query, here), (match, there)):
        assert (points >= region[:2]).all() and (points <= region[2:]).all()
    assert query[2] - query[0] < 0.8 * WIDTH


def test_a_few_chance_inliers_elsewhere_do_not_hide_an_object():
    points = np.concatenate([box(0.5, 0.5, 0.9, 0.9, 100), grid()[::40]])
    assert one_object(among(points, grid()), among(points, grid()), same(points)) is not None


def test_inliers_with_hardly_anything_around_them_may_be_a_place():
    points = box(0.3, 0.3, 0.6, 0.6)
    few = grid()[:: len(grid()) // 10]
    assert one_object(among(points, few), among(points, few), same(points)) is None


def test_what_is_out_of_view_in_the_other_image_is_not_missing():
    points, right_half = box(0.55, 0.3, 0.95, 0.8), grid()[grid()[:, 0] > 0.5 * WIDTH]
    left_half = grid()[grid()[:, 0] < 0.45 * WIDTH]
    moved = points - [0.5 * WIDTH, 0]
    assert one_object(among(points, left_half), among(moved, right_half), same(points)) is None
    assert one_object(among(points, right_half), among(moved, right_half), same(points)) is not None


@pytest.mark.parametrize("share", [0.6, 1.0])
def test_inliers_over_a_wide_part_of_one_image_are_on_no_object(share):
    points = box(0.0, 0.0, share, 1.0)
    assert one_object(view(points), view(points * 0.3), same(points)) is None
    assert one_object(view(points * 0.3), view(points), same(points)) is None


def test_two_far_corners_are_on_no_single_object():
    points = np.concatenate([box(0, 0, 0.2, 0.2), box(0.8, 0.8, 1, 1, 50)])
    assert one_object(view(points), view(points), same(points)) is None


def test_without_pairs_there_is_no_object():
    assert one_object(view(grid()), view(grid()), np.zeros((0, 2), int)) is None


@pytest.mark.parametrize("camera", [None, Camera(0, 0), Camera(WIDTH, HEIGHT)])
@pytest.mark.parametrize("value", [np.nan, np.inf, -1e30, 1e30])
def test_an_object_is_looked_for_among_damaged_coordinates(camera, value):
    points = box(0.3, 0.3, 0.5, 0.5)
    damaged = np.concatenate([[[value, value]], points])
    pairs = same(damaged)[1:]
    found = one_object(view(damaged, camera), view(damaged, camera), pairs)
    assert found is None or np.isfinite(found).all()


def with_moved_object(move, scene_there=False):
    """Two views of a scene that did not move and 40 points that did; the scene's and the object's pairs."""
    object_here = box(0.1, 0.1, 0.4, 0.45, 40)
    object_there = object_here + move
    scene = grid()
    if not scene_there:
        hidden = [((scene > each.min(0) - 12) & (scene < each.max(0) + 12)).all(axis=1)
                  for each in (object_here, object_there)]  # fmt: skip
        scene = scene[~(hidden[0] | hidden[1])]
    views = [view(np.concatenate([each, scene])) for each in (object_here, object_there)]
    pairs = same(np.concatenate([object_here, scene]))
    return views, pairs[40:], pairs[:40]


def test_matches_that_moved_together_are_on_one_object():
    (query, match), scene, rest = with_moved_object(move=(120, 80))
    regions = moved_object(query, match, scene, rest)
    for region, shown, pairs in zip(regions, (query, match), rest.T):
        features = shown.features[pairs]
        on_it = (features["x"] >= region[0]) & (features["x"] <= region[2])
        on_it &= (features["y"] >= region[1]) & (features["y"] <= region[3])
        assert np.mean(on_it) >= 0.9 and region[2] - region[0] < 0.4 * WIDTH


def test_matches_that_do_not_fit_each_other_are_on_no_object():
    (query, match), scene, rest = with_moved_object(move=(120, 80))
    rest = np.stack([rest[:, 0], np.random.default_rng(1).permutation(rest[:, 1])], axis=1)
    assert moved_object(query, match, scene, rest) is None


def test_what_moved_among_the_scene_is_no_object_in_front_of_it():
    (query, match), scene, rest = with_moved_object(move=(120, 80), scene_there=True)
    assert moved_object(query, match, scene, rest) is None


@pytest.mark.parametrize("count", [0, 1, 2, 14])
def test_a_few_matches_that_do_not_fit_the_scene_are_on_no_object(count):
    (query, match), scene, rest = with_moved_object(move=(120, 80))
    assert moved_object(query, match, scene, rest[:count]) is None


def test_matches_at_one_pixel_are_no_error():
    points = np.full((30, 2), 40.0)
    assert moved_object(view(points), view(points), np.zeros((0, 2), int), same(points)) is None


def test_a_similarity_transform_is_extrapolated():
    seen, far = box(0.2, 0.2, 0.5, 0.5), np.array([[300.0, 10.0], [5.0, 230.0]])
    turn = 0.8 * np.array([[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]])
    assert np.allclose(carried(far, seen, seen @ turn + [20, 5]), far @ turn + [20, 5])


@pytest.mark.parametrize("degrees", [0.0, 4.0, -25.0, 170.0])
def test_the_roll_between_two_images_is_that_of_their_points(degrees, rng):
    seen = grid()
    turn = np.radians(degrees)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    again = 1.3 * seen @ matrix.T + (40, -7) + rng.normal(0, 0.5, seen.shape)
    assert np.degrees(roll_between(seen, again)) == pytest.approx(degrees, abs=0.2)


def test_the_roll_of_points_in_one_spot_is_none():
    assert roll_between(np.ones((5, 2)), np.ones((5, 2))) == 0.0
