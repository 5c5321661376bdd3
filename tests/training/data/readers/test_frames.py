"""Videos, bags and folders of frames."""

import cv2
import numpy as np
import pytest

from place_recognition_ros.errors import BagError
from training.data import PlaceRules, Places, Record, read_image
from training.data.readers.frames import read_frames


@pytest.fixture
def video(tmp_path):
    """Three seconds at 30 frames per second, each brighter than the previous one."""
    path = tmp_path / "walk.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 30, (64, 48))
    for number in range(90):
        writer.write(np.full((48, 64, 3), 2 * number, np.uint8))
    writer.release()
    return path


def test_a_video_is_sampled_at_the_rate(video, tmp_path):
    origin = Record(video, region="home", split="validation", licence="CC0")
    records = read_frames(video, tmp_path / "out", rate=2.0, origin=origin)
    assert [record.time for record in records] == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]
    assert {record[5:6] + record[7:] for record in records} == {("walk", "home", "validation", "", "CC0")}
    brightness = [read_image(record.image).mean() for record in records]
    assert np.allclose(brightness, [0, 30, 60, 90, 120, 150], atol=3)  # JPEG, twice


def test_the_frame_rate_can_be_given(video, tmp_path):
    records = read_frames(video, tmp_path / "out", rate=10.0, fps=15.0)
    assert len(records) == 45
    assert records[-1].time == pytest.approx(88 / 15)


def test_a_rate_above_the_frame_rate_takes_every_frame(video, tmp_path):
    assert len(read_frames(video, tmp_path / "out", rate=500.0)) == 90


def test_frames_of_a_folder_are_not_copied(tmp_path):
    for number in range(12):
        (tmp_path / f"{number}.png").touch()
    records = read_frames(tmp_path, tmp_path / "out", rate=1.0, fps=4.0)
    assert [(record.image.name, record.time) for record in records] == [
        ("0.png", 0.0),
        ("4.png", 1.0),
        ("8.png", 2.0),
    ]
    assert not (tmp_path / "out").exists()
    assert len(read_frames(tmp_path, tmp_path / "out", rate=2.0)) == 12


def test_frames_are_labelled_by_time(video, tmp_path):
    records = read_frames(video, tmp_path / "out", rate=2.0)
    same, different = Places(records, PlaceRules(positive_seconds=0.6, guard_seconds=1.6)).pair_labels([0])
    assert same[0].tolist() == [True, True, False, False, False, False]
    assert different[0].tolist() == [False, False, False, False, True, True]


@pytest.mark.parametrize("content", [b"", b"no video at all"])
def test_a_file_that_is_not_a_video_is_refused(tmp_path, content):
    (tmp_path / "broken.mp4").write_bytes(content)
    with pytest.raises(ValueError, match=r"broken\.mp4"):
        read_frames(tmp_path / "broken.mp4", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_missing_source_and_a_bad_rate_are_refused(tmp_path, video):
    with pytest.raises(ValueError, match=r"nowhere\.mp4.*missing"):
        read_frames(tmp_path / "nowhere.mp4", tmp_path / "out")
    with pytest.raises(ValueError, match="rates above 0"):
        read_frames(video, tmp_path / "out", rate=0.0)


@pytest.fixture
def make_bag(tmp_path):
    """``make_bag({topic: images})``: 10 messages per second from 100 s on, raw and compressed alternately."""
    rosbag = pytest.importorskip("rosbag")
    rospy = pytest.importorskip("rospy")
    messages = pytest.importorskip("sensor_msgs.msg")

    def make_bag(topics):
        with rosbag.Bag(str(tmp_path / "drive.bag"), "w") as bag:
            for topic, images in topics.items():
                for number, image in enumerate(images):
                    stamp = rospy.Time(100 + number // 10, number % 10 * 10**8)
                    if number % 2:
                        data = cv2.imencode(".png", image)[1].tobytes()
                        message = messages.CompressedImage(format="png", data=data)
                    else:
                        height, width = image.shape[:2]
                        message = messages.Image(height=height, width=width, encoding="bgr8", step=3 * width)
                        message.data = image.tobytes()
                    message.header.stamp = stamp
                    bag.write(topic + "/compressed" * (number % 2), message, stamp)
        return tmp_path / "drive.bag"

    return make_bag


def test_a_bag(make_bag, tmp_path):
    images = [np.full((48, 64, 3), 10 * number, np.uint8) for number in range(20)]
    bag = make_bag({"/camera": images})
    for topic, first in (("/camera", 0.0), ("/camera/compressed", 10.0)):
        records = read_frames(bag, tmp_path / "out", rate=1.0, topic=topic)
        assert [(record.sequence, record.time) for record in records] == [("drive", 0.0), ("drive", 1.0)]
        found = [read_image(record.image).mean() for record in records]
        assert np.allclose(found, [first, first + 100], atol=2)


def test_a_bag_with_several_topics_needs_a_choice(make_bag, tmp_path):
    bag = make_bag({"/camera": [np.zeros((48, 64, 3), np.uint8)] * 2})
    for topic in ("", "/other"):
        with pytest.raises(BagError, match=r"/camera, /camera/compressed of .*drive\.bag"):
            read_frames(bag, tmp_path / "out", topic=topic)


def test_bags_without_images_and_other_files_are_refused(make_bag, tmp_path):
    with pytest.raises(BagError, match=r"drive\.bag.*topics none"):
        read_frames(make_bag({}), tmp_path / "out")
    (tmp_path / "torn.bag").write_bytes(b"no bag")
    with pytest.raises(BagError, match=r"torn\.bag"):
        read_frames(tmp_path / "torn.bag", tmp_path / "out")
