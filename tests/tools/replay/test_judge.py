"""Right and wrong by ground truth; precision and recall."""

import numpy as np
import pytest

from place_recognition_ros.tools.replay.judge import Judge, Limits, curve, recall_at
from place_recognition_ros.tools.replay.truth import Spot

SECOND = 10**9


def turned(degrees):
    half = np.radians(degrees) / 2
    return np.array([0.0, 0.0, np.sin(half), np.cos(half)])


def judge(xs, degrees=None, limits=Limits(2.0, 30.0), min_age=3):  # noqa: B008
    turns = [None] * len(xs) if degrees is None else [turned(each) for each in degrees]
    spots = [x if x is None else Spot(np.array([x, 0.0, 0.0]), turn) for x, turn in zip(xs, turns)]
    stamps = [number * SECOND for number in range(len(xs))]
    return Judge(spots, stamps, limits, min_age * SECOND)


def test_a_pair_is_right_within_the_radius_and_the_angle():
    found = judge([0.0, 1.9, 2.1, 0.0, 0.0], [0, 0, 0, 29, 31])
    verdicts = [found.verdict(0, each) for each in (1, 2, 3, 4)]
    assert [each.right for each in verdicts] == [True, False, True, False]
    assert verdicts[1].distance == pytest.approx(2.1)
    assert verdicts[2].angle == pytest.approx(29)


def test_without_orientations_only_the_radius_counts():
    verdict = judge([0.0, 1.0]).verdict(0, 1)
    assert verdict.right
    assert np.isnan(verdict.angle)


def test_a_spot_that_is_not_known_gives_no_verdict():
    assert judge([0.0, None]).verdict(0, 1) is None


def test_labels_decide_where_both_images_have_one():
    spots = [Spot(place="kitchen"), Spot(place="kitchen"), Spot(place="hall"), None]
    found = Judge(spots, [0, 1, 2, 3], Limits(), 0)
    assert [found.verdict(0, each) and found.verdict(0, each).right for each in (1, 2, 3)] == [
        *(True, False, None)
    ]


def test_revisits_are_places_that_were_left_and_are_old_enough():
    assert judge([0, 1, 2, 9, 9, 1, 0]).revisits == [5, 6]
    assert judge([0, 1, 2, 9, 9, 1, 0], min_age=6).revisits == [6]


def test_where_the_camera_has_stayed_is_no_revisit():
    assert judge([0.0] * 9).revisits == []


def test_a_turn_leaves_the_view():
    assert judge([0.0] * 9, [0, 0, 40, 80, 120, 80, 40, 0, 0]).revisits == [6, 7, 8]


def test_the_curve_counts_matches_from_the_best_score_down():
    scores = {0: (0.9, True), 1: (0.8, False), 2: (0.7, True), 3: (0.6, None), 4: (float("nan"), False)}
    found = curve(scores, [0, 2, 7, 8])
    assert found.recall.tolist() == [0.25, 0.25, 0.5]
    assert found.precision.tolist() == pytest.approx([1, 1 / 2, 2 / 3])
    assert found.recall_at_full_precision == 0.25
    assert found.area == pytest.approx(0.25 + 0.25 * 2 / 3)


def test_equal_scores_are_one_point_of_the_curve():
    found = curve({0: (0.9, True), 1: (0.9, False), 2: (0.9, True)}, [0, 2])
    assert found.recall.tolist() == [1.0]
    assert found.precision.tolist() == pytest.approx([2 / 3])
    assert found.recall_at_full_precision == 0.0


def test_a_right_match_of_no_revisit_is_precise_but_recalls_nothing():
    found = curve({0: (0.9, True)}, [5])
    assert (found.recall.tolist(), found.precision.tolist()) == ([0.0], [1.0])


def test_without_matches_the_curve_is_empty():
    assert (curve({}, []).area, curve({}, []).recall_at_full_precision) == (0.0, 0.0)


def test_recall_at_k_looks_at_the_first_k():
    ranked = {0: [False, True], 1: [True], 2: [False, None, False], 9: [True]}
    assert recall_at(ranked, [0, 1, 2, 3], (1, 2, 5)) == {1: 0.25, 2: 0.5, 5: 0.5}
