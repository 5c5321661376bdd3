import numpy as np
import pytest

from place_recognition_ros.errors import StoreError
from place_recognition_ros.keyframes.map import KeyframeMap
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import FEATURE

SECOND = 10**9
MIN_AGE = 10 * SECOND
FORWARD = np.array([0.0, 0.0, 0.0, 1.0])


@pytest.fixture
def open_map(open_store):
    """``open_map(store)``; without a store, one on the path of this test."""
    return lambda store=None: KeyframeMap(store or open_store(), 8, MIN_AGE)


@pytest.fixture
def remember(unit):
    """``remember(map, seconds…)`` adds a keyframe at each second; their descriptors."""

    def remember(keyframes, *seconds):
        vectors = unit(len(seconds))
        for second, vector in zip(seconds, vectors):
            features = np.zeros(second % 7, FEATURE)
            keyframes.add(second * SECOND, None, vector, features, b"picture")
        return vectors

    return remember


def stamps(neighbours):
    """Seconds, in order of time."""
    return sorted(neighbour.entry.stamp // SECOND for neighbour in neighbours)


def at(x, y=0.0):
    return Pose(np.array([x, y, 0.0]), FORWARD)


def test_a_young_keyframe_is_not_found(open_map, remember):
    keyframes = open_map()
    vectors = remember(keyframes, *range(1, 21))
    assert len(keyframes) == 20
    for now, oldest in [(20 * SECOND - 1, 9), (20 * SECOND, 10), (21 * SECOND - 1, 10), (30 * SECOND, 20)]:
        assert stamps(keyframes.search(vectors[19], 100, now)) == list(range(1, oldest + 1))
    assert len(keyframes) == 20


def test_a_keyframe_never_finds_itself(open_store, remember):
    keyframes = KeyframeMap(open_store(), 8, min_age=1)
    vectors = remember(keyframes, 1, 2)
    assert stamps(keyframes.search(vectors[1], 9, 2 * SECOND)) == [1]


def test_the_young_do_not_crowd_out_the_old(open_map, remember):
    keyframes = open_map()
    vectors = remember(keyframes, 1)
    for second in range(2, 12):  # the camera stands still
        keyframes.add(second * SECOND, None, vectors[0], np.zeros(0, FEATURE), b"")
    assert stamps(keyframes.search(vectors[0], 1, 11 * SECOND)) == [1]


def test_a_new_session_finds_all_that_was_before(open_map, remember):
    keyframes = open_map()
    vectors = remember(keyframes, 1, 2, 3)
    first = keyframes.session
    keyframes.start_session()
    assert keyframes.session == first + 1
    assert stamps(keyframes.search(vectors[0], 100, 3 * SECOND)) == [1, 2, 3]
    remember(keyframes, 4)
    assert stamps(keyframes.search(vectors[0], 100, 4 * SECOND)) == [1, 2, 3]


def test_neighbours_tell_of_their_keyframe(open_map, remember):
    keyframes = open_map()
    vectors = remember(keyframes, 1, 2, 3)
    best = keyframes.search(vectors[1], 3, 60 * SECOND)[0]
    assert (best.entry.id, best.entry.session, best.entry.stamp) == (2, keyframes.session, 2 * SECOND)
    assert best.similarity == pytest.approx(1, abs=1e-3)
    assert len(keyframes.features(best.entry.id)) == 2


def test_the_map_survives(open_map, remember):
    keyframes = open_map()
    vectors = remember(keyframes, 1, 2, 3)
    keyframes.start_session()
    vectors = np.concatenate([vectors, remember(keyframes, 4, 5)])
    session = keyframes.session
    keyframes.close()

    keyframes = open_map()
    assert len(keyframes) == 5
    assert keyframes.session == session + 1
    assert keyframes.damaged == 0
    for number, vector in enumerate(vectors, 1):
        best = keyframes.search(vector, 1, 0)[0]
        assert (best.entry.id, best.entry.stamp) == (number, number * SECOND)
        assert best.entry.session == (session if number > 3 else session - 1)


def test_a_keyframe_that_could_not_be_stored_is_not_remembered(open_map, open_store, remember, monkeypatch):
    store = open_store()
    keyframes = open_map(store)
    remember(keyframes, 1)

    def fail(*_):
        raise StoreError("the disk is full")

    with monkeypatch.context() as patch, pytest.raises(StoreError, match="full"):
        patch.setattr(store, "add", fail)
        remember(keyframes, 2)
    assert len(keyframes) == 1
    vectors = remember(keyframes, 3)
    assert stamps(keyframes.search(vectors[0], 9, 60 * SECOND)) == [1, 3]


def test_around_keeps_to_the_session(open_map, remember):
    keyframes = open_map()
    vectors = remember(keyframes, *range(1, 7))
    keyframes.start_session()
    vectors = np.concatenate([vectors, remember(keyframes, *range(7, 12))])
    keyframes.start_session()
    for position, radius, start, stop in [
        (3, 0, 3, 4),
        (3, 1, 2, 5),
        (0, 2, 0, 3),
        (3, 9, 0, 6),
        (5, 1, 4, 6),
        (6, 1, 6, 8),
        (10, 3, 7, 11),
        (8, 99, 6, 11),
    ]:
        around, row = keyframes.around(position, radius)
        np.testing.assert_allclose(around, vectors[start:stop], atol=1e-3)
        assert row == position - start


def test_around_knows_no_young_keyframe(open_map, remember):
    keyframes = open_map()
    vectors = remember(keyframes, *range(1, 21))
    keyframes.search(vectors[0], 1, 20 * SECOND)
    around, row = keyframes.around(8, 5)
    assert (len(around), row) == (7, 5)  # positions 3 to 9; 10 is too young


@pytest.mark.parametrize("since", [3, 300])
def test_least_similarity_is_low_once_the_camera_was_elsewhere(open_map, remember, unit, since):
    keyframes = open_map()
    here = unit(1)[0]
    for second in range(1, since):
        keyframes.add(second * SECOND, None, here, np.zeros(0, FEATURE), b"")
    keyframes.search(here, 1, since * SECOND)
    assert keyframes.least_similarity_since(0, here) == pytest.approx(1, abs=1e-3)
    keyframes.add(since * SECOND, None, -here, np.zeros(0, FEATURE), b"")
    assert keyframes.least_similarity_since(0, here) == pytest.approx(-1, abs=1e-3)


def test_the_way_travelled_is_measured_along_the_path(open_map):
    keyframes = open_map()
    for pose in (at(0), at(3), None, at(3, 4), at(3)):
        keyframes.move(pose)
    assert keyframes.travelled == pytest.approx(3 + 4 + 4)
    keyframes.start_session()
    assert keyframes.travelled == 0
    keyframes.move(at(1000))
    assert keyframes.travelled == 0, "the way between two world frames is no way"


def test_a_keyframe_knows_how_far_the_way_was(open_map, unit):
    keyframes = open_map()
    vectors = unit(3)
    for second, vector in enumerate(vectors):
        keyframes.move(at(2.0 * second))
        keyframes.add(second * SECOND, at(2.0 * second), vector, np.zeros(0, FEATURE), b"")
    found = keyframes.search(vectors[2], 3, 60 * SECOND)
    assert sorted(neighbour.entry.travelled for neighbour in found) == pytest.approx([0, 2, 4])
