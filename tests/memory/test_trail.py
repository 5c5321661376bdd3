import numpy as np
import pytest

from place_recognition_ros.memory.trail import MOST, Trail

HERE, AWAY = np.eye(2, 8, dtype=np.float32)


@pytest.mark.parametrize("wait", [3, 7200])
@pytest.mark.parametrize("excursion", [1, 20])
def test_an_excursion_is_found_however_long_the_camera_waited(wait, excursion):
    trail = Trail(8)
    for number in range(2 * wait + excursion):
        trail.observe(number, AWAY if wait <= number < wait + excursion else HERE)
    before, after = trail.least_similarity_since([1, wait + excursion + 1], HERE)
    assert before == pytest.approx(0)
    assert after == 1, "it has seen nothing else since"


def test_what_was_not_stored_counts():
    trail = Trail(8)
    trail.observe(0, HERE)
    trail.observe(1, AWAY)
    trail.observe(1, HERE)
    assert trail.least_similarity_since([1], HERE) == [0]


def test_another_session_begins_with_nothing():
    trail = Trail(8)
    trail.observe(0, HERE)
    trail.observe(1, AWAY)
    trail.clear()
    assert trail.least_similarity_since([1], HERE) == [1]


def test_many_views_are_thinned_from_the_oldest_on(rng):
    trail, last = Trail(64), None
    for number in range(3 * MOST):
        view = rng.standard_normal(64).astype(np.float32)
        last = view / np.linalg.norm(view)
        trail.observe(number, last)
    assert len(trail._after) <= MOST
    assert trail._after[-MOST // 4 :] == list(range(3 * MOST - MOST // 4, 3 * MOST)), "all of the newest"
    assert trail._after[0] == 0
    assert trail.least_similarity_since([3 * MOST - 1], last) == [pytest.approx(1)]
