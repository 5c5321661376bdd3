"""The one pre-processing: the same for training, export, evaluation and run time."""

from typing import NamedTuple, Optional

import cv2
import numpy as np

from place_recognition_ros.errors import ImageError


class InputSpec(NamedTuple):
    """What a network expects at its input, as its model card tells."""

    height: int  # pixels
    width: int  # pixels
    channels: int  # 1 or 3
    color_order: str  # "RGB", "BGR" or "GRAY"
    scale: float  # network input = pixel · scale + offset
    offset: float


def prepare(image: np.ndarray, spec: InputSpec, out: Optional[np.ndarray] = None) -> np.ndarray:
    """Turn a picture into the input of a network.

    The picture is stretched to the network's size, its aspect ratio is not kept: a robot's camera
    does not change its own, and no pixel of the view is thrown away.

    Args:
        image: (H, W, 3) uint8 in BGR order, or (H, W) uint8 gray; any size.
        spec: what the network expects.
        out: array of the result's shape and type to write it to, such as an engine's own.

    Returns:
        (1, spec.height, spec.width, spec.channels) float32, contiguous; ``out`` if it was given.

    Raises:
        ImageError: if ``image`` has another type or shape.
    """
    if image.dtype != np.uint8 or image.size == 0 or image.ndim < 2 or image.shape[2:] not in ((), (3,)):
        raise ImageError(
            "expected a uint8 image of shape (H, W) or (H, W, 3). "
            f"Received: {image.dtype} of shape {image.shape}"
        )
    shrinks = image.shape[0] > spec.height or image.shape[1] > spec.width
    resized = cv2.resize(
        image, (spec.width, spec.height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    )
    pixels = _reorder(resized, spec.color_order).reshape(1, spec.height, spec.width, spec.channels)
    result = np.multiply(pixels, np.float32(spec.scale), out=out, dtype=np.float32)
    result += np.float32(spec.offset)
    return result


def _reorder(image: np.ndarray, color_order: str) -> np.ndarray:
    gray = image.ndim == 2
    if color_order == "GRAY":
        return image if gray else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    if gray:
        return cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB) if color_order == "RGB" else image
