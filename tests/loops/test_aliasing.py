import pytest

from place_recognition_ros.loops.aliasing import PRIOR_COUNT, WINDOW, Aliasing
from place_recognition_ros.loops.evidence import Coefficients
from place_recognition_ros.types import Kind

PRIOR = Coefficients(typical=10.0)


@pytest.mark.parametrize("kind", Kind)
def test_an_unknown_map_has_the_prior_level(kind):
    assert Aliasing(Coefficients(typical=15.0)).level(kind) == pytest.approx(15.0)


def test_the_level_is_the_mean_of_the_prior_and_what_was_observed():
    aliasing = Aliasing(PRIOR)
    for _ in range(PRIOR_COUNT):
        aliasing.observe(20.0, 20.0)
    assert aliasing.level(Kind.LOOP_CLOSURE) == pytest.approx(15.0)


def test_only_the_newest_queries_count():
    aliasing = Aliasing(PRIOR)
    for strength in [99.0] * 50 + [4.0] * WINDOW:
        aliasing.observe(strength, strength)
    assert aliasing.level(Kind.LOOP_CLOSURE) == pytest.approx(4.0)


def test_look_alikes_of_other_sessions_do_not_concern_loops_of_the_present_one():
    aliasing = Aliasing(PRIOR)
    for _ in range(PRIOR_COUNT):
        aliasing.observe(10.0, 20.0)
    assert aliasing.level(Kind.LOOP_CLOSURE) == pytest.approx(10.0)
    assert aliasing.level(Kind.INTER_SESSION) == aliasing.level(Kind.RELOCALIZATION) == pytest.approx(15.0)


def test_what_was_learned_is_known_after_a_restart():
    aliasing = Aliasing(PRIOR)
    for _ in range(PRIOR_COUNT):
        aliasing.observe(10.0, 20.0)
    again = Aliasing(PRIOR, aliasing.to_text())
    for kind in Kind:
        assert again.level(kind) == pytest.approx(aliasing.level(kind))


@pytest.mark.parametrize(
    "text",
    [
        Aliasing(PRIOR._replace(bias=1.0)).to_text().replace("10.0", "20.0"),
        Aliasing(PRIOR).to_text().replace("10.0", "NaN"),
        *("[1", "[]", "7", "{}", '{"weights": 3, "session": 3, "map": [1]}'),
    ],
    ids=["other weights", "NaN", "no JSON", "a list", "a number", "empty", "no lists"],
)
def test_a_text_that_is_not_usable_is_ignored(text):
    assert Aliasing(PRIOR, text).level(Kind.LOOP_CLOSURE) == pytest.approx(10.0)
