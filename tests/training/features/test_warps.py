"""Scenes of single images: a point and its transfer to the other view are one point of the image."""

import cv2
import numpy as np
import pytest

pytest.importorskip("keras", reason="training needs requirements/training.txt")

from training.features.warps import BlankViews, WarpedImages

SIZE = (96, 128)  # height and width of a view


def grid(step=6):
    y, x = np.mgrid[2 : SIZE[0] - 2 : step, 2 : SIZE[1] - 2 : step]
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)


def scenes(image, count):
    make = WarpedImages([(1.0, [image])], SIZE)
    return [make(np.random.default_rng(seed)) for seed in range(count)]


def test_a_point_has_the_same_gray_value_in_both_views(smooth, gray_at):
    visible, errors = 0, []
    for scene in scenes(smooth, 20):
        there, shown = scene.transfer(grid())
        assert scene.first.shape == scene.second.shape == SIZE
        assert scene.first.dtype == scene.second.dtype == np.uint8
        visible += np.mean(shown)
        errors.append(np.abs(gray_at(scene.first, grid()[shown]) - gray_at(scene.second, there[shown])))
    assert 20 * 0.3 < visible < 20  # most points, but not all
    errors = np.concatenate(errors)
    assert np.median(errors) < 1.0
    assert np.percentile(errors, 99) < 6.0  # of 196 levels between the darkest and the brightest


def test_a_visible_point_is_inside_the_other_view(smooth):
    for scene in scenes(smooth, 20):
        there, shown = scene.transfer(grid())
        inside = ((there >= 0) & (there <= np.array(SIZE[::-1]) - 1)).all(axis=1)
        assert inside[shown].all()


def test_points_beyond_the_edge_of_the_image_are_not_visible():
    """Beyond the edge a view shows the mirrored image: one point of the scene would be at two places."""
    near = cv2.resize(np.arange(64, dtype=np.uint8).reshape(8, 8), (SIZE[1], SIZE[0]))
    shares = [np.mean(scene.transfer(grid())[1]) for scene in scenes(near, 20)]
    assert min(shares) < 0.5  # views that show the edge


def test_views_of_one_scene_differ_and_so_do_scenes(smooth):
    made = scenes(smooth, 4)
    assert all(np.abs(scene.first.astype(int) - scene.second).mean() > 1 for scene in made)
    assert len({scene.first.tobytes() for scene in made}) == 4


def test_a_seed_determines_the_scene(smooth):
    one, two = scenes(smooth, 1), scenes(smooth, 1)
    np.testing.assert_array_equal(one[0].second, two[0].second)
    np.testing.assert_array_equal(one[0].transfer(grid())[0], two[0].transfer(grid())[0])


def test_images_are_chosen_by_the_shares_of_their_sources():
    dark, bright = np.full((100, 140), 10, np.uint8), np.full((100, 140), 240, np.uint8)
    make = WarpedImages([(3.0, [bright]), (1.0, [dark])], SIZE)
    levels = [make(np.random.default_rng(seed)).first.mean() for seed in range(100)]
    assert 60 <= sum(level > 200 for level in levels) <= 90


@pytest.mark.parametrize("shape", [(40, 50), (96, 128), (500, 200)])
def test_images_of_any_size_are_enlarged_or_reduced(shape, rng):
    (scene,) = scenes(rng.integers(0, 255, shape).astype(np.uint8), 1)
    assert scene.first.shape == SIZE


def test_blank_views_have_no_edges_and_no_points():
    for seed in range(20):
        scene = BlankViews(SIZE)(np.random.default_rng(seed))
        for view in (scene.first, scene.second):
            assert (view.shape, view.dtype) == (SIZE, np.uint8)
            assert np.abs(np.diff(view.astype(int), axis=0)).max() <= 12
            assert np.abs(np.diff(view.astype(int), axis=1)).max() <= 12
        there, shown = scene.transfer(grid())
        assert len(there) == len(grid())
        assert not shown.any()
