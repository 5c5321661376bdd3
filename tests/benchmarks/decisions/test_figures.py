import math

import pytest

from benchmarks.decisions.figures import (
    Curve,
    curve,
    delays,
    recall_without_error,
    runs_of,
)
from training.calibrate.reliability import reliability


def test_recall_counts_revisits_and_precision_counts_candidates():
    scored = [(1, 0.9, True), (1, 0.8, True), (2, 0.7, False), (3, 0.6, True), (9, 0.5, True)]
    found = curve(scored, [1, 2, 3, 4])
    assert found.recall == pytest.approx([0.25, 0.25, 0.25, 0.5, 0.5])
    assert found.precision == pytest.approx([1, 1, 2 / 3, 3 / 4, 4 / 5])
    assert recall_without_error(found) == 0.25


def test_equal_scores_are_accepted_together():
    found = curve([(1, 0.5, True), (2, 0.5, False)], [1])
    assert found == Curve([1.0], [0.5])
    assert recall_without_error(found) == 0.0


def test_a_score_that_is_not_known_is_never_accepted():
    assert curve([(1, float("nan"), True)], [1]) == Curve([], [])
    assert recall_without_error(Curve([], [])) == 0.0


def test_without_revisits_there_is_no_recall():
    assert math.isnan(recall_without_error(curve([(1, 0.5, True)], [])))
    assert math.isnan(recall_without_error(curve([(1, 0.5, False)], [])))


def test_a_calibrated_confidence_has_no_error():
    found = reliability([(0.75, right) for right in (True, True, True, False)])
    assert found.error == pytest.approx(0.0)
    assert found.numbers == [4]


def test_overconfidence_is_weighted_by_the_number_of_its_bin():
    found = reliability([(1.0, False)] * 3 + [(0.0, False), (float("nan"), True)])
    assert found.numbers == [1, 3]
    assert found.error == pytest.approx(0.75)
    assert math.isnan(reliability([]).error)


def test_a_single_frame_does_not_interrupt_a_run():
    assert runs_of([3, 4, 6, 9], [0] * 10) == [(3, 6), (9, 9)]
    assert runs_of([], []) == []


def test_a_run_ends_with_its_session():
    assert runs_of([1, 2, 3], [0, 0, 0, 1]) == [(1, 2), (3, 3)]


def test_the_delay_is_from_the_first_of_a_run_to_its_first_acceptance():
    assert delays([(10, 12), (30, 31)], [5, 12, 40]) == [2, math.inf]
