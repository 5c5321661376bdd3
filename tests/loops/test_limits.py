import pytest

from place_recognition_ros.config import Config
from place_recognition_ros.loops.limits import Limits, objection
from place_recognition_ros.loops.models import MIN_POINTS
from place_recognition_ros.types import Evidence, Reason

LIMITS = Limits(min_similarity=0.5, min_inliers=20)
GOOD = Evidence(0.8, 0.2, matches=60, inliers=40, coverage=0.6, spread=True)


def test_nothing_is_objected_to_good_evidence():
    assert objection(GOOD, LIMITS) == Reason.NONE
    assert objection(Evidence(0.8, 0.2), LIMITS) == Reason.NONE, "what was not examined is no objection"


@pytest.mark.parametrize(
    "values, reason",
    [
        ({"similarity": 0.49}, Reason.LOW_SIMILARITY),
        ({"matches": 19}, Reason.FEW_MATCHES),
        ({"inliers": 19}, Reason.FEW_INLIERS),
        ({"spread": False}, Reason.DEGENERATE),
        ({"possible": False}, Reason.ODOMETRY_CONFLICT),
    ],
)
def test_evidence_below_a_limit_is_refused_with_its_reason(values, reason):
    assert objection(GOOD._replace(**values), LIMITS) == reason


@pytest.mark.parametrize(
    "values",
    [
        {"similarity": 0.5},
        {"inliers": 20},
        {"possible": None},
    ],
)
def test_evidence_at_a_limit_or_not_known_is_no_objection(values):
    assert objection(GOOD._replace(**values), LIMITS) == Reason.NONE


def test_the_first_limit_that_is_not_reached_is_named():
    evidence = GOOD._replace(similarity=0.1, matches=0, inliers=0, spread=False, possible=False)
    assert objection(evidence, LIMITS) == Reason.LOW_SIMILARITY
    assert objection(evidence._replace(similarity=0.8), LIMITS) == Reason.FEW_MATCHES


def test_the_limits_are_those_of_the_configuration_or_the_model_card():
    assert Limits.from_config(Config(), 0.4).min_similarity == 0.4
    assert Limits.from_config(Config(min_similarity=0.6), 0.4).min_similarity == 0.6
    assert Limits.from_config(Config(min_inliers=8), 0.4).min_inliers == max(8, MIN_POINTS)
