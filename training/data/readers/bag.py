"""Pictures of a ROS bag, found by their type; the module rosbag is wanted only here."""

from place_recognition_ros import images
from place_recognition_ros.errors import ImageError

_RAW, _COMPRESSED = "sensor_msgs/Image", "sensor_msgs/CompressedImage"


def open_bag(path, topic=""):
    """The pictures of one topic.

    Args:
        path: of a .bag file.
        topic: of a bag with several image topics; empty: the only one.

    Yields:
        pairs (seconds of the header's stamp, or of the recording where it is 0; function that decodes the
        picture, (H, W, 3) uint8 BGR or (H, W) uint8 gray).

    Raises:
        ValueError: naming the bag, if it cannot be read, holds no pictures, or a picture does not decode.
    """
    try:
        import rosbag
    except ImportError as error:
        raise ValueError(f"expected ROS's python3-rosbag to read '{path}'. Received: {error}") from error
    refused = (rosbag.ROSBagException, OSError, ValueError)
    try:
        with rosbag.Bag(str(path)) as bag:
            topics = bag.get_type_and_topic_info().topics
    except refused as error:
        raise ValueError(f"expected a ROS bag. Received: '{path}': {error or type(error)}") from error
    topic = _choose(topics, topic, path)
    with rosbag.Bag(str(path)) as bag:
        for _, message, received in bag.read_messages(topics=[topic]):
            stamp = message.header.stamp.to_sec() or received.to_sec()
            yield stamp, lambda message=message: _decode(message, path)


def _choose(topics, topic, path):
    pictures = sorted(name for name, info in topics.items() if info.msg_type in (_RAW, _COMPRESSED))
    if not pictures:
        found = ", ".join(sorted(topics)) or "none"
        raise ValueError(f"expected pictures in '{path}'. Received: topics {found}")
    if topic not in pictures and (topic or len(pictures) > 1):
        raise ValueError(
            f"expected a topic out of {', '.join(pictures)} of '{path}'. Received: {topic or 'none'}"
        )
    return topic or pictures[0]


def _decode(message, path):
    try:
        if message._type == _COMPRESSED:
            return images.decode_compressed(message.data)
        layout = (message.encoding, message.height, message.width, message.step)
        return images.decode(*layout, message.data, bool(message.is_bigendian))
    except ImageError as error:
        raise ValueError(f"expected pictures that decode in '{path}'. Received: {error}") from error
