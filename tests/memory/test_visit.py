import numpy as np
import pytest

from place_recognition_ros.memory.departure import AWAY, AWAY_STILL, Leaving
from place_recognition_ros.memory.trail import ALIKE
from place_recognition_ros.memory.visit import MAX_RUNS, PresentVisit
from place_recognition_ros.poses import MIN_MOTION, MIN_TURN, Pose

SECOND = 10**9
MIN_AGE = 10 * SECOND
PLACE, OTHER, PASSER_BY = np.eye(3, 8, dtype=np.float32)
LEAVING = Leaving(MIN_AGE)
LEFT_BELOW = LEAVING.elsewhere_below(1.0)


def between(cosine):
    """A descriptor with this cosine to PLACE."""
    return np.float32(cosine) * PLACE + np.float32(np.sqrt(1 - cosine**2)) * OTHER


def pose(x, turn=0.0):
    return Pose(np.array([x, 0.0, 0.0]), np.array([0.0, 0.0, np.sin(turn / 2), np.cos(turn / 2)]))


@pytest.fixture
def visit():
    return PresentVisit(LEAVING)


def test_a_keyframe_is_released_when_it_is_old_and_its_place_was_left(visit):
    visit.add(1, 1 * SECOND, PLACE)
    for second in (2, 3, 4, 5):
        assert visit.observe(OTHER, second * SECOND) == [], "released below the minimum age"
    assert visit.observe(PLACE, 11 * SECOND - 1) == []
    assert visit.waiting == {1}
    assert visit.observe(PLACE, 11 * SECOND) == [1], "the earlier departure was not recorded"
    assert visit.waiting == set()
    assert visit.observe(OTHER, 99 * SECOND) == []


def test_a_camera_that_stays_releases_nothing(visit):
    for second in range(1, 100):
        assert visit.observe(PLACE, second * SECOND) == []
        visit.add(second, second * SECOND, PLACE)
    assert visit.waiting == set(range(1, 100))
    assert visit.observe(OTHER, 100 * SECOND) == []
    assert visit.observe(OTHER, 100 * SECOND + AWAY) == list(range(1, 93))


def test_somebody_who_passes_by_is_not_a_departure(visit):
    passing = {tenth for tenth in range(600) if 100 < tenth % 200 < 115}  # 1.4 s
    released = []
    for tenth in range(600):
        descriptor = PASSER_BY if tenth in passing else PLACE
        released += visit.observe(descriptor, tenth * SECOND // 10)
        visit.add(tenth, tenth * SECOND // 10, descriptor)
    assert set(released) <= passing


@pytest.mark.parametrize("cosine, left", [(LEFT_BELOW + 0.01, False), (LEFT_BELOW - 0.01, True)])
def test_a_place_is_left_below_the_similarity_limit(visit, cosine, left):
    visit.add(1, 0, PLACE)
    visit.observe(between(cosine), 50 * SECOND)
    assert visit.observe(between(cosine), 50 * SECOND + AWAY) == ([1] if left else [])


@pytest.mark.parametrize(
    "to, away",
    [
        (pose(0), AWAY_STILL),
        (pose(MIN_MOTION / 2, MIN_TURN / 2), AWAY_STILL),
        (pose(2 * MIN_MOTION), AWAY),
        (pose(0, 2 * MIN_TURN), AWAY),
        (None, AWAY),
    ],
    ids=["still", "noise", "moved", "turned", "not known"],
)
def test_without_motion_the_view_must_be_another_one_for_longer(visit, to, away):
    visit.add(1, 0, PLACE, pose(0))
    start = 50 * SECOND
    for now in range(start, start + away, SECOND):
        assert visit.observe(OTHER, now, to) == []
    assert visit.observe(OTHER, start + away, to) == [1]


def test_one_foreign_image_and_another_exposure_are_not_a_departure(visit):
    visit.add(1, 0, PLACE)
    assert visit.observe(OTHER, 20 * SECOND) == []
    for second in range(21, 60):
        assert visit.observe(between(0.85), second * SECOND) == []


def test_keyframes_that_are_only_too_young_do_not_count_as_runs(rng):
    visit = PresentVisit(Leaving(600 * SECOND))
    for number in range(2 * MAX_RUNS):
        vector = rng.standard_normal(512).astype(np.float32)
        vector /= np.linalg.norm(vector)
        visit.observe(vector, number * SECOND)
        visit.add(number, number * SECOND, vector)
    assert len(visit._runs) < 5


def test_only_keyframes_of_left_places_are_released(visit):
    visit.add(1, 1 * SECOND, PLACE)
    visit.add(2, 2 * SECOND, OTHER)
    visit.observe(OTHER, 50 * SECOND)
    assert visit.observe(OTHER, 52 * SECOND) == [1]
    assert visit.waiting == {2}


@pytest.mark.parametrize("cosine, runs", [(ALIKE + 0.01, 1), (ALIKE - 0.01, 2)])
def test_a_long_wait_costs_one_comparison(visit, cosine, runs):
    for number in range(1, 1000):
        visit.add(number, number, PLACE)
    visit.add(1000, 1000, between(cosine))
    assert len(visit._runs) == runs


def test_views_that_alternate_cost_two_comparisons(visit):
    for number in range(100):
        visit.add(number, number, (PLACE, OTHER)[number % 2])
    assert len(visit._runs) == 2


def test_the_cost_is_bounded_where_everything_moves(rng):
    visit = PresentVisit(LEAVING)
    for number in range(2 * MAX_RUNS):
        vector = rng.standard_normal(64).astype(np.float32)
        visit.add(number, number, vector / np.linalg.norm(vector))
    assert len(visit._runs) == MAX_RUNS
    assert visit.waiting == set(range(2 * MAX_RUNS))


def test_a_return_begins_a_new_run(visit):
    visit.add(1, 1 * SECOND, PLACE)
    visit.observe(OTHER, 2 * SECOND)
    visit.observe(OTHER, 5 * SECOND)
    visit.add(2, 6 * SECOND, PLACE)
    assert visit.observe(PLACE, 50 * SECOND) == [1]
    assert visit.waiting == {2}


def test_after_a_session_nothing_waits(visit):
    for second, descriptor in enumerate((PLACE, OTHER, PLACE), 1):
        visit.add(second, second * SECOND, descriptor)
    assert visit.end_session() == [1, 2, 3]
    assert visit.waiting == set()
    assert visit.observe(PLACE, 4 * SECOND) == []


def test_a_removed_keyframe_is_not_released(visit):
    for number in (1, 2, 3):
        visit.add(number, number, PLACE)
    visit.remove([2, 77])
    assert visit.waiting == {1, 3}
    visit.observe(OTHER, 99 * SECOND)
    assert visit.observe(OTHER, 102 * SECOND) == [1, 3]
