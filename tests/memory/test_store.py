import os

import numpy as np
import pytest

from place_recognition_ros.types import FEATURE
from tests.memory.files import alter

DAMAGES = [
    "session = session + 1",
    "session = 'one'",
    "stamp = stamp + 1",
    "stamp = 1.5",
    "id = id + 100",
    "pose = NULL",
    "pose_frame = 'other'",
    "camera = 77",
    "base_to_camera = x'00'",
    "pose = x''",
    "pose = 'here'",
    "descriptor = x''",
    "descriptor = 7",
    "descriptor = CAST(x'fffe' AS TEXT)",
    "descriptor = substr(descriptor, 2) || x'00'",
    "crc = crc + 1",
    "crc = 'crc'",
]


def contents(keyframes):
    """All fields as exactly comparable values."""
    return [
        (
            each.id,
            each.session,
            each.stamp,
            None if each.pose is None else (each.pose.position.tobytes(), each.pose.orientation.tobytes()),
            each.descriptor.tobytes(),
        )
        for each in keyframes
    ]


def same_camera(a, b):
    if a is None or b is None:
        return a is b
    return a[:4] == b[:4] and all(
        (x is None and y is None) or np.array_equal(x, y) for x, y in zip(a[4:], b[4:])
    )


def test_keyframes_are_read_exactly_as_stored(open_store, keyframe):
    added = [keyframe(number) for number in range(50)]
    store = open_store()
    numbers = [store.add(*each) for each in added]
    map_id = store.file.map_id
    store.close()

    store = open_store()
    read = list(store.keyframes())
    assert [each.id for each in read] == numbers
    for number, found, (session, one, descriptor, features, thumbnail) in zip(numbers, read, added):
        assert (found.session, found.stamp) == (session.id, one.stamp)
        assert found.descriptor.tobytes() == descriptor.tobytes()
        assert (found.pose is None) == (one.pose is None)
        if one.pose is not None:
            assert found.pose.position.tobytes() == one.pose.position.tobytes()
            assert found.pose.orientation.tobytes() == one.pose.orientation.tobytes()
        view = store.view(number)
        assert view.features.tobytes() == features.tobytes()
        assert view.features.dtype == FEATURE
        assert same_camera(view.camera, one.camera)
        assert store.thumbnail(number) == thumbnail
    assert store.damaged == 0
    assert store.sessions() == {session.id: session for session, *_ in added}
    assert store.file.map_id == map_id


def test_a_camera_is_stored_once(open_store, keyframe):
    store = open_store()
    session, one, *rest = keyframe(1)
    other = one._replace(camera=one.camera._replace(frame_id="other"))
    for each in (one, one, other, one):
        store.add(session, each, *rest)
    assert store.file.connection.execute("SELECT COUNT(*) FROM cameras").fetchone() == (2,)
    assert [store.view(number).camera.frame_id for number in (1, 2, 3, 4)] == [
        *("optical", "optical", "other", "optical"),
    ]


def test_a_removed_keyframe_is_deleted_and_its_id_is_not_reused(open_store, keyframe):
    store = open_store()
    for number in range(3):
        store.add(*keyframe(number))
    store.remove([3])
    store.remove([99])
    assert [each.id for each in store.keyframes()] == [1, 2]
    assert store.thumbnail(3) == b""
    assert store.add(*keyframe(3)) == 4


def test_a_damaged_session_is_not_used_and_its_number_not_given_again(open_store, keyframe, path):
    store = open_store()
    store.add(*keyframe(1))
    store.remove([1])
    store.close()
    alter(path, "UPDATE sessions SET robot = 'other'")
    store = open_store()
    assert store.sessions() == {}
    assert store.newest_session() == 1


def test_with_a_damaged_camera_a_keyframe_has_no_features(open_store, keyframe, path):
    """The scale of their coordinates is not known."""
    store = open_store()
    number = store.add(*keyframe(1))
    assert len(store.view(number).features) == 1
    store.close()
    alter(path, "UPDATE cameras SET width = 7")
    store = open_store()
    assert len(list(store.keyframes())) == 1
    assert (len(store.view(number).features), store.view(number).camera) == (0, None)


def test_the_frame_of_a_session_is_stored_when_it_becomes_known(open_store, keyframe):
    store = open_store()
    session, *rest = keyframe(1)
    for frame in ("", "odom", "odom"):
        store.add(session._replace(frame=frame), *rest)
    assert store.sessions() == {session.id: session._replace(frame="odom")}


def test_an_id_of_numpy_removes_its_keyframe(open_store, keyframe):
    store = open_store()
    store.add(*keyframe(1))
    store.remove([np.int64(1)])
    assert list(store.keyframes()) == []


def test_every_commit_is_written_to_the_disk(open_store):
    """tests/faults tests power failures, where apsw is installed."""
    run = open_store().file.connection.execute
    assert run("PRAGMA journal_mode").fetchone() == ("wal",)
    assert run("PRAGMA synchronous").fetchone() == (2,), "FULL"


def test_a_new_map_is_empty(open_store):
    store = open_store()
    assert list(store.keyframes()) == []
    assert store.view(1).features.shape == (0,)
    assert store.thumbnail(1) == b""


def test_without_a_path_the_map_is_temporary(open_store, keyframe, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = open_store("")
    store.add(*keyframe(1))
    assert len(list(store.keyframes())) == 1
    assert list(tmp_path.iterdir()) == []


def test_ids_start_at_one_and_are_never_reused(open_store, keyframe, path):
    store = open_store()
    assert [store.add(*keyframe(number)) for number in range(3)] == [1, 2, 3]
    store.close()
    alter(path, "DELETE FROM keyframes WHERE id >= 2")
    alter(path, "DELETE FROM views WHERE id >= 2")
    assert open_store().add(*keyframe(4)) == 4


@pytest.mark.parametrize("folder", ["map in a folder with spaces", "Карта"])
def test_a_path_may_contain_special_characters(open_store, keyframe, tmp_path, folder):
    (tmp_path / folder).mkdir()
    path = str(tmp_path / folder / "m%61p?mode=ro#.db")
    open_store(path).add(*keyframe(0))
    assert os.path.isfile(path)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_row_is_skipped_and_counted(open_store, keyframe, path, damage):
    store = open_store()
    for number in range(5):
        store.add(*keyframe(number))
    whole = contents(store.keyframes())
    store.close()
    alter(path, f"UPDATE keyframes SET {damage} WHERE id = 2")
    store = open_store()
    assert contents(store.keyframes()) == whole[:1] + whole[2:]
    assert store.damaged == 1
    list(store.keyframes())
    assert store.damaged == 1, "the row was counted twice"


@pytest.mark.parametrize(
    "damage",
    [
        "features = x'00'",
        "features = 'text'",
        "features = 5",
        "thumbnail = x''",
        "thumbnail = 5",
        "features = thumbnail, thumbnail = features",
        "crc = crc + 1",
        "crc = 'crc'",
        "id = id + 100",
    ],
)
def test_a_damaged_view_is_returned_empty(open_store, keyframe, path, damage):
    store = open_store()
    number = [store.add(*keyframe(each)) for each in range(5)][3]
    store.close()
    alter(path, f"UPDATE views SET {damage} WHERE id = {number}")
    store = open_store()
    for each in (number, number + 100):
        assert store.view(each).features.shape == (0,)
        assert store.thumbnail(each) == b""
    assert len(store.view(number - 1).features) == 2


def test_a_keyframe_needs_at_most_15_kb_without_local_features(open_store, keyframe, rng, path):
    store = open_store(size=512)
    session, one, *_ = keyframe(1)
    thumbnail, features = rng.bytes(9000), np.zeros(0, FEATURE)
    for number in range(200):
        stored = one._replace(stamp=number)
        store.add(session, stored, np.ones(512, np.float32), features, thumbnail)
    store.close()
    overhead = os.path.getsize(path) / 200 - 4 * 512 - len(thumbnail)
    assert overhead < 4000
