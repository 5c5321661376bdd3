"""The image topics of a recording, and which of them is the camera."""

import re
from typing import Any, Dict, NamedTuple, Tuple

DEPTH_ENCODING = re.compile("16UC1|32FC1|compressedDepth", re.IGNORECASE)
DEPTH_NAME = re.compile("depth|disparity", re.IGNORECASE)
GRAY_ENCODING = re.compile("mono|8UC1|16UC1", re.IGNORECASE)
CAMERA_NAME = re.compile(
    "image_(raw|rect|color)|rgb|color", re.IGNORECASE
)  # not an image that a program drew


class ImageTopic(NamedTuple):
    """An image topic of a recording."""

    messages: int
    encoding: str  # of the first Image; format of the first CompressedImage; empty without messages

    @property
    def is_depth(self) -> bool:
        """Whether its pixels are distances."""
        return bool(DEPTH_ENCODING.search(self.encoding))


def camera_topic(topics: Dict[str, ImageTopic]) -> str:
    """The topic that is most probably the image of a camera: no depth image, colour before gray.

    Args:
        topics: at least one, by name.
    """

    def rank(name: str) -> Tuple[Any, ...]:
        topic = topics[name]
        return (
            not topic.messages,
            topic.is_depth,
            bool(DEPTH_NAME.search(name)),
            bool(GRAY_ENCODING.match(topic.encoding)),
            not CAMERA_NAME.search(name),
            -topic.messages,
            name,
        )

    return min(topics, key=rank)
