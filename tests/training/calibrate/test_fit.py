import numpy as np
import pytest

from place_recognition_ros.errors import CalibrationError
from place_recognition_ros.loops.evidence import Coefficients
from training.calibrate.fit import balanced, by_building, fit, scaled
from training.calibrate.runs import NONE, Runs, accepted, posteriors, view_log_odds
from training.data.recordings.recording import Verdict

TRUE = Coefficients(-6.0, 10.0, 1.2, -0.5, 4.0, correlation=0.0, prior=0.0)


def simulated(count, seed, weights=TRUE):
    """Runs of one view each, whose truth follows the coefficients."""
    random = np.random.default_rng(seed)
    own = np.column_stack([random.uniform(0, 0.8, count), random.uniform(2.7, 5.3, count)])
    wrong = np.column_stack([random.uniform(0, 0.5, count), random.uniform(2.7, 4.5, count)])
    known = random.uniform(0, 1, count)
    members = np.full((count, 8), NONE)
    members[:, 0] = np.arange(count)
    runs = Runs(
        own, wrong * known[:, None], known, np.zeros(count, int), np.arange(count), members,
        np.full((count, 1), NONE),
    )  # fmt: skip
    odds = view_log_odds(runs, weights) + weights.prior
    right = random.uniform(0, 1, count) < 1 / (1 + np.exp(-odds))
    return runs._replace(verdict=right.astype(int))


def test_the_fit_recovers_the_posteriors_of_simulated_matches():
    recordings = [simulated(20000, seed) for seed in (1, 2)]
    found = fit(recordings, ["a", "b"])
    other = simulated(5000, 3)
    true, fitted = (1 / (1 + np.exp(-posteriors(other, each))) for each in (TRUE, found))
    assert np.abs(true - fitted).mean() < 0.03
    assert found.coverage / found.inliers == pytest.approx(TRUE.coverage / TRUE.inliers, rel=0.15)
    assert -1 <= found.aliasing < 0.5 * TRUE.aliasing


def test_coefficients_never_have_the_wrong_sign():
    reverse = Coefficients(4.0, -8.0, -1.0, 1.5, 0.0, correlation=0.0, prior=0.0)
    found = fit([simulated(3000, 1, reverse)], ["a"])
    assert found.coverage >= 0
    assert found.inliers >= 0
    assert found.aliasing <= 0


def test_unknown_matches_do_not_count():
    known = simulated(500, 1)
    both = known._replace(verdict=np.where(np.arange(500) % 2, known.verdict, Verdict.UNKNOWN))
    flipped = both._replace(verdict=both.verdict.copy())
    assert fit([both], ["a"]) == fit([flipped], ["a"])
    assert fit([both], ["a"]) != fit([known], ["a"])


@pytest.mark.parametrize("verdict", [Verdict.RIGHT, Verdict.WRONG])
def test_matches_of_one_kind_are_refused(verdict):
    runs = simulated(50, 1)
    with pytest.raises(CalibrationError, match=r"expected right and wrong matches\. Received: "):
        fit([runs._replace(verdict=np.full(50, verdict))], ["a"])


def test_buildings_and_classes_have_equal_weights():
    building, right = (
        np.array(["a"] * 6 + ["b"] * 2),
        np.array([True, True, False, False, False, False, True, False]),
    )
    weight = balanced(building, right)
    assert weight[right].sum() == pytest.approx(0.5)
    assert weight.sum() == pytest.approx(1.0)
    assert weight[:2].sum() == pytest.approx(weight[6])
    assert weight[2:6].sum() == pytest.approx(weight[7])


def test_the_matches_of_a_building_share_its_weight():
    assert by_building(np.array(["a", "a", "b"])).tolist() == [0.25, 0.25, 0.5]


def test_scaling_scales_the_log_odds_of_a_view():
    runs = simulated(20, 1)
    assert view_log_odds(runs, scaled(TRUE, 0.5)) == pytest.approx(0.5 * view_log_odds(runs, TRUE))


def run_of(count, rivals=()):
    """A run of views with the log odds 3, and runs of one view with the same that compete with its newest."""
    runs = simulated(count + len(rivals), 1)
    members = runs.members.copy()
    members[:count, :] = NONE
    for row in range(count):
        members[row, : row + 1] = np.arange(row + 1)
    against = np.full((count + len(rivals), max(1, len(rivals))), NONE)
    against[count - 1, : len(rivals)] = rivals
    zero = np.zeros_like(runs.own)
    return runs._replace(own=zero, wrong=zero, known=zero[:, 0], members=members, rivals=against)


def test_views_of_a_run_add_up_according_to_their_correlation():
    weights = Coefficients(3.0, 0.0, 0.0, 0.0, 0.0, correlation=0.5, prior=-1.0)
    assert posteriors(run_of(3), weights) == pytest.approx([2.0, 3 * 2 / 1.5 - 1, 3 * 3 / 2 - 1])


def test_runs_that_compete_share_the_probability():
    weights = Coefficients(20.0, 0.0, 0.0, 0.0, 0.0, correlation=0.0, prior=0.0)
    assert posteriors(run_of(1, rivals=[1]), weights)[0] == pytest.approx(0.0, abs=1e-6)


def test_earlier_views_are_accepted_with_their_run():
    weights = Coefficients(2.0, 0.0, 0.0, 0.0, 0.0, correlation=0.0, prior=0.0)
    assert posteriors(run_of(3), weights) == pytest.approx([2.0, 4.0, 6.0])
    assert accepted(run_of(3), weights).tolist() == [True, True, True]
    assert accepted(run_of(2), weights).tolist() == [False, False]
