"""Scores and maps made by hand → keypoints and descriptors."""

import numpy as np
import pytest

from place_recognition_ros.descriptor import keypoints
from place_recognition_ros.descriptor.model_card import CELL

LOW = -20.0


@pytest.fixture
def scores():
    return np.full((40, 60), LOW, np.float32)


def test_scores_are_those_of_the_pixels_of_each_cell_row_by_row(rng):
    pixels = rng.normal(size=(8, 12)).astype(np.float32)
    maps = np.zeros((2, 3, 5 + 16), np.float32)
    for row in range(8):
        for column in range(12):
            channel = 5 + CELL * (row % CELL) + column % CELL
            maps[row // CELL, column // CELL, channel] = pixels[row, column]
    np.testing.assert_array_equal(keypoints.scores_of(maps, 5), pixels)


def test_the_best_maxima_are_selected_best_first(scores):
    for value, (row, column) in enumerate(((10, 10), (20, 30), (30, 50), (12, 40))):
        scores[row, column] = value
    found = keypoints.select(scores, (40, 60), 3)
    np.testing.assert_array_equal(found, [(40, 12), (50, 30), (30, 20)])


def test_a_lower_maximum_in_the_window_is_suppressed(scores):
    scores[10, 10], scores[12, 12], scores[10, 15] = 3.0, 2.0, 1.0
    np.testing.assert_array_equal(keypoints.select(scores, (40, 60), 9), [(10, 10), (15, 10)])


def test_pixels_without_a_distinct_score_and_at_the_border_are_none(scores):
    scores[10, 10] = keypoints.DISTINCT - 0.1
    for row, column in ((0, 9), (1, 9), (38, 9), (39, 9), (9, 0), (9, 1), (9, 58), (9, 59)):
        scores[row, column] = 5.0
    assert len(keypoints.select(scores, (40, 60), 9)) == 0


@pytest.mark.parametrize(("dx", "dy"), [(0.0, 0.0), (0.3, -0.2), (-0.45, 0.45)])
def test_the_maximum_of_a_parabola_is_found_to_a_fraction_of_a_pixel(dx, dy):
    y, x = np.mgrid[:40, :60].astype(np.float32)
    scores = 4 - 0.5 * ((x - 30 - dx) ** 2 + (y - 20 - dy) ** 2)
    np.testing.assert_allclose(keypoints.select(scores, (40, 60), 1), [(30 + dx, 20 + dy)], atol=1e-4)


def test_a_plateau_has_its_keypoints_inside():
    found = keypoints.select(np.zeros((40, 60), np.float32), (40, 60), 5000)
    assert np.isfinite(found).all()
    assert (found >= keypoints.BORDER).all()


def test_descriptors_are_interpolated_between_the_centres_of_cells(rng):
    maps = np.zeros((4, 5, 3 + 16), np.float32)
    maps[..., 0] = np.arange(5)  # over x: the centre of cell c is pixel 4 c + 1.5
    maps[..., 1] = np.arange(4)[:, None]
    maps[..., 2] = 2.0
    points = np.array([(1.5, 1.5), (7.5, 5.5), (19.0, 0.0)], np.float32)
    expected = np.array([(0, 0, 2), (1.5, 1, 2), (4, 0, 2)], float)
    expected *= 127 / np.linalg.norm(expected, axis=1, keepdims=True)
    found = keypoints.sample(maps, points, 3)
    assert found.dtype == np.int8
    np.testing.assert_allclose(found, expected, atol=0.6)


def test_a_zero_descriptor_is_no_error():
    maps = np.zeros((4, 5, 3 + 16), np.float32)
    np.testing.assert_array_equal(keypoints.sample(maps, np.zeros((2, 2), np.float32), 3), 0)


def test_padding_has_no_keypoints(scores):
    scores[10, 10], scores[10, 40], scores[30, 10], scores[10, 18] = 1.0, 2.0, 3.0, 4.0
    np.testing.assert_array_equal(keypoints.select(scores, (25, 20), 9), [(10, 10)])
    assert len(keypoints.select(scores, (1, 60), 9)) == 0
