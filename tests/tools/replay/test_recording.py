"""Recordings as inputs: the same content from every kind of file."""

import numpy as np
import pytest

from place_recognition_ros.config import Config
from place_recognition_ros.errors import InputError
from place_recognition_ros.tools.replay.bag import open_recording
from place_recognition_ros.tools.replay.run import open_source
from place_recognition_ros.tools.replay.topics import Wanted

pytest.importorskip("rosbags", reason="needs requirements/replay.txt")
pytest.importorskip("mcap", reason="needs requirements/replay.txt")

from tests.tools.replay.recordings import (
    COMPRESSED,
    FIX,
    IMAGE,
    INFO,
    KINDS,
    ODOM,
    SECOND,
    START,
    Writer,
    drive,
)  # fmt: skip

ANY = Wanted()
GRAY = [np.full((24, 32), 10 * number, np.uint8) for number in range(5)]


def opened(path, wanted=ANY):
    return open_source(path, wanted, 0.0, Config())


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_the_same_images_stamps_and_poses(kind, tmp_path):
    source = opened(drive(Writer(kind), GRAY).write(tmp_path))
    assert source.length == 5
    items = [(each.number, each.stamp, each.read().image, each.odometry) for each in source.items()]
    assert [each[0] for each in items] == [0, 1, 2, 3, 4]
    assert [each[1] for each in items] == [START + number * SECOND for number in range(5)]
    assert all(np.array_equal(each[2], image) for each, image in zip(items, GRAY))
    assert [each[3].pose.position[0] for each in items] == [0, 1, 2, 3, 4]
    assert {each[3].world_frame for each in items} == {"odom"}


@pytest.mark.parametrize("kind", ["bag", "mcap"])
def test_the_calibration_beside_the_image_is_used(kind, tmp_path):
    writer = Writer(kind)
    writer.camera_info(INFO, START - 1, 30.0, 32, 24)
    source = opened(drive(writer, GRAY).write(tmp_path))
    cameras = [each.read().camera for each in source.items()]
    assert {camera.intrinsics[0, 0] for camera in cameras} == {30.0}
    assert {camera.frame_id for camera in cameras} == {"camera_optical"}
    assert f"calibration: {INFO}" in source.notes


@pytest.mark.parametrize("kind", ["bag", "db3"])
def test_images_wait_for_the_odometry_of_their_time(kind, tmp_path):
    writer = Writer(kind)
    for number in range(3):  # odometry is recorded 0.2 s after the image of the same stamp
        stamp = START + number * SECOND
        writer.image(IMAGE, stamp, GRAY[number], "mono8")
        writer.odometry(ODOM, stamp, number)
    source = opened(writer.write(tmp_path))
    assert [each.odometry.pose.position[0] for each in source.items()] == [0, 1, 2]


def test_colour_and_compressed_images_are_read(tmp_path):
    writer = Writer("bag")
    colour = np.zeros((24, 32, 3), np.uint8)
    colour[..., 0] = 200
    writer.image(IMAGE, START, colour[..., ::-1], "rgb8")
    writer.compressed(COMPRESSED, START, colour)
    path = writer.write(tmp_path)
    for topic in (IMAGE, COMPRESSED):
        (item,) = opened(path, Wanted(topic)).items()
        assert np.abs(item.read().image.astype(int) - colour).max() < 8


def test_of_several_topics_the_colour_image_is_used_and_the_others_are_named(tmp_path):
    writer = drive(Writer("bag"), [np.dstack([image] * 3) for image in GRAY])
    writer.image("/left/image_mono", START, GRAY[0], "mono8")
    writer.image("/depth/image", START, np.zeros((24, 32), np.uint16), "16UC1")
    source = opened(writer.write(tmp_path))
    assert source.title.endswith(IMAGE)
    (note,) = (each for each in source.notes if "--topic" in each)
    assert "/left/image_mono (1 images)" in note


def test_the_fixes_of_a_gps_topic_are_collected(tmp_path):
    writer = drive(Writer("mcap"), GRAY)
    writer.fix(FIX, START, 50.0, 7.0)
    writer.fix(FIX, START + 1, 51.0, 7.5, status=-1)  # no fix
    source = opened(writer.write(tmp_path), Wanted(fix=FIX))
    list(source.items())
    assert [(each.latitude, each.longitude) for each in source.fixes] == [(50.0, 7.0)]


@pytest.mark.parametrize(
    "wanted, message",
    [
        (Wanted("/nothing"), "expected a topic of type .*Image .*has /camera.*Received: /nothing"),
        (Wanted(ODOM), "expected a topic of type .*Image .*Received: /odom"),
        (Wanted(odometry=IMAGE), "expected a topic of type nav_msgs/msg/Odometry.*Received: /camera"),
        (Wanted(fix="/gps"), "expected a topic of type sensor_msgs/msg/NavSatFix.*has none"),
    ],
)
def test_a_topic_that_is_not_there_is_refused_with_those_that_are(wanted, message, tmp_path):
    with pytest.raises(InputError, match=message):
        opened(drive(Writer("bag"), GRAY[:1]).write(tmp_path), wanted)


@pytest.mark.parametrize("kind", ["bag", "db3", "ros1.mcap"])
def test_a_recording_without_images_is_refused_with_its_topics(kind, tmp_path):
    writer = Writer(kind)
    writer.odometry(ODOM, START, 0)
    with pytest.raises(InputError, match=r"expected an image topic.*Received: topics /odom \(nav_msgs"):
        opened(writer.write(tmp_path))


@pytest.mark.parametrize("kind", ["bag", "db3", "mcap"])
@pytest.mark.parametrize("kept", [0.0, 0.5, 0.9])
def test_a_file_that_was_cut_off_is_refused_by_name(kind, kept, tmp_path):
    path = drive(Writer(kind), GRAY * 8).write(tmp_path)
    with open(path, "r+b") as file:
        file.truncate(int(kept * len(file.read())))
    with pytest.raises(InputError, match=r"expected .*Received"):
        for item in opened(path).items():
            item.read()


def test_what_is_no_recording_is_refused_with_the_kinds_that_are(tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    for path, message in ((tmp_path / "notes.txt", r"\.bag.*\.mp4"), (tmp_path / "none", "no file")):
        with pytest.raises(InputError, match=message):
            opened(str(path))


def test_a_missing_package_is_named_with_its_requirements(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "rosbags.typesys", None)
    (tmp_path / "x.bag").write_bytes(b"")
    with pytest.raises(InputError, match=r"requirements/replay\.txt"):
        open_recording(str(tmp_path / "x.bag"), Wanted(), Config())
