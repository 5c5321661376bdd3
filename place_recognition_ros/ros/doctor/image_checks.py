"""Checks of the images: whether they can be read, and whether they show anything."""

from collections import Counter
from typing import Any, Iterator, List, Tuple
from typing import Counter as CounterType

import cv2
import numpy as np

from place_recognition_ros.config import Config
from place_recognition_ros.errors import ImageError
from place_recognition_ros.images import ENCODINGS
from place_recognition_ros.informative import is_informative
from place_recognition_ros.ros.doctor.finding import ERROR, OK, WARN, Finding
from place_recognition_ros.ros.doctor.graph import images_argument
from place_recognition_ros.ros.doctor.listener import Observation

LONGER_SIDE = 320  # pixels of the reduced image: about what the networks see
DARK, BRIGHT = 15.0, 240.0  # gray levels, mean of an image
BLURRED = 0.6  # 95 % of the images of buildings are below 0.47; half are above 0.64 with a blur of 2 pixels
_AVERAGED = 9  # pixels
RANGE = ("sixteen_bit_min", "sixteen_bit_max")  # the parameters that change how images are read


def check_images(seen: Observation) -> Iterator[Finding]:
    """Whether the images can be read, and what is in them."""
    topic, recording = seen.image
    if not recording.samples:
        return
    try:
        images, errors = _read(seen)
    except ImportError as error:
        yield Finding(WARN, "encoding", f"the images were not examined: {error}", "./run setup")
        return
    for reason, count in errors.items():
        found = f"{topic}: {count} of {len(recording.samples)} images cannot be read: {reason}"
        yield Finding(ERROR, "encoding", found, _fix_encoding(seen))
    if images:
        yield _check_content(topic, images)


def _read(seen: Observation) -> Tuple[List[np.ndarray], CounterType[str]]:
    """The images as the node reads them, and what cannot be read."""
    from place_recognition_ros.ros.image_reader import ImageReader

    reader = ImageReader(Config(**{name: seen.node.parameter(name) for name in RANGE}))
    images: List[np.ndarray] = []
    errors: CounterType[str] = Counter()

    def read(message: Any) -> None:
        try:
            images.append(reader.read(message))
        except ImageError as error:
            errors[str(error)] += 1

    for message in seen.image[1].samples:
        read(message)
    return images, errors


def _fix_encoding(seen: Observation) -> str:
    message = seen.image[1].samples[-1]
    if getattr(message, "encoding", "") in ENCODINGS or not hasattr(message, "encoding"):
        return f"rostopic echo --noarr -n 1 {seen.image[0]}   (encoding, size and step are the driver's)"
    argument = images_argument(seen.graph)
    if not argument.endswith(f":={seen.image[0]}"):
        return f"roslaunch place_recognition_ros desktop.launch {argument}"
    return "set the driver to one of: bgr8, rgb8, mono8, mono16, bayer_*, yuv422 (docs/interface.md)"


def _check_content(topic: str, images: List[np.ndarray]) -> Finding:
    found = Counter(fault(image) for image in images)
    main, count = found.most_common(1)[0]
    if not main:
        return Finding(OK, "image content", f"{topic}: sharp, with enough contrast")
    text = f"{topic}: {count} of {len(images)} images are {main}"
    fix = f"{_FIXES[main]}; to look at it: rosrun image_view image_view image:={topic}"
    return Finding(ERROR, "image content", text, fix)


_FIXES = {
    "dark": "take the cap off, switch on the light, or raise exposure and gain of the driver",
    "overexposed": "lower exposure and gain of the driver",
    "without structure": "clean the lens, take the cap off, or turn the camera to what has details",
    "blurred": "focus and clean the lens; shorten the exposure if the robot moves",
}


def fault(image: np.ndarray) -> str:
    """What is wrong with an image, one of the keys of the table of fixes; empty: nothing.

    Args:
        image: (H, W, 3) uint8 BGR or (H, W) uint8 gray.
    """
    gray = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    scale = LONGER_SIDE / max(gray.shape)
    size = tuple(max(2 * _AVERAGED, round(scale * side)) for side in reversed(gray.shape))
    gray = cv2.resize(gray, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    mean = float(gray.mean())
    if is_informative(image):
        return "blurred" if blur(gray) > BLURRED else ""
    if mean < DARK:
        return "dark"
    if mean > BRIGHT:
        return "overexposed"
    return "blurred" if gray.std() > DARK and blur(gray) > BLURRED else "without structure"


def blur(gray: np.ndarray) -> float:
    """How little an image changes when it is blurred, 0 to 1 (Crété-Roffet et al., SPIE 2007).

    Args:
        gray: (H, W) uint8.
    """
    values = gray.astype(np.float32)
    results = []
    for axis, size in ((0, (1, _AVERAGED)), (1, (_AVERAGED, 1))):
        steps = np.abs(np.diff(values, axis=axis))
        after = np.abs(np.diff(cv2.blur(values, size), axis=axis))
        results.append(1 - float(np.maximum(0, steps - after).sum()) / max(float(steps.sum()), 1e-9))
    return max(results)
