"""Maps that the node recorded."""

import math
import shutil
import sqlite3

import numpy as np
import pytest

from place_recognition_ros.poses import Pose
from training.data import Record, read_image
from training.data.readers.recorded_map import read_recorded_map


def pose(x, y, heading, optical):
    """Pose of a camera or a body with a ``heading``, z axis of the world up."""
    half = heading / 2
    turn = np.array([0.0, 0.0, math.sin(half), math.cos(half)])
    if optical:  # rotation from a body to an optical frame
        ax, ay, az, aw = turn
        bx, by, bz, bw = -0.5, 0.5, -0.5, 0.5
        turn = np.array(
            [
                aw * bx + ax * bw + ay * bz - az * by,
                aw * by - ax * bz + ay * bw + az * bx,
                aw * bz + ax * by - ay * bx + az * bw,
                aw * bw - ax * bx - ay * by - az * bz,
            ]
        )
    return Pose(np.array([x, y, 1.0]), turn)


@pytest.fixture
def street(paint):
    """Places 1 to 20, then places 3 to 8 shifted by 12 pixels."""
    return [paint(layout) for layout in range(1, 21)] + [paint(layout, shift=12) for layout in range(3, 9)]


@pytest.fixture
def record_map(make_detector, add_images, tmp_path):
    """``record_map(images, poses)`` → path of a map."""

    def record_map(images, poses=()):
        detector = make_detector(str(tmp_path / "office.map"))
        add_images(detector, images, poses=poses)
        detector.close()
        return tmp_path / "office.map"

    return record_map


@pytest.mark.parametrize("optical", [False, True])
def test_odometry_and_loops_give_positions(record_map, street, tmp_path, optical):
    poses = [pose(2.0 * i, 0.0, 0.5, optical) for i in range(20)]
    poses += [pose(2.0 * i, 3.0, 0.5, optical) for i in range(2, 8)]  # 3 m of drift
    origin = Record(tmp_path, split="validation", licence="CC0")
    records = read_recorded_map(record_map(street, poses), tmp_path / "out", origin)
    assert len(records) == 26
    first = records[0]
    assert (first.sequence, first.time, first.region) == ("session 1", 0.0, "office")
    assert (first.split, first.licence, first.place) == ("validation", "CC0", "")
    assert records[7].time == 7.0
    assert np.allclose([record.heading for record in records], 0.5)
    assert np.allclose([record.x for record in records[:20]], np.arange(20) * 2.0, atol=0.5)
    drift = [abs(records[20 + i].y - records[2 + i].y) for i in range(6)]
    assert max(drift) < 1.0
    assert read_image(first.image).shape[:2] == (240, 320)


def test_without_odometry_loops_give_place_labels(record_map, street, tmp_path):
    records = read_recorded_map(record_map(street), tmp_path / "out", guard_seconds=5.0)
    places = [record.place for record in records]
    assert all(math.isnan(record.x) and math.isnan(record.heading) for record in records)
    again = [(2 + i, 20 + i) for i in range(6) if places[2 + i] and places[20 + i]]
    assert again
    assert all(places[one] == places[other] for one, other in again)
    looped = {places[one] for one, _ in again}
    assert not looped & {places[row] for row in (*range(2), *range(8, 20))}


def test_each_session_is_a_sequence(make_detector, add_images, street, tmp_path):
    path = tmp_path / "office.map"
    for start in (100, 200):
        detector = make_detector(str(path))
        add_images(detector, street[:3], start=start)
        detector.close()
    records = read_recorded_map(path, tmp_path / "out")
    assert [(r.sequence, r.time) for r in records] == [
        (f"session {session}", float(second)) for session in (1, 2) for second in range(3)
    ]


def test_a_map_in_use_is_read_and_not_changed(make_detector, add_images, street, tmp_path):
    path = tmp_path / "office.map"
    add_images(make_detector(str(path)), street[:3])
    before = path.read_bytes(), path.with_name("office.map-wal").read_bytes()
    assert len(read_recorded_map(path, tmp_path / "out")) == 3
    assert (path.read_bytes(), path.with_name("office.map-wal").read_bytes()) == before


@pytest.mark.parametrize(
    "damage",
    ["UPDATE keyframes SET stamp = 7 WHERE id = 2", "UPDATE views SET thumbnail = x'00' WHERE id = 2"],
)
def test_damaged_keyframes_are_skipped(record_map, street, tmp_path, damage):
    path = record_map(street[:4])
    with sqlite3.connect(path) as connection:
        connection.execute(damage)
    connection.close()
    assert [r.image.stem for r in read_recorded_map(path, tmp_path / "out")] == [
        "00000001",
        "00000003",
        "00000004",
    ]


def test_files_that_are_not_maps_are_refused(record_map, street, tmp_path):
    with pytest.raises(ValueError, match=r"nowhere\.map.*missing"):
        read_recorded_map(tmp_path / "nowhere.map", tmp_path / "out")
    assert not (tmp_path / "nowhere.map").exists()
    (tmp_path / "text.map").write_text("no map")
    (tmp_path / "empty.map").touch()
    whole = record_map(street[:4])
    shutil.copy(whole, tmp_path / "other.map")
    with sqlite3.connect(tmp_path / "other.map") as connection:
        connection.execute("UPDATE meta SET value = '99' WHERE key = 'schema'")
    connection.close()
    (tmp_path / "torn.map").write_bytes(whole.read_bytes()[:2000])
    for name in ("text.map", "empty.map", "other.map", "torn.map"):
        with pytest.raises(ValueError) as caught:
            read_recorded_map(tmp_path / name, tmp_path / "out")
        assert str(tmp_path / name) in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_map_without_keyframes_is_named(record_map, tmp_path):
    with pytest.raises(ValueError, match=r"office\.map"):
        read_recorded_map(record_map([]), tmp_path / "out")
