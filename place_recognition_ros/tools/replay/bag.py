"""A recording as an input: its images, with the odometry and the calibration of their time."""

import os
from collections import deque
from types import SimpleNamespace
from typing import Any, Deque, Iterator, List, Optional, Tuple

import numpy as np

from place_recognition_ros.config import Config
from place_recognition_ros.errors import CameraError
from place_recognition_ros.poses import Pose
from place_recognition_ros.stream.camera_info import to_camera
from place_recognition_ros.stream.image_reader import ImageReader
from place_recognition_ros.stream.odometry import OdometryInput
from place_recognition_ros.tools.replay.recording import Message, Recording
from place_recognition_ros.tools.replay.source import Decoded, Fix, Item, Source
from place_recognition_ros.tools.replay.topics import Chosen, Wanted, choose
from place_recognition_ros.types import Camera

PATIENCE = 5 * 10**8  # nanoseconds of recording that an image waits for the odometry of its time
NO_FIX = -1  # NavSatStatus


def open_recording(path: str, wanted: Wanted, config: Config) -> Source:
    """Open a recording.

    Args:
        path: of the file, or of the folder of a ROS 2 bag.
        wanted: the topics.
        config: how images and poses are read.

    Raises:
        InputError: if it cannot be read or lacks a topic.
    """
    recording = Recording(path)
    topics = choose(recording, path, wanted)
    fixes: List[Fix] = []
    kind = "folder of a ROS 2 bag"
    if os.path.isfile(path):
        kind = {".bag": "ROS 1 bag", ".db3": "ROS 2 bag"}.get(os.path.splitext(path)[1], "MCAP")

    def items() -> Iterator[Item]:
        try:
            yield from _Reading(recording, topics, config, fixes).items()
        finally:
            recording.close()

    notes = [*topics.notes]
    if topics.odometry:
        notes.append(f"poses of the images: {topics.odometry}")
    if topics.camera_info:
        notes.append(f"calibration: {topics.camera_info}")
    title = f"{os.path.basename(os.path.abspath(path))} {topics.image}"
    return Source(title, kind, recording.topics[topics.image].messages, items, fixes=fixes, notes=notes)


class _Reading:
    """One pass through a recording."""

    def __init__(self, recording: Recording, topics: Chosen, config: Config, fixes: List[Fix]) -> None:
        self._recording, self._topics, self._fixes = recording, topics, fixes
        self._rectified = config.image_rectified
        self._reader = ImageReader(config)
        self._odometry = OdometryInput(config, topics.odometry, lambda: False)  # at() does not wait
        self._newest_pose = 0  # stamp, nanoseconds
        self._waiting: Deque[Message] = deque()  # images
        self._info: Any = None  # the newest camera_info
        self._number = 0

    def items(self) -> Iterator[Item]:
        for message in self._recording.messages(self._topics.names):
            if message.topic == self._topics.image:
                self._waiting.append(message)
            else:
                self._take(message)
            yield from self._ready(message.recorded)
        yield from self._ready(None)

    def _take(self, message: Message) -> None:
        """What accompanies the images."""
        found = self._recording.decode(message)
        if message.topic == self._topics.odometry:
            world, base = found.header.frame_id, found.child_frame_id
            self._odometry.take(message.stamp, _to_pose(found.pose.pose), world, base)
            self._newest_pose = message.stamp
        elif message.topic == self._topics.camera_info:
            self._info = found
        elif found.status.status > NO_FIX:
            self._fixes.append(Fix(message.stamp, found.latitude, found.longitude, found.altitude))

    def _ready(self, now: Optional[int]) -> Iterator[Item]:
        """The images whose odometry is known, or will not come; ``now``: of the recording, None: its end."""
        while self._waiting:
            first = self._waiting[0]
            waits = self._topics.odometry and first.stamp > self._newest_pose
            if waits and now is not None and now - first.recorded < PATIENCE:
                return
            self._waiting.popleft()
            stamp = first.stamp
            odometry = self._odometry.at(stamp, lambda found: True) if self._topics.odometry else None
            yield Item(self._number, stamp, lambda first=first: self._read(first), "", odometry)  # type: ignore
            self._number += 1

    def _read(self, message: Message) -> Decoded:
        found = self._recording.decode(message)
        image = self._reader.read(found)
        return Decoded(image, self._camera(image.shape, found.header.frame_id))

    def _camera(self, shape: Tuple[int, ...], frame_id: str) -> Camera:
        plain = Camera(shape[1], shape[0], frame_id)
        if self._info is None:
            return plain
        try:
            return to_camera(_as_ros1(self._info), shape[1], shape[0], frame_id, self._rectified)
        except CameraError:  # as the node: the image is used without
            return plain


def _to_pose(message: Any) -> Pose:
    position, turn = message.position, message.orientation
    return Pose(np.array([position.x, position.y, position.z]), np.array([turn.x, turn.y, turn.z, turn.w]))


def _as_ros1(info: Any) -> Any:
    """A CameraInfo with the names of ROS 1; ROS 2 has lower case ones."""
    names = (("K", "k"), ("D", "d"), ("P", "p"))
    return SimpleNamespace(
        **{new: getattr(info, new, None) if hasattr(info, new) else getattr(info, old) for new, old in names},
        **{name: getattr(info, name) for name in ("header", "width", "height", "distortion_model", "roi")},
        binning_x=info.binning_x,
        binning_y=info.binning_y,
    )
