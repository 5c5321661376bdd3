import pytest

from place_recognition_ros.loops.aliasing import PRIOR_COUNT, WINDOW, Aliasing


def test_an_unknown_map_has_the_prior_level():
    assert Aliasing(15.0).level == pytest.approx(15.0)


def test_the_level_is_the_mean_of_the_prior_and_what_was_observed():
    aliasing = Aliasing(10.0)
    for _ in range(PRIOR_COUNT):
        aliasing.observe(20.0)
    assert aliasing.level == pytest.approx(15.0)


def test_only_the_newest_queries_count():
    aliasing = Aliasing(10.0)
    for strength in [99.0] * 50 + [4.0] * WINDOW:
        aliasing.observe(strength)
    assert aliasing.level == pytest.approx(4.0)
