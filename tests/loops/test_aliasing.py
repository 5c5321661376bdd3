import pytest

from place_recognition_ros.loops.aliasing import PRIOR_COUNT, WINDOW, Aliasing
from place_recognition_ros.loops.evidence import Coefficients
from place_recognition_ros.types import Kind

PRIOR = Coefficients(typical=10.0)


def learning(weights=PRIOR, text=""):
    """Sessions 1 and 2 are one world."""
    return Aliasing(weights, lambda session: 1 if session == 2 else session, text)


def observe(aliasing, in_session, **in_worlds):
    """``world_1=…``: what a query shows of that world."""
    aliasing.observe(in_session, {int(name[len("world_") :]): each for name, each in in_worlds.items()})


@pytest.mark.parametrize("kind", Kind)
def test_an_unknown_map_has_the_prior_level(kind):
    assert learning(Coefficients(typical=15.0)).level(kind, 1) == pytest.approx(15.0)


def test_the_level_is_the_mean_of_the_prior_and_what_was_observed():
    aliasing = learning()
    for _ in range(PRIOR_COUNT):
        observe(aliasing, 20.0, world_1=20.0)
    assert aliasing.level(Kind.LOOP_CLOSURE, 1) == pytest.approx(15.0)


def test_only_the_newest_queries_count():
    aliasing = learning()
    for strength in [99.0] * 50 + [4.0] * WINDOW:
        observe(aliasing, strength, world_1=strength)
    assert aliasing.level(Kind.LOOP_CLOSURE, 1) == pytest.approx(4.0)


def test_look_alikes_of_other_sessions_do_not_concern_loops_of_the_present_one():
    aliasing = learning()
    for _ in range(PRIOR_COUNT):
        observe(aliasing, 10.0, world_1=20.0)
    assert aliasing.level(Kind.LOOP_CLOSURE, 1) == pytest.approx(10.0)
    assert aliasing.level(Kind.INTER_SESSION, 1) == aliasing.level(Kind.RELOCALIZATION, 1)
    assert aliasing.level(Kind.INTER_SESSION, 1) == pytest.approx(15.0)


@pytest.mark.parametrize("count", [1, 100, WINDOW, 2 * WINDOW])
def test_the_level_of_the_only_world_is_that_of_the_map(count):
    aliasing = learning()
    for _ in range(count):
        observe(aliasing, 4.0, world_1=4.0)
    assert aliasing.level(Kind.INTER_SESSION, 2) == pytest.approx(aliasing.level(Kind.LOOP_CLOSURE, 1))


def test_a_world_that_is_known_has_its_own_level():
    aliasing = learning()
    for _ in range(WINDOW):
        observe(aliasing, 0.0, world_1=4.0, world_7=20.0)  # world 7: one night that nothing recognised
    for known in (1, 2):
        assert aliasing.level(Kind.INTER_SESSION, known) == pytest.approx((4 * 4.0 + 20.0) / 5)
    assert (
        aliasing.level(Kind.INTER_SESSION, 7) == aliasing.level(Kind.INTER_SESSION, 9) == pytest.approx(20.0)
    )


def test_sessions_that_become_one_world_are_known_together():
    worlds = {1: 1, 3: 3}
    aliasing = Aliasing(PRIOR, worlds.get)
    for _ in range(WINDOW):
        observe(aliasing, 0.0, world_1=4.0)
        observe(aliasing, 0.0, world_3=10.0)
    worlds[3] = 1
    assert aliasing.level(Kind.INTER_SESSION, 3) == pytest.approx((4 * 7.0 + 7.0) / 5)


def test_what_was_learned_is_known_after_a_restart():
    aliasing = learning()
    for _ in range(PRIOR_COUNT):
        observe(aliasing, 10.0, world_1=20.0)
    again = learning(text=aliasing.to_text())
    for kind in Kind:
        assert again.level(kind, 2) == pytest.approx(aliasing.level(kind, 1))


@pytest.mark.parametrize(
    "text",
    [
        learning(PRIOR._replace(bias=1.0)).to_text().replace("10.0", "20.0"),
        learning().to_text().replace("10.0", "NaN"),
        *("[1", "[]", "7", "{}", '{"weights": 3, "session": 3, "map": [1]}'),
    ],
    ids=["other weights", "NaN", "no JSON", "a list", "a number", "empty", "no lists"],
)
def test_a_text_that_is_not_usable_is_ignored(text):
    assert learning(text=text).level(Kind.LOOP_CLOSURE, 1) == pytest.approx(10.0)
