import numpy as np
import pytest

from place_recognition_ros.loops.sequence import sequence_radius, sequence_similarity


def vectors_of(similarity):
    """Queries and keyframes whose cosines are the given (n, m) matrix."""
    similarity = np.asarray(similarity, np.float32)
    return similarity, np.eye(similarity.shape[1], dtype=np.float32)


def score(similarity, match):
    return sequence_similarity(*vectors_of(similarity), match)


FORWARD = [  # newest query first: it matches keyframe 4, the one before it keyframe 3, the oldest keyframe 2
    [0, 0, 0, 0, 1, 0, 0, 0, 0],
    [0, 0, 0, 1, 0, 0, 0, 0, 0],
    [0, 0, 1, 0, 0, 0, 0, 0, 0],
]


def test_a_revisit_in_the_same_direction_is_consistent():
    assert score(FORWARD, 4) == pytest.approx(1)


def test_a_revisit_in_the_opposite_direction_is_consistent():
    assert score(np.fliplr(FORWARD), 4) == pytest.approx(1)


def test_double_and_half_speed_are_consistent():
    fast = np.zeros((3, 9))
    fast[[0, 1, 2], [6, 4, 2]] = 1
    assert score(fast, 6) == pytest.approx(1)
    slow = np.zeros((5, 9))
    slow[[0, 1, 2, 3, 4], [6, 6, 5, 5, 4]] = 1
    assert score(slow, 6) == pytest.approx(1)


def test_a_stationary_camera_is_consistent():
    stationary = np.zeros((4, 9))
    stationary[:, 4] = 1
    assert score(stationary, 4) == pytest.approx(1)


def test_a_single_similar_image_is_not_consistent():
    single = np.zeros((3, 9))
    single[0, 4] = 1
    assert score(single, 4) == pytest.approx(1 / 3)


def test_matches_off_the_line_are_ignored():
    scattered = np.zeros((3, 19))
    scattered[[0, 1, 2], [9, 17, 1]] = 1
    assert score(scattered, 9) == pytest.approx(1 / 3)


def test_matches_on_a_zigzag_are_not_consistent():
    zigzag = np.zeros((3, 13))
    zigzag[[0, 1, 2], [6, 10, 2]] = 1
    assert score(zigzag, 6) < 0.7


def test_keyframes_next_to_the_line_are_compared_too():
    shifted = np.array(FORWARD)
    shifted[1] = np.roll(shifted[1], 1)
    assert score(shifted, 4) == pytest.approx(1)


def test_the_score_is_the_mean_similarity():
    assert score(np.array(FORWARD) * [[0.9], [0.6], [0.3]], 4) == pytest.approx(0.6)


@pytest.mark.parametrize("match, column", [(0, 0), (8, 8)])
def test_queries_outside_the_map_are_ignored(match, column):
    """A robot that enters the mapped area at the first or last keyframe has no earlier matches."""
    single = np.zeros((3, 9))
    single[0, column] = 1
    assert score(single, match) == pytest.approx(1)


def test_the_score_of_a_single_query_is_its_similarity():
    assert score([[0.1, 0.2, 0.7, 0.2]], 2) == pytest.approx(0.7)
    assert score([[0.25]], 0) == pytest.approx(0.25)
    assert score([[-0.5]], 0) == pytest.approx(-0.5)


@pytest.mark.parametrize("length", range(1, 8))
def test_only_keyframes_within_the_radius_are_compared(length):
    radius = sequence_radius(length)
    similarity = np.random.default_rng(length).uniform(-1, 1, (length, 4 * radius + 1))
    outside = similarity.copy()
    outside[:, :radius] = 1
    outside[:, 3 * radius + 1 :] = 1
    assert score(outside, 2 * radius) == pytest.approx(score(similarity, 2 * radius))
    inside = similarity.copy()
    inside[:, 2 * radius - (radius - 1) : 2 * radius + radius] = 1
    assert score(inside, 2 * radius) == pytest.approx(1)
