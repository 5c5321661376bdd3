"""Raw images: sizes and layouts. Everything is checked before anything is allocated.

The layouts are those of sensor_msgs/Image, but nothing here depends on ROS:
``ros/image_reader.py`` converts the messages.
"""

from typing import Any, Mapping, NamedTuple, Tuple

import cv2
import numpy as np

from place_recognition_ros.errors import ImageError

MAX_PIXELS = 33 * 10**6  # an 8K image; a larger header is an error or an attack


class Layout(NamedTuple):
    """How the pixels of an encoding are stored."""

    channels: int
    bits: int  # of a channel: 8, 16, or 32 of depth images
    cell: Tuple[int, int] = (1, 1)  # rows and columns of pixels that share their chroma
    semi_planar: bool = False  # luma, then a plane of pairs of chroma


ENCODINGS = {
    "mono8": Layout(1, 8),
    "8UC1": Layout(1, 8),
    "mono16": Layout(1, 16),
    "16UC1": Layout(1, 16),
    "bgr8": Layout(3, 8),
    "8UC3": Layout(3, 8),
    "bgr16": Layout(3, 16),
    "16UC3": Layout(3, 16),
    "rgb8": Layout(3, 8),
    "rgb16": Layout(3, 16),
    "bgra8": Layout(4, 8),
    "8UC4": Layout(4, 8),
    "bgra16": Layout(4, 16),
    "rgba8": Layout(4, 8),
    "rgba16": Layout(4, 16),
    "bayer_rggb8": Layout(1, 8),
    "bayer_bggr8": Layout(1, 8),
    "bayer_gbrg8": Layout(1, 8),
    "bayer_grbg8": Layout(1, 8),
    "bayer_rggb16": Layout(1, 16),
    "bayer_bggr16": Layout(1, 16),
    "bayer_gbrg16": Layout(1, 16),
    "bayer_grbg16": Layout(1, 16),
    "yuv422": Layout(2, 8, (1, 2)),
    "uyvy": Layout(2, 8, (1, 2)),
    "yuv422_yuy2": Layout(2, 8, (1, 2)),
    "yuyv": Layout(2, 8, (1, 2)),
    "nv12": Layout(1, 8, (2, 2), semi_planar=True),
    "nv21": Layout(1, 8, (2, 2), semi_planar=True),
    "nv24": Layout(1, 8, (1, 1), semi_planar=True),
}
"""Every encoding of raw images that is supported; names of ``sensor_msgs/image_encodings`` of ROS 1 and 2."""


DEPTH_ENCODINGS = {"16UC1": Layout(1, 16), "mono16": Layout(1, 16), "32FC1": Layout(1, 32)}
"""Those of depth images: uint16 millimetres, float32 metres (REP 118)."""


def check_image(image: Any) -> None:
    """Refuse what is not an image.

    Args:
        image: an image is an array of shape (H, W, 3) uint8, BGR, or (H, W) uint8, gray. An array of shape
            (H, W, 1) is refused, too: OpenCV returns (H, W), and one form of gray images is enough.

    Raises:
        ImageError: if it has another type, dtype, shape or size.
    """
    expected = "expected an image: a NumPy array (H, W, 3) uint8 BGR or (H, W) uint8 gray"
    if not isinstance(image, np.ndarray):
        raise ImageError(f"{expected}. Received: {type(image).__name__}")
    if image.dtype != np.uint8 or (image.ndim != 2 and image.shape[2:] != (3,)):
        raise ImageError(f"{expected}. Received: {image.dtype} {image.shape}")
    check_size(*image.shape[:2])


def unpadded_rows(
    encoding: str,
    height: int,
    width: int,
    step: int,
    data: bytes,
    encodings: Mapping[str, Layout] = ENCODINGS,
) -> np.ndarray:
    """The pixels of a raw image without the padding at the end of its rows.

    Args:
        encoding: a key of ``encodings``, which are accepted.
        height: rows, pixels.
        width: columns, pixels.
        step: bytes from one row to the next; rows may be padded. Of nv24, rows of chroma have 2 · step bytes.
        data: ``step * height`` bytes; of nv12 and nv21 3 / 2 times as many, of nv24 3 times.

    Returns:
        (height, bytes of a row) uint8, contiguous; of semi-planar encodings more rows: the bytes of chroma
        follow, cut into rows of the same length.

    Raises:
        ImageError: if the encoding is unknown or the sizes disagree.
    """
    layout = encodings.get(encoding)
    if layout is None:
        raise ImageError(f"expected one of the encodings {', '.join(encodings)}. Received: {encoding[:40]!r}")
    check_size(height, width)
    if height % layout.cell[0] or width % layout.cell[1]:
        even = "width and height" if layout.cell[0] > 1 else "width"
        raise ImageError(f"expected an even {even} for {encoding}. Received: width={width}, height={height}")
    row_bytes = width * layout.channels * layout.bits // 8
    chroma_rows = height // layout.cell[0] if layout.semi_planar else 0
    rows = height + chroma_rows * 2 // layout.cell[1]
    if step < row_bytes or len(data) != step * rows:
        raise ImageError(
            f"expected step ≥ {row_bytes} and step · {rows} bytes for {width}×{height} {encoding}. "
            f"Received: step={step}, {len(data)} bytes"
        )
    stored = np.frombuffer(data, np.uint8)
    pixels = stored[: step * height].reshape(height, step)[:, :row_bytes]
    if not layout.semi_planar:
        return np.ascontiguousarray(pixels)
    chroma = stored[step * height :].reshape(chroma_rows, -1)[:, : 2 * row_bytes // layout.cell[1]]
    return np.concatenate([pixels, chroma.reshape(-1, row_bytes)])


def shrink(image: np.ndarray, longer_side: int) -> np.ndarray:
    """An image of at most ``longer_side`` pixels with the same aspect ratio; never enlarged."""
    scale = longer_side / max(image.shape[:2])
    if scale >= 1:
        return image
    height, width = (max(1, round(scale * side)) for side in image.shape[:2])
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)


def check_size(height: int, width: int) -> None:
    """Refuse an image of no pixels or more than ``MAX_PIXELS``.

    Raises:
        ImageError: if it has.
    """
    if height < 1 or width < 1 or height * width > MAX_PIXELS:
        raise ImageError(f"expected 1 to {MAX_PIXELS} pixels. Received: width={width}, height={height}")
