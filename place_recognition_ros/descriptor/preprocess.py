"""The one pre-processing: the same for training, export, evaluation and run time."""

from functools import lru_cache
from typing import NamedTuple, Optional, Tuple

import cv2
import numpy as np

from place_recognition_ros.images import check_image


class InputSpec(NamedTuple):
    """The input that a network expects, as stated in its model card.

    The network receives (pixel − mean) / std; mean and std are in pixel values, 0 to 255.
    """

    height: int  # pixels
    width: int  # pixels
    channels: int  # 1 or 3
    color_order: str  # "RGB", "BGR" or "GRAY"
    layout: str  # "NHWC" or "NCHW"
    mean: Tuple[float, ...]  # one per channel, in the order of color_order
    std: Tuple[float, ...]  # likewise, positive

    @property
    def shape(self) -> Tuple[int, int, int, int]:
        """Shape of the input tensor, for one image."""
        if self.layout == "NCHW":
            return (1, self.channels, self.height, self.width)
        return (1, self.height, self.width, self.channels)


def prepare(image: np.ndarray, spec: InputSpec, out: Optional[np.ndarray] = None) -> np.ndarray:
    """Convert an image to the input tensor of a network.

    The image is resized to the network's size without keeping its aspect ratio: the aspect ratio of a
    robot's camera does not change, and no part of the view is cropped.

    Args:
        image: (H, W, 3) uint8 in BGR order, or (H, W) uint8 gray; any size.
        spec: what the network expects.
        out: where to write the result, for example the engine's own input array: contiguous float32 of
            shape ``spec.shape``.

    Returns:
        float32 of shape ``spec.shape``, contiguous; ``out`` if it was given.

    Raises:
        ImageError: if ``image`` is not an array, or has another dtype or shape.
        ValueError: if ``out`` has another dtype, shape or memory layout.
    """
    check_image(image)
    if out is None:
        out = np.empty(spec.shape, np.float32)
    elif out.shape != spec.shape or out.dtype != np.float32 or not out.flags.c_contiguous:
        raise ValueError(
            f"expected contiguous float32 of shape {spec.shape} as out. "
            f"Received: {out.dtype} of shape {out.shape}"
        )
    shrinks = image.shape[0] > spec.height or image.shape[1] > spec.width
    resized = cv2.resize(
        image, (spec.width, spec.height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    )
    pixels = _reorder(resized, spec.color_order)
    if spec.layout == "NCHW":
        planes = [pixels] if spec.channels == 1 else cv2.split(pixels)
        for plane, target, table in zip(planes, out[0], _table(spec)[0].T):
            cv2.LUT(plane, np.ascontiguousarray(table), target)
    else:
        cv2.LUT(pixels, _table(spec), out[0])
    return out


@lru_cache(maxsize=16)
def _table(spec: InputSpec) -> np.ndarray:
    """(1, 256, channels) float32: the input for each pixel value, (pixel − mean) / std."""
    std = np.array(spec.std)
    scale, offset = (1 / std).astype(np.float32), (-np.array(spec.mean) / std).astype(np.float32)
    return (np.arange(256, dtype=np.float32)[:, np.newaxis] * scale + offset)[np.newaxis]


def _reorder(image: np.ndarray, color_order: str) -> np.ndarray:
    gray = image.ndim == 2
    if color_order == "GRAY":
        return image if gray else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    if gray:
        return cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB) if color_order == "RGB" else image
