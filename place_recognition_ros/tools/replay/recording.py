"""Messages of ROS 1 bags, ROS 2 bags and MCAP files, without ROS. The package rosbags decodes them."""

import os
import struct
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, NamedTuple

from place_recognition_ros.errors import InputError

SUFFIXES = (".bag", ".db3", ".mcap")


class Topic(NamedTuple):
    """A topic of a recording."""

    type: str  # "sensor_msgs/msg/Image"
    messages: int


class Message(NamedTuple):
    """A message that is not decoded yet."""

    topic: str
    recorded: int  # nanoseconds
    data: bytes  # serialized
    is_ros1: bool

    @property
    def stamp(self) -> int:
        """Nanoseconds, of the header that it begins with; without one, when it was recorded."""
        if len(self.data) < 12:
            return self.recorded
        # ROS 1: the sequence number is before it; ROS 2: four bytes, of which the second tells the byte order
        order = "<" if self.is_ros1 or self.data[1] == 1 else ">"
        seconds, rest = struct.unpack_from(order + "II", self.data, 4)
        return int(seconds * 10**9 + rest) or self.recorded


class Recording:
    """The topics and messages of a file, or of the folder of a ROS 2 bag.

    Args:
        path: of a .bag, .db3 or .mcap file, or of a folder with a metadata.yaml.

    Raises:
        InputError: if it cannot be read, or a package that reads it is missing.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        with _named(path):
            from rosbags.typesys import Stores, get_typestore

            self._stores = {
                True: get_typestore(Stores.ROS1_NOETIC),
                False: get_typestore(Stores.ROS2_HUMBLE),
            }
            self._file: Any = _Mcap(path) if path.endswith(".mcap") else _Rosbag(path)
            self.topics: Dict[str, Topic] = self._file.topics()
            """By name; those whose messages are not of ROS are left out."""

    def messages(self, names: List[str]) -> Iterator[Message]:
        """The messages of some topics, in the order in which they were recorded.

        Raises:
            InputError: where the file is damaged.
        """
        with _named(self._path):
            for message in self._file.messages(names):
                yield message

    def decode(self, message: Message) -> Any:
        """The fields of a message, as those of ROS 1 or 2.

        Raises:
            InputError: if it is damaged.
        """
        store, kind = self._stores[message.is_ros1], self.topics[message.topic].type
        with _named(self._path):
            deserialize = store.deserialize_ros1 if message.is_ros1 else store.deserialize_cdr
            return deserialize(message.data, kind)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


@contextmanager
def _named(path: str) -> Iterator[None]:
    """Errors of the libraries, which raise anything on a damaged file, as one that names the file."""
    try:
        yield
    except (InputError, GeneratorExit):
        raise
    except ImportError as error:
        raise InputError(
            "expected the packages rosbags and mcap, which read recordings without ROS "
            f"(pip install -r requirements/replay.txt). Received: {error}"
        ) from error
    except Exception as error:
        hint = ""
        if "not indexed" in str(error):
            hint = f"; its recording was cut off, 'rosbag reindex {path}' repairs it"
        raise InputError(
            f"expected a recording that is complete. Received: '{path}': "
            f"{error or type(error).__name__}{hint}"
        ) from error


class _Rosbag:
    """A ROS 1 bag, or a ROS 2 bag, with the package rosbags."""

    def __init__(self, path: str) -> None:
        from pathlib import Path

        from rosbags import rosbag1, rosbag2

        self._is_ros1 = path.endswith(".bag")
        self._reader: Any = (rosbag1 if self._is_ros1 else rosbag2).Reader(Path(path))
        self._reader.open()

    def topics(self) -> Dict[str, Topic]:
        found = self._reader.topics.items()
        return {name: Topic(str(info.msgtype), info.msgcount) for name, info in found}

    def messages(self, names: List[str]) -> Iterator[Message]:
        wanted = [each for each in self._reader.connections if each.topic in names]
        for connection, recorded, data in self._reader.messages(wanted):
            yield Message(connection.topic, recorded, bytes(data), self._is_ros1)

    def close(self) -> None:
        self._reader.close()


class _Mcap:
    """An MCAP file; a ROS 1 one, too, which rosbags does not read."""

    ENCODINGS = ("ros1", "cdr")

    def __init__(self, path: str) -> None:
        from mcap.reader import make_reader

        self._stream = open(path, "rb")  # noqa: SIM115  is closed with this object
        self._reader = make_reader(self._stream)
        summary = self._reader.get_summary()
        if summary is None or summary.statistics is None:
            raise InputError(
                f"expected an MCAP file that was closed. Received: '{path}', whose recording was cut off; "
                f"'mcap recover {path}' repairs it"
            )
        self._summary, self._statistics = summary, summary.statistics

    def topics(self) -> Dict[str, Topic]:
        topics: Dict[str, Topic] = {}
        for channel in self._summary.channels.values():
            schema = self._summary.schemas.get(channel.schema_id)
            if schema is not None and channel.message_encoding in self.ENCODINGS:
                package, _, name = schema.name.replace("/msg/", "/").partition("/")
                messages = self._statistics.channel_message_counts.get(channel.id, 0)
                before = topics[channel.topic].messages if channel.topic in topics else 0
                topics[channel.topic] = Topic(f"{package}/msg/{name}", before + messages)
        return topics

    def messages(self, names: List[str]) -> Iterator[Message]:
        for _, channel, message in self._reader.iter_messages(topics=names):
            is_ros1 = channel.message_encoding == "ros1"
            yield Message(channel.topic, message.log_time, message.data, is_ros1)

    def close(self) -> None:
        self._stream.close()


def is_recording(path: str) -> bool:
    """Whether a path is that of a recording, by its name."""
    return path.endswith(SUFFIXES) or os.path.isfile(os.path.join(path, "metadata.yaml"))
