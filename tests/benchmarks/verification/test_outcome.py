import pytest

from benchmarks.verification.outcome import Outcome
from place_recognition_ros.loops.geometry import Geometry

GOOD = Geometry(60, 50, spread=True, coverage=0.9)


@pytest.mark.parametrize(
    ("geometry", "expected"),
    [(GOOD, 50), (GOOD._replace(spread=False), 0), (None, 50)],
)
def test_a_pair_without_spread_is_accepted_at_no_threshold(geometry, expected):
    assert Outcome(60, 50, geometry=geometry).largest_threshold() == expected
