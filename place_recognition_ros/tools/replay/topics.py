"""Which topics of a recording are used."""

from typing import Dict, List, NamedTuple

from place_recognition_ros.errors import InputError
from place_recognition_ros.stream.camera_topic import ImageTopic, camera_topic
from place_recognition_ros.tools.replay.recording import Message, Recording

IMAGE, COMPRESSED = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"
ODOMETRY, FIX = "nav_msgs/msg/Odometry", "sensor_msgs/msg/NavSatFix"
CAMERA_INFO = "sensor_msgs/msg/CameraInfo"


class Wanted(NamedTuple):
    """Topics as the user names them; empty: they are chosen."""

    image: str = ""
    odometry: str = ""
    fix: str = ""


class Chosen(NamedTuple):
    """The topics that are read; empty: there is none."""

    image: str
    odometry: str = ""
    fix: str = ""
    camera_info: str = ""
    notes: List[str] = []  # noqa: RUF012  sentences for the user

    @property
    def names(self) -> List[str]:
        """All of them."""
        return [name for name in self[:4] if name]


def choose(recording: Recording, path: str, wanted: Wanted) -> Chosen:
    """Choose the image of a camera, its camera_info, and odometry, of which the busiest topic is taken.

    Raises:
        InputError: if there is no image topic, or one that the user names is missing or of another type.
    """
    notes: List[str] = []
    image = _image(recording, path, wanted.image, notes)
    odometry = _of_type(recording, path, wanted.odometry, [ODOMETRY])
    if not wanted.odometry:
        odometry = _busiest(recording, ODOMETRY)
    fix = _of_type(recording, path, wanted.fix, [FIX]) if wanted.fix else ""
    parts = image.split("/")
    beside = ["/".join([*parts[:count], "camera_info"]) for count in range(len(parts) - 1, 0, -1)][:2]
    found = (name for name in beside if name in recording.topics)
    info = next((name for name in found if recording.topics[name].type == CAMERA_INFO), "")
    return Chosen(image, odometry, fix, info, notes)


def _image(recording: Recording, path: str, wanted: str, notes: List[str]) -> str:
    topics = recording.topics
    names = [name for name, topic in topics.items() if topic.type in (IMAGE, COMPRESSED)]
    if not names:
        listed = ", ".join(f"{name} ({topic.type})" for name, topic in sorted(topics.items()))
        raise InputError(f"expected an image topic in '{path}'. Received: topics {listed or 'none'}")
    if wanted:
        return _of_type(recording, path, wanted, [IMAGE, COMPRESSED])
    if len(names) == 1:
        return names[0]
    images: Dict[str, ImageTopic] = {}
    for name in names:
        first = next(iter(recording.messages([name])), None) if topics[name].messages else None
        images[name] = ImageTopic(topics[name].messages, _encoding(recording, first) if first else "")
    chosen = camera_topic(images)
    others = ", ".join(f"{name} ({each.messages} images)" for name, each in images.items() if name != chosen)
    notes.append(f"of {len(names)} image topics {chosen} is used; --topic takes another one: {others}")
    return chosen


def _encoding(recording: Recording, message: Message) -> str:
    image = recording.decode(message)
    return str(getattr(image, "encoding", "") or getattr(image, "format", ""))


def _of_type(recording: Recording, path: str, wanted: str, types: List[str]) -> str:
    fitting = sorted(name for name, topic in recording.topics.items() if topic.type in types)
    if wanted and wanted not in fitting:
        raise InputError(
            f"expected a topic of type {' or '.join(types)} in '{path}', which has "
            f"{', '.join(fitting) or 'none'}. Received: {wanted}"
        )
    return wanted


def _busiest(recording: Recording, kind: str) -> str:
    found = {name: topic.messages for name, topic in recording.topics.items() if topic.type == kind}
    return max(found, key=lambda name: found[name]) if any(found.values()) else ""
