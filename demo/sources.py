"""Where pictures come from: the rendered drive, a folder, a bag; all as one sequence of frames."""

import csv
import re
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional

import cv2
import numpy as np

from demo.judge import CameraPose

PICTURES = {
    ".bmp",
    ".dib",
    ".jpeg",
    ".jpg",
    ".jp2",
    ".pbm",
    ".pgm",
    ".png",
    ".pnm",
    ".ppm",
    ".tif",
    ".tiff",
    ".webp",
}
COMPRESSED = {".jpeg": "jpeg", ".jpg": "jpeg", ".png": "png"}  # as sensor_msgs/CompressedImage names them
IMAGE_TYPES = ("sensor_msgs/Image", "sensor_msgs/CompressedImage")
COLUMNS = ("file", "stamp", "x", "y", "z", "qx", "qy", "qz", "qw", "tracking_ok")


class SourceError(Exception):
    """The pictures cannot be read; the message is a sentence for the user."""


class Frame(NamedTuple):
    """One picture on its way to the node."""

    stamp: int  # nanoseconds
    name: str
    data: bytes  # the file's content; empty where there is a message
    format: str  # "jpeg" or "png"; "" for other files, which are sent as pixels
    message: Any = None  # of a bag: sensor_msgs Image or CompressedImage, played as it is
    pose: Optional[CameraPose] = None
    tracking_ok: bool = True


class Source(NamedTuple):
    """A sequence of frames and what is known about it."""

    title: str
    length: int  # frames
    frames: Callable[[], Iterator[Frame]]
    has_truth: bool = False
    has_clock: bool = True  # False: the stamps are made up, the pictures go as fast as the node takes them
    camera: Optional[Dict[str, Any]] = None  # of camera.yaml
    folder: Optional[Path] = None  # of the drive
    note: str = ""


def open_source(path: Optional[Path], drive: Path, topic: str = "", hz: float = 5.0) -> Source:
    """Find out what ``path`` is.

    Args:
        path: a drive, a folder of pictures or a bag; None: the demo's own drive.
        drive: the demo's own drive.
        topic: of a bag with several image topics.
        hz: how fast pictures without stamps follow each other.

    Raises:
        SourceError: if it is none of them, or holds no pictures.
    """
    path = drive if path is None else path
    if (path / "trajectory.csv").is_file():
        return open_drive(path)
    if path.is_dir():
        return open_folder(path, hz)
    if path.is_file() and path.suffix == ".bag":
        return open_bag(path, topic)
    raise SourceError(f"expected a folder of pictures or a .bag file. Received: '{path}', which is neither")


def open_drive(folder: Path) -> Source:
    """A drive with its truth: ``trajectory.csv``, ``camera.yaml``, ``frames/``."""
    rows = read_trajectory(folder / "trajectory.csv")
    missing = [row.name for row in rows if not (folder / row.name).is_file()]
    if missing:
        raise SourceError(f"expected {len(rows)} pictures in '{folder}'. Received: no '{missing[0]}'")
    return Source(
        title="the rendered drive",
        length=len(rows),
        frames=lambda: (row._replace(data=(folder / row.name).read_bytes()) for row in rows),
        has_truth=True,
        camera=_read_yaml(folder / "camera.yaml"),
        folder=folder,
    )


def read_trajectory(path: Path) -> List[Frame]:
    """The drive's frames without their pictures.

    Raises:
        SourceError: if a line is not one of a trajectory.
    """
    frames = []
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        header = next(reader, [])
        if tuple(header) != COLUMNS:
            raise SourceError(
                f"expected '{path}' to begin with {','.join(COLUMNS)}. Received: {','.join(header)}"
            )
        for row in reader:
            try:
                name, stamp, x, y, z, qx, qy, qz, qw, ok = row
                pose = CameraPose(*(float(v) for v in (x, y, z, qx, qy, qz, qw)))
                frame = Frame(round(float(stamp) * 1e9), name, b"", "jpeg", None, pose, bool(int(ok)))
            except ValueError as error:
                raise SourceError(
                    f"expected {len(COLUMNS)} values in line {reader.line_num} of '{path}'. Received: {row}"
                ) from error
            frames.append(frame)
    return frames


def open_folder(folder: Path, hz: float) -> Source:
    """A folder of pictures in the natural order of their names: 2.jpg before 10.jpg."""
    files = sorted((p for p in folder.iterdir() if p.suffix.lower() in PICTURES), key=natural)
    if not files:
        raise SourceError(f"expected pictures in '{folder}'. Received: none of {' '.join(sorted(PICTURES))}")

    def frames() -> Iterator[Frame]:
        for i, file in enumerate(files):
            yield Frame(
                round(i / hz * 1e9), file.name, file.read_bytes(), COMPRESSED.get(file.suffix.lower(), "")
            )

    return Source(str(folder), len(files), frames, has_clock=False)


def natural(path: Path) -> List[Any]:
    """Sort key: numbers in names count as numbers."""
    parts = re.split(r"(\d+)", path.name.lower())
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]


def open_bag(path: Path, topic: str) -> Source:
    """The images of a bag, found by their type.

    Raises:
        SourceError: if it is no bag, or has no images (on that topic).
    """
    import rosbag  # only here: pictures and drives are read without ROS

    try:
        with rosbag.Bag(str(path)) as bag:
            topics = bag.get_type_and_topic_info().topics
    except (rosbag.ROSBagException, OSError, ValueError) as error:
        raise SourceError(
            f"expected a ROS bag. Received: '{path}': {error or type(error).__name__}"
        ) from error
    images = {name: info.message_count for name, info in topics.items() if info.msg_type in IMAGE_TYPES}
    if not images:
        raise SourceError(
            f"expected images in '{path}'. Received: topics {', '.join(sorted(topics)) or 'none'}"
        )
    if topic and topic not in images:
        raise SourceError(
            f"expected one of {', '.join(sorted(images))} in '{path}'. Received: --topic {topic}"
        )
    chosen = topic or sorted(images)[0]
    note = ""
    if len(images) > 1 and not topic:
        note = (
            f"{len(images)} image topics: {', '.join(sorted(images))}; playing {chosen}, choose with --topic"
        )

    def frames() -> Iterator[Frame]:
        with rosbag.Bag(str(path)) as bag:
            for _, message, time in bag.read_messages(topics=[chosen]):
                stamp = message.header.stamp.to_nsec() or time.to_nsec()
                yield Frame(stamp, f"{stamp / 1e9:.2f}", b"", "", _native(message))

    return Source(f"{path.name} {chosen}", images[chosen], frames, note=note)


def _native(message: Any) -> Any:
    """A message of sensor_msgs' own class; a bag makes classes of its own."""
    from sensor_msgs.msg import CompressedImage, Image

    kind = {"sensor_msgs/Image": Image, "sensor_msgs/CompressedImage": CompressedImage}[message._type]
    return kind(**{name: getattr(message, name) for name in kind.__slots__})


def decode(frame: Frame) -> Optional[np.ndarray]:
    """The picture of a frame that has data, (H, W, 3) uint8 BGR; None if it cannot be read."""
    data = np.frombuffer(frame.data, np.uint8)
    return cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None


def _read_yaml(path: Path) -> Optional[Dict[str, Any]]:
    import yaml

    return yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else None
