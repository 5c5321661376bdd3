import numpy as np
import pytest

from place_recognition_ros.memory.visit import ALIKE, PresentVisit

SECOND = 10**9
MIN_AGE = 10 * SECOND
PLACE, OTHER = np.eye(2, 8, dtype=np.float32)
LEFT_BELOW = 0.7


def between(cosine):
    """A descriptor with this cosine to PLACE."""
    return np.float32(cosine) * PLACE + np.float32(np.sqrt(1 - cosine**2)) * OTHER


@pytest.fixture
def visit():
    return PresentVisit(MIN_AGE, LEFT_BELOW)


def test_a_keyframe_is_released_when_it_is_old_and_its_place_was_left(visit):
    visit.add(1, 1 * SECOND, PLACE)
    assert visit.look(OTHER, 2 * SECOND) == [], "released below the minimum age"
    assert visit.look(PLACE, 11 * SECOND - 1) == []
    assert visit.waiting == {1}
    assert visit.look(PLACE, 11 * SECOND) == [1], "the earlier departure was not recorded"
    assert visit.waiting == set()
    assert visit.look(OTHER, 99 * SECOND) == []


def test_a_camera_that_stays_releases_nothing(visit):
    for second in range(1, 100):
        assert visit.look(PLACE, second * SECOND) == []
        visit.add(second, second * SECOND, PLACE)
    assert visit.waiting == set(range(1, 100))
    assert visit.look(OTHER, 100 * SECOND) == list(range(1, 91))


@pytest.mark.parametrize("cosine, left", [(LEFT_BELOW + 0.01, False), (LEFT_BELOW - 0.01, True)])
def test_a_place_is_left_below_the_similarity_limit(visit, cosine, left):
    visit.add(1, 0, PLACE)
    assert visit.look(between(cosine), 50 * SECOND) == ([1] if left else [])


def test_only_keyframes_of_left_places_are_released(visit):
    visit.add(1, 1 * SECOND, PLACE)
    visit.add(2, 2 * SECOND, OTHER)
    assert visit.look(OTHER, 50 * SECOND) == [1]
    assert visit.waiting == {2}


@pytest.mark.parametrize("cosine, runs", [(ALIKE + 0.01, 1), (ALIKE - 0.01, 2)])
def test_similar_consecutive_keyframes_form_one_run(visit, cosine, runs):
    for number in range(1, 1000):
        visit.add(number, number, PLACE)
    visit.add(1000, 1000, between(cosine))
    assert len(visit._runs) == runs


def test_a_return_to_a_place_starts_a_new_run(visit):
    visit.add(1, 1 * SECOND, PLACE)
    visit.look(OTHER, 2 * SECOND)
    visit.add(2, 3 * SECOND, PLACE)
    assert visit.look(PLACE, 50 * SECOND) == [1]
    assert visit.waiting == {2}


def test_end_releases_all_keyframes(visit):
    for number, descriptor in enumerate((PLACE, OTHER, PLACE), 1):
        visit.add(number, number, descriptor)
    assert visit.end() == [1, 2, 3]
    assert visit.waiting == set()
    assert visit.look(OTHER, 99 * SECOND) == []


def test_a_removed_keyframe_is_not_released(visit):
    for number in (1, 2, 3):
        visit.add(number, number, PLACE)
    visit.remove(2)
    visit.remove(77)
    assert visit.waiting == {1, 3}
    assert visit.look(OTHER, 99 * SECOND) == [1, 3]
