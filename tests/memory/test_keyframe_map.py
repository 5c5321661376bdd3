import numpy as np
import pytest

from place_recognition_ros.errors import StoreError
from place_recognition_ros.memory.departure import Leaving
from place_recognition_ros.memory.keyframe_map import KeyframeMap
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import FEATURE, Camera, Keyframe

SECOND = 10**9
MIN_AGE = 10 * SECOND
FORWARD = np.array([0.0, 0.0, 0.0, 1.0])


@pytest.fixture
def open_map(open_store):
    """``open_map(store)`` → KeyframeMap; the default store is on ``path``."""

    def open_map(store=None, min_age=MIN_AGE, robot="r1", min_distance=0.0):
        return KeyframeMap(store or open_store(), 8, Leaving(min_age, min_distance=min_distance), robot)

    return open_map


def pose_at(x):
    return None if x is None else Pose(np.array([x, 0.0, 0.0]), FORWARD)


def add_keyframes(keyframes, seconds, vectors, poses=()):
    """Add a keyframe at each of these seconds, as the detector does."""
    poses = list(poses) or [None] * len(seconds)
    for second, vector, x in zip(seconds, vectors, poses):
        one = Keyframe(None, second * SECOND, pose_at(x), Camera(8, 6), world_frame="odom")
        keyframes.observe(one, vector)
        keyframes.add(one, vector, np.zeros(second % 7, FEATURE), b"image")


def search_seconds(keyframes, vector, k=100):
    """Seconds of the keyframes that a search returns, sorted."""
    return sorted(match.entry.stamp // SECOND for match in keyframes.search(vector, k))


@pytest.fixture
def path_of_places():
    """(20, 8) float32: descriptors of twenty different places."""
    return np.concatenate([np.eye(8), -np.eye(8), np.roll(np.eye(8) - np.eye(8)[::-1], 1, 1)[:4] / 2**0.5])[
        :20
    ].astype(np.float32)


def test_keyframes_below_the_minimum_age_are_not_returned(open_map, path_of_places):
    keyframes = open_map()
    add_keyframes(keyframes, range(1, 21), path_of_places)
    assert len(keyframes) == 20
    assert search_seconds(keyframes, path_of_places[0]) == list(range(1, 11))


def test_a_keyframe_never_matches_itself(open_map, path_of_places):
    keyframes = open_map(min_age=1)
    add_keyframes(keyframes, [1, 2, 4], path_of_places)
    assert search_seconds(keyframes, path_of_places[2]) == [1]


def test_a_waiting_robot_matches_its_earlier_visit(open_map, unit, rng):
    """The view is obstructed: keyframes of the wait are more similar to it than those of the first visit."""
    keyframes = open_map()
    place, elsewhere = np.eye(2, 8, dtype=np.float32)
    add_keyframes(keyframes, [1, 2, 3], [place, elsewhere, elsewhere])
    obstructed = 0.6 * place + 0.8 * np.eye(8, dtype=np.float32)[2]
    waits = [obstructed + 0.02 * rng.standard_normal(8) for _ in range(45)]
    waits = [(each / np.linalg.norm(each)).astype(np.float32) for each in waits]
    add_keyframes(keyframes, range(40, 85), waits)
    matches = keyframes.search(waits[-1], 10)
    assert matches[0].entry.id == 1
    assert sorted(match.entry.id for match in matches) == [1, 2, 3]


def test_a_new_session_searches_all_earlier_keyframes(open_map, unit):
    keyframes, vectors = open_map(), unit(4)
    add_keyframes(keyframes, [1, 2, 3], vectors)
    first = keyframes.sessions.present
    keyframes.start_session()
    assert (keyframes.sessions.present.id, keyframes.sessions.present.robot) == (first.id + 1, "r1")
    assert keyframes.sessions.present.uuid != first.uuid
    assert search_seconds(keyframes, vectors[0]) == [1, 2, 3]
    add_keyframes(keyframes, [4], vectors[3:])
    assert search_seconds(keyframes, vectors[0]) == [1, 2, 3]


def test_the_last_seconds_before_a_session_are_another_visit(open_map, unit):
    keyframes, vectors = open_map(), unit(5)
    add_keyframes(keyframes, [1, 2, 3], vectors)
    keyframes.start_session()
    add_keyframes(keyframes, [4], vectors[3:])
    assert sorted(match.entry.id for match in keyframes.search_left(vectors[0], 3)) == [1, 2, 3]


def test_a_match_contains_the_data_of_its_keyframe(open_map, unit):
    keyframes, vectors = open_map(), unit(3)
    add_keyframes(keyframes, [1, 2, 3], vectors)
    keyframes.start_session()
    best = keyframes.search(vectors[1], 3)[0]
    assert (best.entry.id, best.entry.session, best.entry.stamp) == (
        2,
        keyframes.sessions.present.id - 1,
        2 * SECOND,
    )
    assert (best.robot, best.similarity) == ("r1", pytest.approx(1, abs=1e-3))
    assert len(keyframes.store.view(best.entry.id).features) == 2
    assert keyframes.store.view(best.entry.id).camera == Camera(8, 6)


def test_the_map_is_loaded_after_a_restart(open_map, open_store, unit):
    keyframes, vectors = open_map(), unit(5)
    add_keyframes(keyframes, [1, 2, 3], vectors[:3])
    keyframes.start_session()
    add_keyframes(keyframes, [4, 5], vectors[3:])
    session = keyframes.sessions.present
    keyframes.store.close()

    keyframes = open_map(robot="r2")
    assert len(keyframes) == 5
    assert (keyframes.sessions.present.id, keyframes.sessions.present.robot) == (session.id + 1, "r2")
    for number, vector in enumerate(vectors, 1):
        best = keyframes.search(vector, 1)[0]
        assert (best.entry.id, best.entry.stamp, best.robot) == (number, number * SECOND, "r1")
        assert best.entry.session == (session.id if number > 3 else session.id - 1)
    keyframes.store.close()
    sessions = open_store().sessions()
    assert sessions[session.id] == session._replace(start=4 * SECOND, frame="odom")


def test_a_keyframe_that_could_not_be_stored_is_not_in_the_map(open_map, open_store, unit, monkeypatch):
    store, vectors = open_store(), unit(3)
    keyframes = open_map(store)
    add_keyframes(keyframes, [1], vectors)

    def fail(*_):
        raise StoreError("the disk is full")

    with monkeypatch.context() as patch, pytest.raises(StoreError, match="full"):
        patch.setattr(store, "add", fail)
        add_keyframes(keyframes, [2], vectors[1:])
    assert len(keyframes) == 1
    add_keyframes(keyframes, [3], vectors[2:])
    keyframes.start_session()
    assert search_seconds(keyframes, vectors[0]) == [1, 3]


def test_a_session_is_stored_with_its_next_keyframe_after_an_error(open_map, open_store, unit, monkeypatch):
    """The row of the session is rolled back with the first keyframe."""
    store, vectors = open_store(), unit(2)
    keyframes = open_map(store)
    monkeypatch.setattr(store.learned, "write", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        add_keyframes(keyframes, [1], vectors)
    monkeypatch.undo()
    add_keyframes(keyframes, [2], vectors[1:])
    assert store.sessions()[keyframes.sessions.present.id].start == 2 * SECOND


def test_the_nearest_keyframe_is_not_of_the_present_visit(open_map, path_of_places):
    keyframes = open_map()
    add_keyframes(keyframes, range(1, 21), path_of_places)
    assert keyframes.nearest(9, 5, path_of_places[9]).entry.id == 10
    assert keyframes.nearest(9, 5, path_of_places[10]).entry.id < 11, "it is in the present visit"
    assert keyframes.nearest(15, 5, path_of_places[9]) is None


def test_a_creeping_camera_has_not_left_what_it_still_sees(open_map, unit):
    """Keyframes are released, because the view is no longer theirs; but the camera saw nothing else since."""
    keyframes = open_map()
    radians = np.radians(6.0 * np.arange(60))  # of the camera, turning at 6 degrees a second
    views = np.zeros((60, 8), np.float32)
    views[:, 0], views[:, 1] = np.cos(radians), np.sin(radians)
    add_keyframes(keyframes, range(1, 16), views)
    assert search_seconds(keyframes, views[14]) != []
    assert keyframes.search_left(views[14], 10) == []
    add_keyframes(keyframes, range(16, 61), views[15:])
    left = [match.entry.id for match in keyframes.search_left(views[0], 5)]
    assert left and max(left) < 10, "the views of the first seconds, after a full turn"


def test_k_keyframes_are_found_behind_those_that_the_camera_has_not_left(open_map):
    keyframes = open_map(min_age=1)
    place, elsewhere, here, ahead = np.eye(4, 8, dtype=np.float32)
    add_keyframes(keyframes, [1, 2, 3, 4], [place, elsewhere, elsewhere, elsewhere])
    radians = np.radians(np.arange(61.0))[:, None]
    turning = 0.3 * place + 0.91**0.5 * (np.cos(radians) * here + np.sin(radians) * ahead)
    add_keyframes(keyframes, range(10, 71), turning.astype(np.float32))
    query = turning[-1].astype(np.float32)
    assert 1 not in [match.entry.id for match in keyframes.search(query, 4)]
    assert [match.entry.id for match in keyframes.search_left(query, 1)] == [1]


@pytest.mark.parametrize("min_distance, expected", [(22.0, [1]), (22.1, [])])
def test_matches_need_the_minimum_distance(open_map, path_of_places, min_distance, expected):
    keyframes = open_map(min_distance=min_distance)
    add_keyframes(keyframes, range(1, 13), path_of_places, [2.0 * second for second in range(12)])
    assert [match.entry.id for match in keyframes.search_left(path_of_places[0], 1)] == expected


def test_without_poses_there_is_no_minimum_distance(open_map, path_of_places):
    keyframes = open_map(min_distance=1000.0)
    add_keyframes(keyframes, range(1, 13), path_of_places)
    assert keyframes.search_left(path_of_places[0], 1), "nothing would ever be found"


@pytest.mark.parametrize("number", [1, 15])
def test_a_removed_keyframe_is_not_returned(open_map, path_of_places, number):
    keyframes = open_map()
    add_keyframes(keyframes, range(1, 21), path_of_places)
    keyframes.remove([number])
    keyframes.remove([number])
    keyframes.start_session()
    assert len(keyframes) == 19
    add_keyframes(keyframes, [40], path_of_places)
    assert search_seconds(keyframes, path_of_places[0]) == [
        second for second in range(1, 21) if second != number
    ]
    keyframes.start_session()
    add_keyframes(keyframes, [60], path_of_places)
    assert 40 in search_seconds(keyframes, path_of_places[0])
