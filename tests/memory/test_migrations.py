"""Migration of a map of schema 1; data/record_schema_1.py describes how it was recorded."""

import os
import sqlite3

import numpy as np
import pytest

from place_recognition_ros.errors import MapMismatch, StoreError
from place_recognition_ros.memory import migrations
from place_recognition_ros.memory.departure import Leaving
from place_recognition_ros.memory.keyframe_map import KeyframeMap
from place_recognition_ros.memory.schema import SCHEMA
from place_recognition_ros.memory.store import KeyframeStore
from tests.memory.files import recorded_bytes, recorded_content, write_recorded


@pytest.fixture(scope="module")
def expected_map():
    return recorded_content(1)


@pytest.fixture
def old_map(path):
    return write_recorded(1, path)


def rows(path, table):
    connection = sqlite3.connect(path)
    found = connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()
    connection.close()
    return found


def test_a_migrated_map_has_the_same_content(old_map, expected_map, open_store):
    store = open_store(old_map, expected_map["model"], expected_map["size"])
    keyframes = list(store.keyframes())
    assert store.damaged == 0
    assert len(keyframes) == len(expected_map["keyframes"]) == 8
    for found, expected in zip(keyframes, expected_map["keyframes"]):
        assert (found.id, found.session, found.stamp) == tuple(
            expected[name] for name in ("id", "session", "stamp")
        )
        assert (None if found.pose is None else found.pose.position.tolist()) == expected["position"]
        view = store.view(found.id)
        assert view.camera is None
        assert len(view.features) == expected["features"]
        assert [float(view.features[0][name]) for name in ("x", "y")] == expected["first_feature"]
        assert store.thumbnail(found.id).startswith(b"\xff\xd8")
    sessions = store.sessions()
    assert sorted(sessions) == [1, 2]
    starts = {number: session.start for number, session in sessions.items()}
    assert starts == {1: expected_map["keyframes"][0]["stamp"], 2: expected_map["keyframes"][4]["stamp"]}
    assert len({session.uuid for session in sessions.values()} | {store.file.map_id}) == 3


def test_each_keyframe_has_the_same_best_match_as_before(old_map, expected_map, open_store):
    store = open_store(old_map, expected_map["model"], expected_map["size"])
    descriptors = {each.id: each.descriptor for each in store.keyframes()}
    keyframes = KeyframeMap(store, expected_map["size"], Leaving(1))
    for expected in expected_map["keyframes"]:
        found = keyframes.search(descriptors[expected["id"]], 2)
        others = [match.entry.id for match in found if match.entry.id != expected["id"]]
        assert others[0] == expected["best_match"]


def test_the_old_map_is_copied_and_no_copy_is_overwritten(old_map, expected_map, open_store, tmp_path):
    before = {table: rows(old_map, table) for table in ("meta", "keyframes", "views")}
    (tmp_path / "map.schema1.db").write_bytes(b"an earlier copy")
    open_store(old_map, expected_map["model"], expected_map["size"]).close()
    assert (tmp_path / "map.schema1.db").read_bytes() == b"an earlier copy"
    copy = str(tmp_path / "map.schema1-2.db")
    assert {table: rows(copy, table) for table in before} == before
    open_store(old_map, expected_map["model"], expected_map["size"]).close()
    assert sorted(name for name in os.listdir(str(tmp_path)) if "schema1" in name) == [
        *("map.schema1-2.db", "map.schema1.db"),
    ], "the map was migrated twice"


def test_ids_are_not_reused_after_a_migration(old_map, expected_map, open_store, keyframe):
    connection = sqlite3.connect(old_map)
    with connection:
        connection.execute("DELETE FROM keyframes WHERE id = 8")
    connection.close()
    store = open_store(old_map, expected_map["model"], expected_map["size"])
    session, one, _, features, thumbnail = keyframe(1)
    assert store.add(session, one, np.ones(expected_map["size"], np.float32), features, thumbnail) == 9


def test_damaged_rows_are_damaged_after_a_migration(old_map, expected_map, open_store):
    connection = sqlite3.connect(old_map)
    with connection:
        connection.execute("UPDATE keyframes SET stamp = stamp + 1 WHERE id = 3")
        connection.execute("UPDATE views SET thumbnail = x'00' WHERE id = 4")
    connection.close()
    store = open_store(old_map, expected_map["model"], expected_map["size"])
    assert [each.id for each in store.keyframes()] == [1, 2, 4, 5, 6, 7, 8]
    assert store.damaged == 1
    assert len(store.view(4).features) == 0


def test_a_failed_migration_changes_nothing_and_leaves_no_copy(old_map, expected_map, monkeypatch, tmp_path):
    before = {table: rows(old_map, table) for table in ("meta", "keyframes", "views")}

    def fail(_):
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patch:
        patch.setattr(migrations, "crc_of", fail)
        for _ in range(3):
            with pytest.raises(StoreError, match="disk I/O error"):
                KeyframeStore(old_map, expected_map["model"], expected_map["size"], "orb")
    assert {table: rows(old_map, table) for table in before} == before
    assert os.listdir(str(tmp_path)) == ["map.db"]
    KeyframeStore(old_map, expected_map["model"], expected_map["size"], "orb").close()


def test_where_a_later_step_fails_the_copy_remains(old_map, expected_map, monkeypatch, tmp_path):
    before = {table: rows(old_map, table) for table in ("meta", "keyframes", "views")}

    def fail(_):
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patch:
        patch.setitem(migrations._STEPS, 2, fail)
        with pytest.raises(StoreError, match="disk I/O error"):
            KeyframeStore(old_map, expected_map["model"], expected_map["size"], "orb")
    assert dict(rows(old_map, "meta"))["schema"] == "2"
    copy = str(tmp_path / "map.schema1.db")
    assert {table: rows(copy, table) for table in before} == before
    KeyframeStore(old_map, expected_map["model"], expected_map["size"], "orb").close()
    assert dict(rows(old_map, "meta"))["schema"] == "3"


def test_a_map_that_cannot_be_copied_is_not_migrated(old_map, expected_map, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "bin").mkdir()
    cp = tmp_path / "bin" / "cp"
    cp.write_text("#!/bin/sh\necho 'No space left on device' >&2; echo part > \"$3\"; exit 1\n")
    cp.chmod(0o755)
    with pytest.raises(StoreError, match="No space left on device"):
        KeyframeStore(old_map, expected_map["model"], expected_map["size"], "orb")
    assert sorted(os.listdir(str(tmp_path))) == ["bin", "map.db"]
    assert dict(rows(old_map, "meta"))["schema"] == "1"


def test_without_a_program_to_copy_a_map_is_not_migrated(old_map, expected_map, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    with pytest.raises(StoreError, match="expected to copy the map"):
        KeyframeStore(old_map, expected_map["model"], expected_map["size"], "orb")
    assert os.listdir(str(tmp_path)) == ["map.db"]


def test_a_map_with_a_damaged_page_is_migrated_without_that_view(old_map, expected_map, open_store):
    views = {number: (features, thumbnail) for number, features, thumbnail, _ in rows(old_map, "views")}
    with open(old_map, "rb") as file:
        content = bytearray(file.read())
    where = content.index(views[5][0][:100]) // 4096 * 4096  # the page of some views' rows, at its header
    content[where : where + 8] = b"\xff" * 8
    with open(old_map, "wb") as file:
        file.write(content)
    store = open_store(old_map, expected_map["model"], expected_map["size"])
    assert len(list(store.keyframes())) == 8
    assert store.thumbnail(5) == b""
    assert [number for number in views if store.thumbnail(number) == views[number][1]] == [1, 2, 3, 4]


def test_a_map_of_another_model_is_refused_before_it_is_migrated(old_map, tmp_path):
    with pytest.raises(MapMismatch, match="other-000000000000"):
        KeyframeStore(old_map, "other-000000000000", 512, "orb")
    assert os.listdir(str(tmp_path)) == ["map.db"]
    with open(old_map, "rb") as file:
        assert file.read() == recorded_bytes(1)


@pytest.mark.parametrize("found", ["0", "-1", "", "two", str(SCHEMA + 1)])
def test_an_unknown_schema_is_refused(old_map, expected_map, found):
    connection = sqlite3.connect(old_map)
    with connection:
        connection.execute("UPDATE meta SET value = ? WHERE key = 'schema'", (found,))
    connection.close()
    with pytest.raises(StoreError, match=f"schema {found}"):
        KeyframeStore(old_map, expected_map["model"], expected_map["size"], "orb")
