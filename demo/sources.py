"""Sources of images: the rendered drive, a folder, a bag; each is one sequence of frames."""

import csv
import os
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional

import cv2
import numpy as np

from place_recognition_ros.errors import BagError
from place_recognition_ros.poses import Pose
from place_recognition_ros.stream.camera_topic import camera_topic
from place_recognition_ros.tools.replay.files import SUFFIXES, natural

JPEG = [cv2.IMWRITE_JPEG_QUALITY, 95]
COMPRESSED = {".jpeg": "jpeg", ".jpg": "jpeg", ".png": "png"}  # as sensor_msgs/CompressedImage names them
COLUMNS = ("file", "stamp", "x", "y", "z", "qx", "qy", "qz", "qw", "tracking_ok")


class SourceError(Exception):
    """The images cannot be read; the message is a sentence for the user."""


class Frame(NamedTuple):
    """One image to be sent to the node."""

    stamp: int  # nanoseconds
    name: str
    data: bytes  # content of the image file; empty if there is a message
    format: str  # "jpeg" or "png"; "" for other files, which are sent as pixels
    message: Any = None  # from a bag: sensor_msgs Image or CompressedImage, sent unchanged
    pose: Optional[Pose] = None  # ground truth, of the optical frame
    tracking_ok: bool = True
    depth: bytes = b""  # content of the depth image's file (demo.depth); empty: there is none
    odometry: Optional[Pose] = None  # of the optical frame in ``odom``; drifts


class Source(NamedTuple):
    """A sequence of frames and its properties."""

    title: str
    length: int  # frames
    frames: Callable[[], Iterator[Frame]]
    has_truth: bool = False
    has_clock: bool = True  # False: no recorded stamps; each image is sent after the result of the one before
    camera: Optional[Dict[str, Any]] = None  # content of camera.yaml
    folder: Optional[Path] = None  # of the drive, with its map
    note: str = ""  # for the user


def open_source(path: Optional[Path], drive: Path, topic: str = "", hz: float = 5.0) -> Source:
    """Open a source.

    Args:
        path: a drive, a folder of images or a bag; None: the demo's own drive.
        drive: the demo's own drive.
        topic: image topic of a bag; empty: the colour image of a camera, if there is one.
        hz: images per second of a folder, for their stamps.

    Raises:
        SourceError: if it is none of them, or has no images.
    """
    path = drive if path is None else path
    if (path / "trajectory.csv").is_file():
        return open_drive(path)
    if path.is_dir():
        return open_folder(path, hz)
    if path.is_file() and path.name.endswith((".bag", ".bag.active")):
        return open_bag(path, topic)
    problem = "which is neither" if path.exists() else "which does not exist"
    raise SourceError(f"expected a folder of images or a .bag file. Received: '{path}', {problem}")


def open_drive(folder: Path) -> Source:
    """A drive with ground truth: ``trajectory.csv``, ``camera.yaml``, ``frames/``; ``depth/`` is optional."""
    rows = read_trajectory(folder / "trajectory.csv")
    missing = [row.name for row in rows if not (folder / row.name).is_file()]
    if missing:
        raise SourceError(f"expected {len(rows)} images in '{folder}'. Received: no '{missing[0]}'")
    return Source(
        title="the rendered drive",
        length=len(rows),
        frames=lambda: (_load(folder, row) for row in rows),
        has_truth=True,
        camera=_read_yaml(folder / "camera.yaml"),
        folder=folder,
    )


def _load(folder: Path, row: Frame) -> Frame:
    """A frame of a drive with its image and depth image."""
    data, depth = (folder / row.name).read_bytes(), folder / "depth" / Path(row.name).name
    if not row.format:
        data = _to_jpeg(data)
    return row._replace(
        data=data, format=row.format or "jpeg", depth=depth.read_bytes() if depth.is_file() else b""
    )


def _to_jpeg(data: bytes) -> bytes:
    """The file as JPEG, which CompressedImage has and WebP is not; unchanged if it does not decode."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    return data if image is None else cv2.imencode(".jpg", image, JPEG)[1].tobytes()


def read_trajectory(path: Path) -> List[Frame]:
    """The frames of a drive, without their images.

    Raises:
        SourceError: if the header or a line is not that of a trajectory.
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
                name, stamp, *numbers, ok = row
                x, y, z, qx, qy, qz, qw = (float(number) for number in numbers)
                pose = Pose(np.array([x, y, z]), np.array([qx, qy, qz, qw]))
                kind = COMPRESSED.get(Path(name).suffix.lower(), "")
                frame = Frame(round(float(stamp) * 1e9), name, b"", kind, None, pose, bool(int(ok)))
            except ValueError as error:
                raise SourceError(
                    f"expected {len(COLUMNS)} values in line {reader.line_num} of '{path}'. Received: {row}"
                ) from error
            frames.append(frame)
    return frames


def open_folder(folder: Path, hz: float) -> Source:
    """A folder of images in the natural order of their names: 2.jpg before 10.jpg."""
    files = sorted(
        (p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES), key=lambda path: natural(path.name)
    )
    if not files:
        raise SourceError(f"expected images in '{folder}'. Received: no {' '.join(SUFFIXES)}")

    def frames() -> Iterator[Frame]:
        for i, file in enumerate(files):
            yield Frame(
                round(i / hz * 1e9), file.name, file.read_bytes(), COMPRESSED.get(file.suffix.lower(), "")
            )

    return Source(displayed(str(folder)), len(files), frames, has_clock=False)


def displayed(name: str) -> str:
    """The name of a file for display; in an ASCII locale, Python holds its other letters as bytes."""
    return os.fsencode(name).decode("utf-8", "replace")


def open_bag(path: Path, topic: str) -> Source:
    """The images of one topic of a bag.

    Raises:
        SourceError: if it cannot be read, or has no images (on that topic).
    """
    from place_recognition_ros.ros.bag import BagImages, image_topics  # only here: bags need ROS

    try:
        topics = image_topics(str(path))
        images = BagImages(str(path), topic or camera_topic(topics))
    except BagError as error:
        raise SourceError(str(error)) from error
    note = ""
    if len(topics) > 1 and not topic:
        note = f"{len(topics)} image topics; --topic NAME plays another one:\n" + "\n".join(
            f"  {name}   {found.messages} images, {found.encoding}{'   (played)' * (name == images.topic)}"
            for name, found in sorted(topics.items())
        )
    if topics[images.topic].is_depth:
        note += f"\n{images.topic} has depth images; places are recognized in the images of a camera"

    def frames() -> Iterator[Frame]:
        try:
            for image in images:
                yield Frame(image.stamp, f"{image.stamp / 1e9:.2f}", b"", "", image.message)
        except BagError as error:
            raise SourceError(str(error)) from error

    return Source(f"{displayed(path.name)} {images.topic}", len(images), frames, note=note.strip("\n"))


def decode(frame: Frame) -> Optional[np.ndarray]:
    """The image of a frame with data, (H, W, 3) uint8 BGR; None if it does not decode."""
    data = np.frombuffer(frame.data, np.uint8)
    return cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None


def _read_yaml(path: Path) -> Optional[Dict[str, Any]]:
    import yaml

    return yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else None
