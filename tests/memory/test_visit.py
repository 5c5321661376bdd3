import numpy as np
import pytest

from place_recognition_ros.memory.visit import ALIKE, PresentVisit

SECOND = 10**9
MIN_AGE = 10 * SECOND
HERE, THERE = np.eye(2, 8, dtype=np.float32)
LEFT_BELOW = 0.7


def between(cosine):
    """A descriptor of this cosine to HERE."""
    return np.float32(cosine) * HERE + np.float32(np.sqrt(1 - cosine**2)) * THERE


@pytest.fixture
def visit():
    return PresentVisit(MIN_AGE, LEFT_BELOW)


def test_a_keyframe_waits_until_it_is_old_and_its_place_was_left(visit):
    visit.add(1, 1 * SECOND, HERE)
    assert visit.look(THERE, 2 * SECOND) == [], "it was left, but is too young"
    assert visit.look(HERE, 11 * SECOND - 1) == []
    assert visit.waiting == {1}
    assert visit.look(HERE, 11 * SECOND) == [1], "it was left before"
    assert visit.waiting == set()
    assert visit.look(THERE, 99 * SECOND) == []


def test_a_camera_that_stays_releases_nothing(visit):
    for second in range(1, 100):
        assert visit.look(HERE, second * SECOND) == []
        visit.add(second, second * SECOND, HERE)
    assert visit.waiting == set(range(1, 100))
    assert visit.look(THERE, 100 * SECOND) == list(range(1, 91))


@pytest.mark.parametrize("cosine, left", [(LEFT_BELOW + 0.01, False), (LEFT_BELOW - 0.01, True)])
def test_how_different_the_view_must_be(visit, cosine, left):
    visit.add(1, 0, HERE)
    assert visit.look(between(cosine), 50 * SECOND) == ([1] if left else [])


def test_only_what_was_left_is_released(visit):
    visit.add(1, 1 * SECOND, HERE)
    visit.add(2, 2 * SECOND, THERE)
    assert visit.look(THERE, 50 * SECOND) == [1]
    assert visit.waiting == {2}


@pytest.mark.parametrize("cosine, runs", [(ALIKE + 0.01, 1), (ALIKE - 0.01, 2)])
def test_a_long_wait_costs_one_comparison(visit, cosine, runs):
    for number in range(1, 1000):
        visit.add(number, number, HERE)
    visit.add(1000, 1000, between(cosine))
    assert len(visit._runs) == runs


def test_who_comes_back_begins_a_new_run(visit):
    visit.add(1, 1 * SECOND, HERE)
    visit.look(THERE, 2 * SECOND)
    visit.add(2, 3 * SECOND, HERE)
    assert visit.look(HERE, 50 * SECOND) == [1]
    assert visit.waiting == {2}


def test_the_end_releases_all(visit):
    for number, descriptor in enumerate((HERE, THERE, HERE), 1):
        visit.add(number, number, descriptor)
    assert visit.end() == [1, 2, 3]
    assert visit.waiting == set()
    assert visit.look(THERE, 99 * SECOND) == []


def test_a_removed_keyframe_is_not_released(visit):
    for number in (1, 2, 3):
        visit.add(number, number, HERE)
    visit.remove(2)
    visit.remove(77)
    assert visit.waiting == {1, 3}
    assert visit.look(THERE, 99 * SECOND) == [1, 3]
