import cv2
import numpy as np
import pytest
import rosbag
from rospy import Time
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import String

from place_recognition_ros.errors import BagError, ImageError
from place_recognition_ros.ros.bag import BagImages, image_topics

GRAY = np.array([[10, 20, 30]], np.uint8)


def raw(image, stamp):
    """Image message of a (H, W) uint8 image."""
    message = Image(height=image.shape[0], width=image.shape[1], encoding="mono8", step=image.shape[1])
    message.header.stamp, message.data = Time(stamp), image.tobytes()
    return message


def write(path, *messages):
    """Write (topic, message, recording time in seconds) to a bag; returns its path."""
    with rosbag.Bag(str(path), "w") as bag:
        for topic, message, seconds in messages:
            bag.write(topic, message, Time(seconds))
    return str(path)


@pytest.fixture
def bag(tmp_path):
    png = CompressedImage(format="png", data=cv2.imencode(".png", GRAY)[1].tobytes())
    return write(
        tmp_path / "x.bag",
        ("/talk", String("hello"), 5),
        ("/raw", raw(GRAY, 7), 10),
        ("/raw", raw(GRAY, 8), 11),
        ("/png", png, 20),
    )


def test_image_topics_are_found_by_type(bag):
    assert image_topics(bag) == {"/raw": 2, "/png": 1}


def test_images_without_header_stamp_have_the_recording_time(bag):
    images = BagImages(bag, "/raw")
    assert len(images) == 2
    assert [image.stamp for image in images] == [7 * 10**9, 8 * 10**9]
    assert [image.stamp for image in images] == [7 * 10**9, 8 * 10**9]  # iterated a second time
    assert [image.stamp for image in BagImages(bag, "/png")] == [20 * 10**9]


def test_messages_have_the_class_of_the_message_package(bag):
    (image,) = BagImages(bag, "/png")
    assert type(image.message) is CompressedImage


def test_raw_and_compressed_images_are_decoded(bag):
    assert [image.decode().tolist() for image in BagImages(bag, "/raw")] == [GRAY.tolist()] * 2
    (image,) = BagImages(bag, "/png")
    assert image.decode()[:, :, 0].tolist() == GRAY.tolist()


def test_an_invalid_image_raises_with_bag_and_topic(tmp_path):
    path = write(tmp_path / "x.bag", ("/png", CompressedImage(data=b"nothing"), 1))
    (image,) = BagImages(path)
    with pytest.raises(ImageError, match=r"x\.bag', topic /png: expected"):
        image.decode()


def test_the_only_image_topic_is_the_default(tmp_path):
    assert BagImages(write(tmp_path / "x.bag", ("/raw", raw(GRAY, 7), 10))).topic == "/raw"


@pytest.mark.parametrize("topic", ["", "/talk", "/other"])
def test_without_a_valid_topic_the_image_topics_are_listed(bag, topic):
    with pytest.raises(BagError, match=rf"a topic out of /png, /raw of .* Received: {topic or 'none'}$"):
        BagImages(bag, topic)


def test_a_bag_without_images_raises_with_its_topics(tmp_path):
    path = write(tmp_path / "x.bag", ("/talk", String("hello"), 5))
    with pytest.raises(BagError, match=r"expected an image topic in .*x\.bag'\. Received: topics /talk"):
        image_topics(path)


@pytest.mark.parametrize("content", [b"", b"#ROSBAG V2.0\n", b"no bag at all"])
def test_a_file_that_is_not_a_bag_raises_with_its_path(tmp_path, content):
    (tmp_path / "x.bag").write_bytes(content)
    with pytest.raises(BagError, match=r"expected a ROS bag\. Received: .*x\.bag': ."):
        image_topics(str(tmp_path / "x.bag"))


def test_a_missing_bag_raises_with_its_path(tmp_path):
    with pytest.raises(BagError, match=r"gone\.bag"):
        BagImages(str(tmp_path / "gone.bag"))
