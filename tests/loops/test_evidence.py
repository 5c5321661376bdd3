import numpy as np
import pytest

from place_recognition_ros.loops import evidence
from place_recognition_ros.loops.evidence import Coefficients, log_odds, odds_of, parts, probability, strength
from place_recognition_ros.types import Evidence

WEIGHTS = Coefficients(bias=-5.0, coverage=10.0, inliers=2.0, aliasing=-0.5)
MATCH = Evidence(0.7, 0.2, matches=100, inliers=60, coverage=0.5, spread=True, aliasing=4.0)


def test_the_log_odds_are_linear_in_the_coefficients():
    expected = -5.0 + 10.0 * 0.5 + 2.0 * np.log(60) - 0.5 * 4.0
    assert log_odds(MATCH, WEIGHTS) == pytest.approx(expected)


def test_the_parts_add_up_to_the_log_odds():
    assert sum(parts(MATCH, WEIGHTS).values()) == pytest.approx(log_odds(MATCH, WEIGHTS))
    assert parts(MATCH, WEIGHTS)["look-alikes in this map"] == -2.0


@pytest.mark.parametrize("field", ["coverage", "inliers"])
def test_more_of_the_scene_found_again_speaks_for_the_match(field):
    more = MATCH._replace(**{field: 1.5 * getattr(MATCH, field)})
    assert strength(more, WEIGHTS) > strength(MATCH, WEIGHTS)
    assert log_odds(more, WEIGHTS) > log_odds(MATCH, WEIGHTS)


def test_a_rolled_camera_speaks_for_a_match_but_makes_no_stronger_look_alike():
    rolled = MATCH._replace(rolled=0.2)
    assert log_odds(rolled, WEIGHTS) == pytest.approx(log_odds(MATCH, WEIGHTS) + 10.0 * 0.2)
    assert strength(rolled, WEIGHTS) == strength(MATCH, WEIGHTS)
    one_spot = rolled._replace(spread=False)
    assert log_odds(one_spot, WEIGHTS) == log_odds(one_spot._replace(rolled=0.0), WEIGHTS)


def test_the_strength_does_not_depend_on_the_map():
    assert strength(MATCH._replace(aliasing=9.0), WEIGHTS) == strength(MATCH, WEIGHTS)
    assert log_odds(MATCH._replace(aliasing=9.0), WEIGHTS) < log_odds(MATCH, WEIGHTS)


def test_the_number_of_inliers_counts_within_limits():
    most, least = (MATCH._replace(inliers=count) for count in (evidence.MAX_INLIERS, evidence.FEW_INLIERS))
    assert strength(MATCH._replace(inliers=10**6), WEIGHTS) == strength(most, WEIGHTS)
    for few in (-1, 0, 3):
        assert strength(MATCH._replace(inliers=few), WEIGHTS) == strength(least, WEIGHTS)


def test_inliers_that_are_not_spread_are_no_common_scene():
    spot, nothing = MATCH._replace(spread=False), Evidence(0.7, 0.2)
    assert strength(spot, WEIGHTS) == strength(nothing, WEIGHTS) < strength(MATCH, WEIGHTS)


@pytest.mark.parametrize("share", [0.001, 0.5, 0.99, 0.99999])
def test_probability_is_the_inverse_of_odds_of(share):
    assert probability(odds_of(share)) == pytest.approx(share)


def test_extreme_log_odds_are_probabilities():
    with np.errstate(all="raise"):
        assert probability(1e6) == 1.0
        assert 0.0 <= probability(-1e6) < 1e-200
