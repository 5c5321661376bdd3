"""Folders of images and videos as inputs."""

import os
import re
from typing import Any, Iterator, List

import cv2
import numpy as np

from place_recognition_ros.config import Config
from place_recognition_ros.errors import ImageError, InputError
from place_recognition_ros.intensity_range import IntensityRange
from place_recognition_ros.tools.replay.source import FIRST_STAMP, Decoded, Item, Source

SUFFIXES = (
    ".bmp", ".dib", ".jp2", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp",
)  # fmt: skip
VIDEO_SUFFIXES = (".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".ogv", ".webm", ".wmv")
DEFAULT_HZ = 2.0  # images per second of a folder whose names are not stamps

_NUMBER = re.compile(r"\d+(\.\d+)?")
# The smallest and largest number that is a stamp since 2001, and how many nanoseconds one is.
_UNITS = ((1e9, 1e11, 10**9), (1e12, 1e14, 10**6), (1e15, 1e17, 10**3), (1e18, 1e20, 1))


def natural(name: str) -> List[Any]:
    """Sort key that compares numbers in names as numbers: 2.jpg before 10.jpg."""
    parts = re.split(r"(\d+)", name.lower())
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]


def image_files(folder: str) -> List[str]:
    """Names of the images of a folder, in natural order."""
    names = (name for name in os.listdir(folder) if os.path.splitext(name)[1].lower() in SUFFIXES)
    return sorted(names, key=natural)


def to_stamp(text: str) -> int:
    """Nanoseconds of a number of seconds, milli-, micro- or nanoseconds since 1970; 0: it is none."""
    if not _NUMBER.fullmatch(text):
        return 0
    whole, _, fraction = text.partition(".")
    for low, high, unit in _UNITS:
        if low <= int(whole) < high:
            return int(whole) * unit + int(unit * int(fraction or 0) / 10 ** len(fraction))
    return 0


def open_folder(folder: str, hz: float, config: Config) -> Source:
    """A folder of images. Names that are stamps, as those of TUM and EuRoC, are used as such.

    Args:
        folder: its path.
        hz: images per second, where the names are not stamps; 0: ``DEFAULT_HZ``.
        config: the range of 16-bit images.

    Raises:
        InputError: if it has no images.
    """
    names = image_files(folder)
    if not names and os.path.isdir(os.path.join(folder, "images")):
        folder = os.path.join(folder, "images")
        names = image_files(folder)
    if not names:
        raise InputError(f"expected images in '{folder}'. Received: no {' '.join(SUFFIXES)}")
    stamps = [to_stamp(os.path.splitext(name)[0]) for name in names]
    has_clock = not hz and all(stamps) and all(a < b for a, b in zip(stamps, stamps[1:]))
    if not has_clock:
        stamps = [FIRST_STAMP + round(number * 1e9 / (hz or DEFAULT_HZ)) for number in range(len(names))]
    intensities = IntensityRange(config.sixteen_bit_min, config.sixteen_bit_max)

    def items() -> Iterator[Item]:
        for number, (name, stamp) in enumerate(zip(names, stamps)):
            path = os.path.join(folder, name)
            yield Item(number, stamp, lambda path=path: _read_file(path, intensities), name)  # type: ignore

    title = os.path.join(*os.path.abspath(folder).split(os.sep)[-2:])
    return Source(title, "folder of images", len(names), items, has_clock)


def _read_file(path: str, intensities: IntensityRange) -> Decoded:
    with open(path, "rb") as file:
        data = np.frombuffer(file.read(), np.uint8)
    image = cv2.imdecode(data, cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH) if data.size else None
    if image is None:
        raise ImageError(f"expected an image that OpenCV can read. Received: '{path}'")
    return Decoded(intensities.to_8_bits(image) if image.dtype == np.uint16 else image)


def open_video(path: str) -> Source:
    """A video; its stamps are those of a constant frame rate.

    Raises:
        InputError: if OpenCV cannot read it.
    """
    capture = cv2.VideoCapture(path)
    rate, length = capture.get(cv2.CAP_PROP_FPS), int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    if not capture.isOpened() or not capture.grab() or not 0.01 < rate < 10000:
        raise InputError(f"expected a video that OpenCV can read. Received: '{path}'")
    capture.release()

    def items() -> Iterator[Item]:
        capture = cv2.VideoCapture(path)

        def read() -> Decoded:
            complete, image = capture.retrieve()
            if not complete:
                raise ImageError(f"expected a complete image. Received: '{path}', image {number}")
            return Decoded(image)

        number = 0
        while capture.grab():
            yield Item(number, FIRST_STAMP + round(number * 1e9 / rate), read)
            number += 1
        capture.release()

    return Source(os.path.basename(path), "video", max(1, length), items)
