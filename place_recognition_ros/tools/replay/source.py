"""What every input gives: its images, one after the other, not decoded yet."""

from typing import Callable, Iterator, List, NamedTuple, Optional

import numpy as np

from place_recognition_ros.stream.odometry import StampedPose
from place_recognition_ros.types import Camera

FIRST_STAMP = 10**9  # nanoseconds: of inputs without a clock, because 0 means "no stamp"


class Decoded(NamedTuple):
    """The content of an image."""

    image: np.ndarray  # (H, W, 3) uint8 BGR or (H, W) uint8 gray
    camera: Optional[Camera] = None  # None: only the size of the image is known


class Item(NamedTuple):
    """An image of the input."""

    number: int  # in the input, from 0
    stamp: int  # nanoseconds
    read: Callable[[], Decoded]
    """Decodes it; to be called before the next item is taken. It raises ImageError."""
    name: str = ""  # of its file
    odometry: Optional[StampedPose] = None  # of its time; None: not known


class Fix(NamedTuple):
    """A position of a GPS topic."""

    stamp: int  # nanoseconds
    latitude: float  # degrees
    longitude: float  # degrees
    altitude: float  # metres


class Source(NamedTuple):
    """An input."""

    title: str
    kind: str  # for people
    length: int  # images, about
    items: Callable[[], Iterator[Item]]
    """Begins with the first image; raises InputError where the input is damaged."""
    has_clock: bool = True  # False: stamps were made up, every image is a keyframe
    fixes: List[Fix] = []  # noqa: RUF012  of the GPS topic, filled while the items are taken
    notes: List[str] = []  # noqa: RUF012  sentences for the user: which topics were chosen, and why
