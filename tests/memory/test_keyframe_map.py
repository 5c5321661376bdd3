import numpy as np
import pytest

from place_recognition_ros.errors import StoreError
from place_recognition_ros.memory.keyframe_map import KeyframeMap
from place_recognition_ros.memory.visit import PresentVisit
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import FEATURE, Camera, Keyframe

SECOND = 10**9
MIN_AGE = 10 * SECOND
FORWARD = np.array([0.0, 0.0, 0.0, 1.0])


@pytest.fixture
def open_map(open_store):
    """``open_map(store)``; without a store, one on the path of this test."""

    def open_map(store=None, min_age=MIN_AGE, robot="r1"):
        return KeyframeMap(store or open_store(), 8, PresentVisit(min_age, 0.7), robot)

    return open_map


def pose_at(x):
    return None if x is None else Pose(np.array([x, 0.0, 0.0]), FORWARD)


def remember(keyframes, seconds, vectors, poses=()):
    """Add a keyframe at each second, as the detector does."""
    poses = list(poses) or [None] * len(seconds)
    for second, vector, x in zip(seconds, vectors, poses):
        one = Keyframe(None, second * SECOND, pose_at(x), Camera(8, 6), world_frame="odom")
        keyframes.look(one, vector)
        keyframes.add(one, vector, np.zeros(second % 7, FEATURE), b"image")


def found(keyframes, vector, k=100):
    """Seconds of what is found, in order of time."""
    return sorted(match.entry.stamp // SECOND for match in keyframes.search(vector, k))


@pytest.fixture
def path_of_places():
    """Descriptors of twenty places, all different."""
    return np.concatenate([np.eye(8), -np.eye(8), np.roll(np.eye(8) - np.eye(8)[::-1], 1, 1)[:4] / 2**0.5])[
        :20
    ].astype(np.float32)


def test_a_young_keyframe_is_not_found(open_map, path_of_places):
    keyframes = open_map()
    remember(keyframes, range(1, 21), path_of_places)
    assert len(keyframes) == 20
    assert found(keyframes, path_of_places[0]) == list(range(1, 11))


def test_a_keyframe_never_finds_itself(open_map, path_of_places):
    keyframes = open_map(min_age=1)
    remember(keyframes, [1, 2], path_of_places)
    assert found(keyframes, path_of_places[1]) == [1]


def test_a_robot_that_waits_finds_the_earlier_visit_and_not_its_wait(open_map, unit, rng):
    """Its view is obstructed: its keyframes are more similar to each other than to the earlier visit."""
    keyframes = open_map()
    place, elsewhere = np.eye(2, 8, dtype=np.float32)
    remember(keyframes, [1, 2, 3], [place, elsewhere, elsewhere])
    obstructed = 0.6 * place + 0.8 * np.eye(8, dtype=np.float32)[2]
    waits = [obstructed + 0.02 * rng.standard_normal(8) for _ in range(45)]
    waits = [(each / np.linalg.norm(each)).astype(np.float32) for each in waits]
    remember(keyframes, range(40, 85), waits)
    matches = keyframes.search(waits[-1], 10)
    assert matches[0].entry.id == 1
    assert sorted(match.entry.id for match in matches) == [1, 2, 3]


def test_a_new_session_finds_all_that_was_before(open_map, unit):
    keyframes, vectors = open_map(), unit(4)
    remember(keyframes, [1, 2, 3], vectors)
    first = keyframes.session
    keyframes.start_session()
    assert (keyframes.session.id, keyframes.session.robot) == (first.id + 1, "r1")
    assert keyframes.session.uuid != first.uuid
    assert found(keyframes, vectors[0]) == [1, 2, 3]
    remember(keyframes, [4], vectors[3:])
    assert found(keyframes, vectors[0]) == [1, 2, 3]


def test_matches_describe_their_keyframe(open_map, unit):
    keyframes, vectors = open_map(), unit(3)
    remember(keyframes, [1, 2, 3], vectors)
    keyframes.start_session()
    best = keyframes.search(vectors[1], 3)[0]
    assert (best.entry.id, best.entry.session, best.entry.stamp) == (2, keyframes.session.id - 1, 2 * SECOND)
    assert (best.robot, best.similarity) == ("r1", pytest.approx(1, abs=1e-3))
    assert len(keyframes.view(best.entry.id).features) == 2
    assert keyframes.view(best.entry.id).camera == Camera(8, 6)


def test_the_map_survives(open_map, open_store, unit):
    keyframes, vectors = open_map(), unit(5)
    remember(keyframes, [1, 2, 3], vectors[:3])
    keyframes.start_session()
    remember(keyframes, [4, 5], vectors[3:])
    session, map_id = keyframes.session, keyframes.map_id
    keyframes.close()

    keyframes = open_map(robot="r2")
    assert len(keyframes) == 5
    assert (keyframes.session.id, keyframes.session.robot) == (session.id + 1, "r2")
    assert keyframes.damaged == 0
    assert keyframes.map_id == map_id
    for number, vector in enumerate(vectors, 1):
        best = keyframes.search(vector, 1)[0]
        assert (best.entry.id, best.entry.stamp, best.robot) == (number, number * SECOND, "r1")
        assert best.entry.session == (session.id if number > 3 else session.id - 1)
    keyframes.close()
    sessions = open_store().sessions()
    assert sessions[session.id] == session._replace(start=4 * SECOND, frame="odom")


def test_a_keyframe_that_could_not_be_stored_is_not_remembered(open_map, open_store, unit, monkeypatch):
    store, vectors = open_store(), unit(3)
    keyframes = open_map(store)
    remember(keyframes, [1], vectors)

    def fail(*_):
        raise StoreError("the disk is full")

    with monkeypatch.context() as patch, pytest.raises(StoreError, match="full"):
        patch.setattr(store, "add", fail)
        remember(keyframes, [2], vectors[1:])
    assert len(keyframes) == 1
    remember(keyframes, [3], vectors[2:])
    keyframes.start_session()
    assert found(keyframes, vectors[0]) == [1, 3]


def test_the_first_keyframe_of_a_session_that_failed_is_tried_again(open_map, open_store, unit, monkeypatch):
    """The row of the session was rolled back with it."""
    store, vectors = open_store(), unit(2)
    keyframes = open_map(store)
    monkeypatch.setattr(store, "_camera_id", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        remember(keyframes, [1], vectors)
    monkeypatch.undo()
    remember(keyframes, [2], vectors[1:])
    assert store.sessions()[keyframes.session.id].start == 2 * SECOND


def test_around_contains_no_keyframe_of_the_present_visit(open_map, path_of_places):
    keyframes = open_map()
    remember(keyframes, range(1, 21), path_of_places)
    around, row = keyframes.around(9, 5)
    assert (len(around), row) == (7, 5)  # keyframes 4 to 10; the others wait


def test_the_departure_tells_how_far_the_camera_has_been(open_map, path_of_places):
    keyframes = open_map()
    remember(keyframes, range(1, 13), path_of_places, [2.0 * second for second in range(12)])
    entry = next(match.entry for match in keyframes.search(path_of_places[0], 9) if match.entry.id == 1)
    departure = keyframes.departure(entry, path_of_places[0])
    assert departure.travelled == pytest.approx(22)
    assert departure.least_similarity == pytest.approx(-1, abs=1e-3)
    keyframes.start_session()
    assert keyframes.departure(entry, path_of_places[0]).least_similarity == -1.0, "nobody knows"


@pytest.mark.parametrize("number", [1, 15])
def test_a_removed_keyframe_is_forgotten(open_map, path_of_places, number):
    keyframes = open_map()
    remember(keyframes, range(1, 21), path_of_places)
    keyframes.remove(number)
    keyframes.remove(number)
    keyframes.start_session()
    assert len(keyframes) == 19
    assert found(keyframes, path_of_places[0]) == [second for second in range(1, 21) if second != number]
    remember(keyframes, [30], path_of_places)
    keyframes.start_session()
    assert 30 in found(keyframes, path_of_places[0])
