"""Migration of a map of schema 2; data/record_schema_2.py describes how it was recorded."""

import os
import sqlite3

import numpy as np
import pytest

from place_recognition_ros.errors import MapMismatch
from place_recognition_ros.memory import migrations
from place_recognition_ros.memory.store import KeyframeStore
from tests.memory.files import alter, recorded_bytes, recorded_content, write_recorded


@pytest.fixture(scope="module")
def expected_map():
    return recorded_content(2)


@pytest.fixture
def old_map(path):
    return write_recorded(2, path)


@pytest.fixture
def open_old(open_store, expected_map):
    """``open_old(path)`` → the migrated store."""
    return lambda path: open_store(path, expected_map["model"], expected_map["size"])


def test_the_recorded_map_has_angles_where_schema_3_has_depth(old_map):
    connection = sqlite3.connect(old_map)
    angles = np.frombuffer(
        b"".join(features[8:12] for (features,) in connection.execute("SELECT features FROM views")), "<f4"
    )
    connection.close()
    assert np.isfinite(angles).all()
    assert angles.max() > 90


def test_features_keep_their_points_and_descriptors_and_lose_the_angle(old_map, expected_map, open_old):
    store = open_old(old_map)
    assert store.file.map_id == expected_map["map"]
    keyframes = list(store.keyframes())
    assert store.damaged == 0
    assert len(keyframes) == len(expected_map["keyframes"]) == 4
    for found, expected in zip(keyframes, expected_map["keyframes"]):
        assert [found.id, found.session, found.stamp] == [
            expected[name] for name in ("id", "session", "stamp")
        ]
        assert found.pose.position.tolist() == expected["position"]
        features = store.view(found.id).features
        assert [[each["x"], each["y"]] for each in features] == expected["points"]
        assert features["descriptor"].tobytes().hex() == expected["descriptors"]
        assert np.isnan(features["depth"]).all()
        assert store.thumbnail(found.id).startswith(b"\xff\xd8")


def test_the_pose_of_the_camera_follows_from_its_mounting(old_map, open_old, expected_map):
    store = open_old(old_map)
    assert store.view(2).pose is None, "keyframe 2 was recorded without a mounting"
    pose, base = store.view(1).pose, expected_map["keyframes"][0]["position"]
    assert np.linalg.norm(pose.position - base) == pytest.approx(np.hypot(0.1, 0.3))


def test_a_migrated_map_is_one_of_orb_features(old_map, expected_map, open_old):
    open_old(old_map).close()
    with pytest.raises(MapMismatch, match="has local features of orb; set feature_model to orb"):
        KeyframeStore(old_map, expected_map["model"], expected_map["size"], "features-0123456789ab")
    open_old(old_map).close()


def test_a_map_that_is_refused_for_its_features_is_not_migrated(old_map, expected_map, tmp_path):
    with pytest.raises(MapMismatch, match="local features of features-0123456789ab"):
        KeyframeStore(old_map, expected_map["model"], expected_map["size"], "features-0123456789ab")
    assert os.listdir(str(tmp_path)) == ["map.db"]
    with open(old_map, "rb") as file:
        assert file.read() == recorded_bytes(2)


def test_the_old_map_is_copied(old_map, open_old, tmp_path):
    before = dump(old_map)
    open_old(old_map).close()
    assert dump(tmp_path / "map.schema2.db") == before


def dump(path):
    """The content of a map as SQL statements."""
    connection = sqlite3.connect(str(path))
    statements = list(connection.iterdump())
    connection.close()
    return statements


@pytest.mark.parametrize("column", ["features", "thumbnail"])
def test_a_damaged_row_is_damaged_after_a_migration(old_map, open_old, column):
    alter(old_map, f"UPDATE views SET {column} = substr({column}, 2) || x'00' WHERE id = 3")
    store = open_old(old_map)
    assert [len(store.view(number).features) > 0 for number in (1, 2, 3, 4)] == [True, True, False, True]
    assert store.thumbnail(3) == b""


def test_features_are_changed_one_row_at_a_time(old_map):
    """Those of all keyframes together would not fit into the memory of a robot."""
    connection = sqlite3.connect(old_map)
    statements = migrations._STEPS[2](connection)
    connection.close()
    assert len(statements) == 5
    assert all(isinstance(value, (int, str)) for _, values in statements for value in values)
