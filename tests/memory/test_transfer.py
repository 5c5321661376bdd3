"""Rows that are copied between map files: what is copied, what is left out, and what a failure leaves."""

import os
import sqlite3

import numpy as np
import pytest

from place_recognition_ros.errors import MapMismatch, StoreBusy, StoreError
from place_recognition_ros.memory import schema
from place_recognition_ros.memory.job import Job
from place_recognition_ros.memory.map_copy import save_map
from place_recognition_ros.memory.map_reader import MapReader
from place_recognition_ros.memory.transfer import merge_map
from place_recognition_ros.memory.unfinished import set_unfinished, unfinished
from place_recognition_ros.memory.worlds import Tie
from place_recognition_ros.poses import Pose
from tests.memory.files import alter, write_recorded

POSE = Pose(np.zeros(3), np.array([0.0, 0.0, 0.0, 1.0]))
TABLES = ("meta", "sessions", "cameras", "keyframes", "views", "links", "ties", "sqlite_sequence")


@pytest.fixture
def copy(tmp_path):
    return str(tmp_path / "copy.db")


@pytest.fixture
def recorded(open_store, keyframe, tmp_path):
    """Path of a map of three sessions with ids 1 to 50, of which 7 was removed; 45 shows the place of 3.

    By that it is known how the third session lies in the first one's world.
    """
    path = str(tmp_path / "recorded.db")
    store = open_store(path)
    for number in range(50):
        store.add(*keyframe(number))
    store.remove([7, 50])
    store.learned.link(45, 3)
    store.learned.link(46, 7)
    store.learned.tie(Tie(3, 1, 45, 3).located(POSE, POSE._replace(position=np.ones(3)), np.eye(6)))
    store.close()
    return path


def content(path):
    """table → its rows."""
    connection = sqlite3.connect(path)
    rows = {each: connection.execute(f"SELECT * FROM {each}").fetchall() for each in TABLES}
    connection.close()
    return rows


def load(store, path):
    return Job(merge_map(store, MapReader(path))).run()


def test_a_copy_has_the_same_rows(recorded, open_store, copy):
    before = content(recorded)
    store = open_store(recorded)
    assert save_map(store, copy).run() == f"48 keyframes of 3 sessions saved in '{copy}'"
    store.close()
    assert content(copy) == before


def test_no_id_of_a_copy_is_used_again(recorded, open_store, keyframe, copy):
    store = open_store(recorded)
    save_map(store, copy).run()
    assert open_store(copy).add(*keyframe(0)) == 51


def test_what_was_learned_but_not_written_is_in_the_copy(open_store, keyframe, copy):
    store = open_store()
    for number in range(2):
        store.add(*keyframe(number))
    store.learned.link(2, 1)
    save_map(store, copy).run()
    assert open_store(copy).learned.links() == {2: 1}


def test_a_copy_has_no_damaged_row(recorded, open_store, copy):
    for table, number in (("keyframes", 3), ("views", 4), ("sessions", 2), ("cameras", 1), ("links", 45)):
        alter(recorded, f"UPDATE {table} SET crc = crc + 1 WHERE id = {number}")
    store = open_store(recorded)
    assert save_map(store, copy).run().endswith("; 1 damaged keyframes left out")
    rows = content(copy)
    assert [row[0] for row in rows["sessions"]] == [1, 3]
    assert 3 not in [row[0] for row in rows["keyframes"]]
    assert {3, 4}.isdisjoint(row[0] for row in rows["views"])
    assert [row[0] for row in rows["links"]] == [46]
    assert 1 not in [row[0] for row in rows["cameras"]]


def test_a_loaded_map_has_new_numbers(recorded, open_store, keyframe):
    store = open_store()
    for number in range(30):
        store.add(*keyframe(number + 100))  # sessions 6 and 7
    assert load(store, recorded) == f"48 keyframes of 3 sessions loaded from '{recorded}'"
    source = open_store(recorded)
    old = list(source.keyframes())
    new = list(store.keyframes())[30:]
    assert [each.id - 30 for each in new] == [each.id for each in old]
    assert [each.session - 7 for each in new] == [each.session for each in old]
    for one, other in zip(old, new):
        assert one.stamp == other.stamp
        assert one.descriptor.tolist() == other.descriptor.tolist()
        assert store.thumbnail(other.id) == source.thumbnail(one.id)
        assert repr(store.view(other.id)) == repr(source.view(one.id))
    assert store.learned.links() == {75: 33, 76: 37}
    (tie,), (before,) = store.learned.ties(), source.learned.ties()
    assert tie[:4] == (10, 8, 45, 33)
    assert repr(tie[4:]) == repr(before[4:])
    assert store.add(*keyframe(0)) == 81
    assert store.damaged == 0


def test_cameras_are_shared(open_store, keyframe, tmp_path):
    one = keyframe(1)
    first, second = open_store(str(tmp_path / "a.db")), open_store()
    first.add(*one)
    second.add(*one[:1], *keyframe(3)[1:])
    second.add(*one[:1], *one[1:])
    first.add(one[0]._replace(uuid="another", id=9), *one[1:])
    first.close()
    load(second, str(tmp_path / "a.db"))
    (count,) = second.file.connection.execute("SELECT COUNT(*) FROM cameras").fetchone()
    cameras = second.file.connection.execute("SELECT camera FROM keyframes ORDER BY id").fetchall()
    assert (count, cameras) == (2, [(1,), (2,), (2,)])


def test_a_link_to_a_session_that_is_skipped_is_dropped(recorded, open_store, copy):
    store = open_store(recorded)
    save_map(store, copy).run()
    alter(copy, "DELETE FROM keyframes WHERE id > 40")
    alter(copy, "DELETE FROM sessions WHERE id = 3")
    alter(copy, "DELETE FROM links")
    target = open_store(copy)
    store.close()
    assert load(target, recorded).startswith("9 keyframes of 1 sessions loaded")
    assert target.learned.links() == {}


def test_damaged_rows_are_not_loaded(recorded, open_store):
    for table, number in (("keyframes", 3), ("views", 4), ("cameras", 1)):
        alter(recorded, f"UPDATE {table} SET crc = crc + 1 WHERE id = {number}")
    store = open_store()
    assert load(store, recorded).endswith("; 1 damaged keyframes left out")
    assert 3 not in [each.id for each in store.keyframes()]
    assert store.thumbnail(4) == b""
    assert store.thumbnail(2)


def test_a_session_with_a_damaged_row_is_loaded_once(recorded, open_store):
    alter(recorded, "UPDATE sessions SET crc = crc + 1 WHERE id = 2")
    store = open_store()
    load(store, recorded)
    assert load(store, recorded).startswith("0 keyframes of 0 sessions loaded")


def test_a_file_that_is_loaded_is_not_changed(recorded, open_store):
    with open(recorded, "rb") as file:
        before = file.read()
    load(open_store(), recorded)
    with open(recorded, "rb") as file:
        assert file.read() == before


def test_maps_that_cannot_be_loaded_are_refused(open_store, tmp_path, recorded):
    store = open_store()
    open_store(str(tmp_path / "ancient.db"), "ancient-000000000000").close()
    with pytest.raises(MapMismatch, match="ancient-000000000000"):
        load(store, str(tmp_path / "ancient.db"))
    with pytest.raises(MapMismatch, match="of schema 2; a node whose map_path it is migrates it"):
        load(store, write_recorded(2, str(tmp_path / "old.db")))
    alter(recorded, f"UPDATE keyframes SET id = {2**50} WHERE id = 49")
    with pytest.raises(StoreError, match="expected ids up to"):
        load(store, recorded)
    assert list(store.keyframes()) == []


class Failing:
    """A connection on which a statement fails from its n-th execution on."""

    def __init__(self, connection, statement, count):
        self._connection, self._statement, self._left = connection, statement, count

    def __getattr__(self, name):
        return getattr(self._connection, name)

    def execute(self, sql, *values):
        if self._statement in sql:
            self._left -= 1
            if self._left < 0:
                raise sqlite3.OperationalError("database or disk is full")
        return self._connection.execute(sql, *values)


@pytest.mark.parametrize("count", [0, 10, 19, 20, 30, 47])
def test_a_load_that_fails_leaves_whole_sessions(recorded, open_store, count):
    store = open_store()
    connection = store.file.connection
    store.file.connection = Failing(connection, "INTO views", count)
    with pytest.raises(StoreError, match="disk is full"):
        load(store, recorded)
    store.file.connection = connection
    numbers = [each.session for each in store.keyframes()]
    assert numbers == [1] * 19 * (count >= 19) + [2] * 20 * (count >= 39)
    assert load(store, recorded).startswith(f"{48 - len(numbers)} keyframes")


def test_an_unfinished_session_does_not_count(open_store, keyframe, path):
    store = open_store()
    for number in range(10):
        store.add(*keyframe(number))
    set_unfinished(store.file.connection.execute, range(6, 9))
    store.close()
    with MapReader(path) as reader:
        assert [row[0] for row in reader.whole_keyframes()] == [1, 2, 3, 4, 5, 9, 10]
    store = open_store()
    assert [each.id for each in store.keyframes()] == [1, 2, 3, 4, 5, 9, 10]
    assert store.thumbnail(6) == b""
    store.close()
    assert "loading" not in dict(content(path)["meta"])


def test_a_damaged_note_of_an_unfinished_session_is_not_used():
    for text in ("", "1", "a b", "1 2 3"):
        assert not unfinished({"loading": text})


def test_a_copy_that_fails_leaves_the_one_before(recorded, open_store, keyframe, copy, monkeypatch):
    store = open_store(recorded)
    save_map(store, copy).run()
    before = content(copy)
    monkeypatch.setattr(schema, "LINKS", "not SQL")
    with pytest.raises(StoreError, match="expected to write the copy"):
        save_map(store, copy).run()
    assert content(copy) == before
    assert not os.path.exists(copy + ".part")


def test_a_copy_that_is_given_up_leaves_no_file(recorded, open_store, copy, monkeypatch):
    monkeypatch.setattr("place_recognition_ros.memory.job.SLICE", 0.0)
    job = save_map(open_store(recorded), copy)
    assert job.step()
    assert os.path.exists(copy + ".part")
    del job
    assert not os.path.exists(copy + ".part")


def test_a_part_that_a_kill_left_is_replaced(recorded, open_store, copy):
    with open(copy + ".part", "wb") as file:
        file.write(b"half a map" * 9999)
    save_map(open_store(recorded), copy).run()
    assert len(content(copy)["keyframes"]) == 48
    assert not os.path.exists(copy + ".part")


def test_two_copies_to_one_path_at_once_are_refused(recorded, open_store, copy, monkeypatch):
    monkeypatch.setattr("place_recognition_ros.memory.job.SLICE", 0.0)
    store = open_store(recorded)
    first, second = save_map(store, copy), save_map(store, copy)
    assert first.step()
    with pytest.raises(StoreBusy, match="no other copy is written"):
        second.step()
    first.run()
    assert len(content(copy)["keyframes"]) == 48


def test_a_map_that_a_node_opened_meanwhile_is_not_replaced(recorded, open_store, copy):
    store = open_store(recorded)
    save_map(store, copy).run()
    job = save_map(store, copy)
    while job.step():
        pass
    other = open_store(copy)
    with pytest.raises(StoreError, match="locked"):
        job.finish()
    assert len(list(other.keyframes())) == 48
    assert not os.path.exists(copy + ".part")
