import pytest

from place_recognition_ros.loops.aliasing import PRIOR_COUNT, WINDOW, Aliasing
from place_recognition_ros.types import Kind


@pytest.mark.parametrize("kind", Kind)
def test_an_unknown_map_has_the_prior_level(kind):
    assert Aliasing(15.0).level(kind) == pytest.approx(15.0)


def test_the_level_is_the_mean_of_the_prior_and_what_was_observed():
    aliasing = Aliasing(10.0)
    for _ in range(PRIOR_COUNT):
        aliasing.observe(20.0, 20.0)
    assert aliasing.level(Kind.LOOP_CLOSURE) == pytest.approx(15.0)


def test_only_the_newest_queries_count():
    aliasing = Aliasing(10.0)
    for strength in [99.0] * 50 + [4.0] * WINDOW:
        aliasing.observe(strength, strength)
    assert aliasing.level(Kind.LOOP_CLOSURE) == pytest.approx(4.0)


def test_look_alikes_of_other_sessions_do_not_concern_loops_of_the_present_one():
    aliasing = Aliasing(10.0)
    for _ in range(PRIOR_COUNT):
        aliasing.observe(10.0, 20.0)
    assert aliasing.level(Kind.LOOP_CLOSURE) == pytest.approx(10.0)
    assert aliasing.level(Kind.INTER_SESSION) == aliasing.level(Kind.RELOCALIZATION) == pytest.approx(15.0)
