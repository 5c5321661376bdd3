"""Files that the store refuses to open as a map."""

import sqlite3

import pytest

from place_recognition_ros.errors import MapMismatch, StoreError
from place_recognition_ros.memory.schema import SCHEMA
from place_recognition_ros.memory.store import KeyframeStore
from tests.memory.conftest import MODEL, SIZE
from tests.memory.files import alter


def test_a_map_of_another_model_raises_with_both_models(open_store, keyframe, path):
    store = open_store(model="first-111111111111")
    store.add(*keyframe(0))
    store.close()
    with pytest.raises(MapMismatch) as caught:
        open_store(model="second-222222222222")
    for expected in ("first-111111111111", "second-222222222222", path):
        assert expected in str(caught.value)
    assert len(list(open_store(model="first-111111111111").keyframes())) == 1


@pytest.mark.parametrize(
    "has, wanted, remedy",
    [("orb", "features-0123456789ab", "orb"), ("features-0123456789ab", "orb", "the file of that model")],
)
def test_a_map_with_other_local_features_raises_with_both(path, has, wanted, remedy):
    KeyframeStore(path, MODEL, SIZE, has).close()
    with pytest.raises(MapMismatch) as caught:
        KeyframeStore(path, MODEL, SIZE, wanted)
    for expected in (f"features of {wanted}", f"features of {has}", path, f"set feature_model to {remedy}"):
        assert expected in str(caught.value)
    KeyframeStore(path, MODEL, SIZE, has).close()


def test_a_map_that_does_not_name_its_features_is_refused(open_store, path):
    open_store().close()
    alter(path, "DELETE FROM meta WHERE key = 'features'")
    with pytest.raises(MapMismatch, match="features of None"):
        open_store()


def test_a_map_of_a_newer_schema_raises_with_both_versions(open_store, path):
    open_store().close()
    alter(path, f"UPDATE meta SET value = '{SCHEMA + 1}' WHERE key = 'schema'")
    with pytest.raises(
        MapMismatch, match=rf"schema 1 to {SCHEMA}\. Received: '{path}' of schema {SCHEMA + 1}"
    ):
        open_store()


def test_a_missing_folder_raises_with_its_path(open_store, tmp_path):
    path = str(tmp_path / "missing" / "map.db")
    with pytest.raises(StoreError, match="existing folder") as caught:
        open_store(path)
    assert path in str(caught.value)


def test_a_folder_is_refused_as_map(open_store, tmp_path):
    with pytest.raises(StoreError, match="expected a file") as caught:
        open_store(str(tmp_path))
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [b"not a map", bytes(100), 800 * b"fortuitous", b"SQLite format 3\0", b"SQLite format 3\0" + bytes(4080)],
    ids=len,
)
def test_a_file_that_is_not_a_map_is_refused_and_not_changed(open_store, path, content):
    with open(path, "wb") as file:
        file.write(content)
    with pytest.raises(StoreError, match="expected a map") as caught:
        open_store()
    assert path in str(caught.value)
    with open(path, "rb") as file:
        assert file.read() == content


def test_the_database_of_another_program_is_refused(open_store, path):
    alter(path, "CREATE TABLE songs (title TEXT)")
    with open(path, "rb") as file:
        content = file.read()
    with pytest.raises(StoreError) as caught:
        open_store()
    assert path in str(caught.value)
    with open(path, "rb") as file:
        assert file.read() == content, "the file was changed"


def test_a_read_only_file_is_refused(open_store, keyframe, path, monkeypatch):
    """Root may write every file; so SQLite opens it in read-only mode, as it does without permissions."""
    store = open_store()
    store.add(*keyframe(0))
    store.close()
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda name, **more: connect(f"file:{name}?mode=ro", uri=True, **more)
    )
    with pytest.raises(StoreError, match="expected a map that opens for writing") as caught:
        open_store()
    assert path in str(caught.value)
