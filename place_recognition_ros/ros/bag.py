"""The images of a ROS bag."""

import shlex
from contextlib import contextmanager
from typing import Any, Dict, Iterator, NamedTuple, Tuple

import numpy as np
import rosbag
import rospy
from sensor_msgs.msg import CompressedImage, Image

from place_recognition_ros.config import Config
from place_recognition_ros.errors import BagError, ImageError
from place_recognition_ros.ros.image_reader import ImageReader
from place_recognition_ros.stream.camera_topic import ImageTopic

IMAGE_TYPES = {"sensor_msgs/Image": Image, "sensor_msgs/CompressedImage": CompressedImage}


class BagImage(NamedTuple):
    """One message of an image topic."""

    stamp: int  # nanoseconds, of the header; of the recording where the header has none
    message: Any  # sensor_msgs Image or CompressedImage
    source: str  # the bag and the topic, for error messages
    reader: ImageReader  # of the topic

    def decode(self) -> np.ndarray:
        """(H, W, 3) uint8 BGR or (H, W) uint8 gray.

        Raises:
            ImageError: naming the bag, if the message does not decode.
        """
        try:
            return self.reader.read(self.message)
        except ImageError as error:
            raise ImageError(f"{self.source}: {error}") from error


class BagImages:
    """The images of one topic, in the order in which they were recorded; it can be iterated repeatedly.

    Args:
        path: the .bag file.
        topic: name of an image topic; empty: the only one.

    Raises:
        BagError: naming the bag, if it cannot be read or has no image topic; if ``topic`` is not an image
            topic, or is empty and there are several. Iteration raises it where the bag is damaged.
    """

    def __init__(self, path: str, topic: str = "") -> None:
        topics = image_topics(path)
        if topic not in topics and (topic or len(topics) > 1):
            raise BagError(
                f"expected a topic out of {', '.join(sorted(topics))} of '{path}'. "
                f"Received: {topic or 'none'}"
            )
        self.topic = topic or min(topics)
        self._path, self._count = path, topics[self.topic].messages

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[BagImage]:
        reader = ImageReader(Config())
        source = f"'{self._path}', topic {self.topic}"
        with _opened(self._path) as bag:
            for message, recorded in _messages(bag, self.topic, source):
                stamp = message.header.stamp.to_nsec() or recorded.to_nsec()
                yield BagImage(stamp, _native(message), source, reader)


def image_topics(path: str) -> Dict[str, ImageTopic]:
    """Image topics of a bag.

    Raises:
        BagError: naming the bag, if it cannot be read or has no image topic.
    """
    with _opened(path) as bag:
        topics = bag.get_type_and_topic_info().topics
        found = {name: info.message_count for name, info in topics.items() if info.msg_type in IMAGE_TYPES}
        if not found:
            raise BagError(
                f"expected an image topic in '{path}'. Received: topics {', '.join(sorted(topics)) or 'none'}"
            )
        return {name: ImageTopic(count, _encoding(bag, name, path)) for name, count in found.items()}


@contextmanager
def _opened(path: str) -> Iterator[rosbag.Bag]:
    """The bag, open for reading.

    Raises:
        BagError: if it cannot be opened; one that was not closed names the repair.
    """
    try:
        bag = rosbag.Bag(path)
    except rosbag.ROSBagUnindexedException as error:
        raise BagError(
            f"expected a ROS bag that was closed. Received: '{path}', whose recording was cut off. "
            f"'rosbag reindex {shlex.quote(path)}' repairs it"
        ) from error
    except (rosbag.ROSBagException, OSError, ValueError) as error:
        raise BagError(f"expected a ROS bag. Received: '{path}': {error or type(error).__name__}") from error
    with bag:
        yield bag


def _messages(bag: rosbag.Bag, topic: str, source: str) -> Iterator[Tuple[Any, rospy.Time]]:
    """Messages of a topic and their recording times.

    Raises:
        BagError: where the bag is damaged.
    """
    try:
        for _, message, recorded in bag.read_messages(topics=[topic]):
            yield message, recorded
    except Exception as error:  # rosbag raises anything on a damaged file
        raise BagError(f"expected a bag that is not damaged. Received: {source}: {error!r}") from error


def _encoding(bag: rosbag.Bag, topic: str, path: str) -> str:
    """Encoding of the first Image, format of the first CompressedImage; empty without messages."""
    for message, _ in _messages(bag, topic, f"'{path}', topic {topic}"):
        return str(getattr(message, "encoding", "") or getattr(message, "format", ""))
    return ""


def _native(message: Any) -> Any:
    """The message as sensor_msgs' own class; rosbag generates classes of its own."""
    native = IMAGE_TYPES[message._type]
    return native(**{name: getattr(message, name) for name in native.__slots__})
