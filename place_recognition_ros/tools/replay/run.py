"""Runs the pipeline over an input: what the node does, without ROS and as fast as it can."""

import os
import time
from collections import Counter
from typing import Callable, Iterator, List, NamedTuple, Optional, Tuple
from typing import Counter as CounterType

import cv2
import numpy as np

from place_recognition_ros.config import Config
from place_recognition_ros.detector import LoopDetector
from place_recognition_ros.errors import ImageError, InputError, KeyframeError
from place_recognition_ros.images import check_image, shrink
from place_recognition_ros.stream.keyframe_picker import PICKED, KeyframePicker
from place_recognition_ros.tools.replay.ahead import ahead
from place_recognition_ros.tools.replay.bag import open_recording
from place_recognition_ros.tools.replay.files import VIDEO_SUFFIXES, open_folder, open_video
from place_recognition_ros.tools.replay.recording import SUFFIXES, is_recording
from place_recognition_ros.tools.replay.source import Item, Source
from place_recognition_ros.tools.replay.topics import Wanted
from place_recognition_ros.types import Count, Keyframe, QueryResult

AHEAD = 8  # images that are decoded before the detector needs them
THUMBNAIL = 480  # pixels, the longer side
_JPEG = [cv2.IMWRITE_JPEG_QUALITY, 75]


class Entry(NamedTuple):
    """A keyframe with its result."""

    number: int  # of the image in the input
    stamp: int  # nanoseconds
    name: str  # of its file; empty: it is a message
    thumbnail: bytes  # JPEG, of the image as the camera took it
    size: Tuple[int, int]  # of the image: height, width, pixels
    position: Optional[np.ndarray]  # (3,) float64 metres, by odometry; None: not known
    seconds: float  # that the detector took
    result: QueryResult


class Run(NamedTuple):
    """What a run over an input gave."""

    source: Source
    config: Config
    entries: List[Entry]
    counts: CounterType[Count]  # of images, by what was done with them
    images: int  # that were read from the input
    first: int  # stamp of the first image, nanoseconds
    last: int  # stamp of the last image, nanoseconds
    seconds: float  # that the run took
    engine: str
    keyframes: int  # in the map at the end

    @property
    def duration(self) -> float:
        """Seconds between the first and the last image."""
        return (self.last - self.first) / 1e9


class _Picked(NamedTuple):
    item: Item
    keyframe: Keyframe
    thumbnail: bytes
    begins: bool  # a session: the clock was set back


def open_source(path: str, wanted: Wanted, hz: float, config: Config) -> Source:
    """Open an input, by what its path names.

    Args:
        path: of a recording, a folder or a video.
        wanted: topics of a recording.
        hz: images per second of a folder; 0: those of their names, or 2.
        config: how images and poses are read.

    Raises:
        InputError: if it cannot be read.
    """
    if not os.path.exists(path):
        raise InputError(f"expected a recording, a folder of images or a video. Received: no file '{path}'")
    if is_recording(path):
        return open_recording(path, wanted, config)
    if os.path.isdir(path):
        return open_folder(path, hz, config)
    if path.lower().endswith(VIDEO_SUFFIXES):
        return open_video(path)
    raise InputError(
        f"expected a recording ({' '.join(SUFFIXES)}), a video ({' '.join(VIDEO_SUFFIXES)}) or a folder of "
        f"images. Received: '{path}'"
    )


def run(source: Source, config: Config, detector: LoopDetector, progress: Callable[[int, int], None]) -> Run:
    """Give the images of an input to a detector.

    Args:
        source: the input.
        config: which of its images become keyframes.
        detector: finds the loops.
        progress: gets how many images were read, and of how many.

    Raises:
        InputError: if the input is damaged or none of its images can be used.
    """
    started = time.monotonic()
    counts: CounterType[Count] = Counter()
    span: List[int] = []  # number, stamp of the first and of the last image
    entries: List[Entry] = []
    for picked in ahead(_picked(source, config, counts, span), AHEAD):
        if picked.begins:
            detector.start_session(picked.keyframe.stamp)
        entry = _add(picked, detector, counts)
        if entry is not None:
            entries.append(entry)
        progress(picked.item.number + 1, source.length)
    if not entries:
        reasons = ", ".join(f"{number} {count.value}" for count, number in counts.most_common())
        raise InputError(f"expected images that can be used in {source.title}. Received: {reasons or 'none'}")
    status = detector.status()
    return Run(
        source, config, entries, counts, span[0], span[1], span[2], time.monotonic() - started, status.engine,
        status.keyframes,
    )  # fmt: skip


def _picked(source: Source, config: Config, counts: CounterType[Count], span: List[int]) -> Iterator[_Picked]:
    """The images that become keyframes, decoded. The others are skipped by their stamp or pose alone."""
    picker = KeyframePicker(config.max_rate_hz, config.min_motion_m, config.min_rotation_rad)
    for item in source.items():
        span[:] = [item.number + 1, min(span[1], item.stamp) if span else item.stamp, item.stamp]
        odometry = item.odometry
        pose, oriented = (None, True) if odometry is None else (odometry.pose, odometry.oriented)
        verdict = picker.pick(item.stamp, pose, oriented)
        if verdict not in PICKED:
            counts[verdict] += 1
            continue
        try:
            image, camera = item.read()
            check_image(image)
        except ImageError:
            counts[Count.BAD_IMAGE] += 1
            continue
        keyframe = Keyframe(image, item.stamp, camera=camera)
        if odometry is not None and verdict == Count.KEYFRAME:
            keyframe = keyframe._replace(
                pose=odometry.pose,
                world_frame=odometry.world_frame,
                pose_frame=odometry.pose_frame,
                jumps=odometry.jumps,
            )
        thumbnail = cv2.imencode(".jpg", shrink(image, THUMBNAIL), _JPEG)[1].tobytes()
        yield _Picked(item, keyframe, thumbnail, verdict == Count.CLOCK_JUMPED)


def _add(picked: _Picked, detector: LoopDetector, counts: CounterType[Count]) -> Optional[Entry]:
    item, keyframe = picked.item, picked.keyframe
    begun = time.perf_counter()
    try:
        result = detector.add(keyframe)
    except KeyframeError:  # a pose or a calibration that cannot be used
        counts[Count.FAILED] += 1
        return None
    seconds = time.perf_counter() - begun
    counts[result.outcome] += 1
    position = None if keyframe.pose is None else keyframe.pose.position
    height, width = keyframe.image.shape[:2]
    return Entry(
        item.number, item.stamp, item.name, picked.thumbnail, (height, width), position, seconds, result
    )
