import numpy as np
import pytest

from place_recognition_ros.loops.sequence import sequence_radius, sequence_similarity


def likeness(similarity):
    """Vectors whose products are the given (n, m) matrix: its rows, and one axis for each column."""
    similarity = np.asarray(similarity, np.float32)
    return similarity, np.eye(similarity.shape[1], dtype=np.float32)


def score(similarity, match):
    return sequence_similarity(*likeness(similarity), match)


FORWARD = [  # the newest query above; it fits keyframe 4, the one before it keyframe 3, …
    [0, 0, 0, 0, 1, 0, 0, 0, 0],
    [0, 0, 0, 1, 0, 0, 0, 0, 0],
    [0, 0, 1, 0, 0, 0, 0, 0, 0],
]


def test_the_same_way_again_is_consistent():
    assert score(FORWARD, 4) == pytest.approx(1)


def test_the_way_back_is_consistent():
    assert score(np.fliplr(FORWARD), 4) == pytest.approx(1)


def test_twice_as_fast_or_half_as_fast_is_consistent():
    fast = np.zeros((3, 9))
    fast[[0, 1, 2], [6, 4, 2]] = 1
    assert score(fast, 6) == pytest.approx(1)
    slow = np.zeros((5, 9))
    slow[[0, 1, 2, 3, 4], [6, 6, 5, 5, 4]] = 1
    assert score(slow, 6) == pytest.approx(1)


def test_standing_before_the_match_is_consistent():
    standing = np.zeros((4, 9))
    standing[:, 4] = 1
    assert score(standing, 4) == pytest.approx(1)


def test_one_alike_picture_is_not_enough():
    alone = np.zeros((3, 9))
    alone[0, 4] = 1
    assert score(alone, 4) == pytest.approx(1 / 3)


def test_pictures_that_match_elsewhere_do_not_count():
    scattered = np.zeros((3, 19))
    scattered[[0, 1, 2], [9, 17, 1]] = 1
    assert score(scattered, 9) == pytest.approx(1 / 3)


def test_the_way_is_a_line_not_a_zigzag():
    zigzag = np.zeros((3, 13))
    zigzag[[0, 1, 2], [6, 10, 2]] = 1
    assert score(zigzag, 6) < 0.7


def test_a_keyframe_beside_the_line_may_stand_for_it():
    shaky = np.array(FORWARD)
    shaky[1] = np.roll(shaky[1], 1)
    assert score(shaky, 4) == pytest.approx(1)


def test_the_mean_is_what_counts():
    assert score(np.array(FORWARD) * [[0.9], [0.6], [0.3]], 4) == pytest.approx(0.6)


@pytest.mark.parametrize("match, column", [(0, 0), (8, 8)])
def test_beyond_the_end_of_the_map_there_is_no_evidence(match, column):
    """At the map's first keyframe the past of a robot that comes from outside shows nothing of the map."""
    alone = np.zeros((3, 9))
    alone[0, column] = 1
    assert score(alone, match) == pytest.approx(1)


def test_within_the_map_the_past_is_evidence_again():
    alone = np.zeros((3, 9))
    alone[0, 4] = 1
    assert score(alone, 4) < score(np.roll(alone, 4, axis=1), 8)


def test_a_single_query_is_its_own_similarity():
    assert score([[0.1, 0.2, 0.7, 0.2]], 2) == pytest.approx(0.7)
    assert score([[0.25]], 0) == pytest.approx(0.25)
    assert score([[-0.5]], 0) == pytest.approx(-0.5)


@pytest.mark.parametrize("length", range(1, 8))
def test_the_radius_is_all_that_is_looked_at(length):
    radius = sequence_radius(length)
    similarity = np.random.default_rng(length).uniform(-1, 1, (length, 4 * radius + 1))
    outside = similarity.copy()
    outside[:, : radius + 0] = 1
    outside[:, 3 * radius + 1 :] = 1
    assert score(outside, 2 * radius) == pytest.approx(score(similarity, 2 * radius))
    nearer = similarity.copy()
    nearer[:, 2 * radius - (radius - 1) : 2 * radius + radius] = 1
    assert score(nearer, 2 * radius) == pytest.approx(1)
