"""The images of a ROS bag."""

from typing import Any, Dict, Iterator, NamedTuple

import numpy as np
import rosbag
from sensor_msgs.msg import CompressedImage, Image

from place_recognition_ros.config import Config
from place_recognition_ros.errors import BagError, ImageError
from place_recognition_ros.ros.image_reader import ImageReader

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
            topic, or is empty and there are several.
    """

    def __init__(self, path: str, topic: str = "") -> None:
        topics = image_topics(path)
        if topic not in topics and (topic or len(topics) > 1):
            raise BagError(
                f"expected a topic out of {', '.join(sorted(topics))} of '{path}'. "
                f"Received: {topic or 'none'}"
            )
        self.topic = topic or min(topics)
        self._path, self._count = path, topics[self.topic]

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[BagImage]:
        reader = ImageReader(Config())
        with rosbag.Bag(self._path) as bag:
            for _, message, recorded in bag.read_messages(topics=[self.topic]):
                stamp = message.header.stamp.to_nsec() or recorded.to_nsec()
                source = f"'{self._path}', topic {self.topic}"
                yield BagImage(stamp, _native(message), source, reader)


def image_topics(path: str) -> Dict[str, int]:
    """Image topics of a bag and the number of messages of each.

    Raises:
        BagError: naming the bag, if it cannot be read or has no image topic.
    """
    try:
        with rosbag.Bag(path) as bag:
            topics = bag.get_type_and_topic_info().topics
    except (rosbag.ROSBagException, OSError, ValueError) as error:
        raise BagError(f"expected a ROS bag. Received: '{path}': {error or type(error).__name__}") from error
    images = {name: info.message_count for name, info in topics.items() if info.msg_type in IMAGE_TYPES}
    if not images:
        raise BagError(
            f"expected an image topic in '{path}'. Received: topics {', '.join(sorted(topics)) or 'none'}"
        )
    return images


def _native(message: Any) -> Any:
    """The message as sensor_msgs' own class; rosbag generates classes of its own."""
    native = IMAGE_TYPES[message._type]
    return native(**{name: getattr(message, name) for name in native.__slots__})
