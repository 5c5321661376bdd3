import cv2
import numpy as np
import pytest
import rosbag
from rospy import Time
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import String

from place_recognition_ros.errors import BagError, ImageError
from place_recognition_ros.ros.bag import BagImages, image_topics
from place_recognition_ros.stream.camera_topic import ImageTopic, camera_topic

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
    assert image_topics(bag) == {"/raw": ImageTopic(2, "mono8"), "/png": ImageTopic(1, "png")}


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


@pytest.mark.parametrize("content", [b"", b"#ROSBAG V1.2\n", b"no bag at all"])
def test_a_file_that_is_not_a_bag_raises_with_its_path(tmp_path, content):
    (tmp_path / "x.bag").write_bytes(content)
    with pytest.raises(BagError, match=r"expected a ROS bag\. Received: .*x\.bag': ."):
        image_topics(str(tmp_path / "x.bag"))


def test_a_missing_bag_raises_with_its_path(tmp_path):
    with pytest.raises(BagError, match=r"gone\.bag"):
        BagImages(str(tmp_path / "gone.bag"))


@pytest.mark.parametrize("size", [13, 4096, -1000, -1])
def test_a_bag_that_was_not_closed_names_the_repair(bag, size):
    with open(bag, "rb") as file:
        content = file.read()
    with open(bag, "wb") as file:
        file.write(content[:size])
    with pytest.raises(BagError, match=r"that was closed\. Received: '.*x\.bag'.*'rosbag reindex .*x\.bag'"):
        BagImages(bag)


def test_a_damaged_message_raises_with_bag_and_topic(tmp_path):
    path = str(tmp_path / "x.bag")
    with rosbag.Bag(path, "w", compression="bz2") as bag:
        for stamp in range(1, 9):
            bag.write("/raw", raw(GRAY, stamp), Time(stamp))
    with open(path, "r+b") as file:
        file.seek(4096 + 150)  # in the first chunk, behind the header of the file
        file.write(bytes(100))
    with pytest.raises(BagError, match=r"not damaged\. Received: .*x\.bag', topic /raw: "):
        list(BagImages(path, "/raw"))


COLOUR, GRAY8, DEPTH = ImageTopic(9, "rgb8"), ImageTopic(9, "mono8"), ImageTopic(9, "16UC1")


@pytest.mark.parametrize(
    ("best", "others"),
    [
        ({"/camera/color/image_raw": COLOUR}, {"/camera/aligned_depth_to_color/image_raw": DEPTH}),
        ({"/camera/rgb/image_color": COLOUR}, {"/camera/depth/image": ImageTopic(9, "32FC1")}),
        ({"/z/image_raw": COLOUR}, {"/camera/infra1/image_rect_raw": GRAY8}),
        ({"/z/image_raw": COLOUR}, {"/a/depth/colorized": COLOUR}),
        ({"/z/left": GRAY8}, {"/a/depth/image_rect_raw": DEPTH}),
        ({"/z/image_raw": COLOUR}, {"/detections": COLOUR}),
        ({"/z/image_raw": ImageTopic(9, "bgr8")}, {"/a/image_raw": ImageTopic(2, "bgr8")}),
        ({"/z/image_raw": COLOUR}, {"/a/image_raw": ImageTopic(0, "")}),
        ({"/a/image_raw": COLOUR}, {"/b/image_raw": COLOUR}),
        ({"/depth_camera/color/image_raw": COLOUR}, {"/depth_camera/depth/image_raw": DEPTH}),
        (
            {"/camera/color/image_raw/compressed": ImageTopic(9, "rgb8; jpeg compressed bgr8")},
            {
                "/camera/aligned_depth_to_color/image_raw/compressed": ImageTopic(
                    9, "16UC1; png compressed "
                ),
                "/camera/depth/image_raw/compressedDepth": ImageTopic(9, "16UC1; compressedDepth png"),
            },
        ),
        ({"/depth": DEPTH}, {}),
    ],
)
def test_the_colour_image_of_a_camera_is_chosen(best, others):
    assert {camera_topic({**others, **best})} == set(best)
