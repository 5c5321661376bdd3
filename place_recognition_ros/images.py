"""Bytes of a camera ► a picture. Everything is checked before anything is allocated.

The layouts are those of sensor_msgs/Image and CompressedImage, but nothing here knows ROS.
"""

import struct
from typing import NamedTuple, Optional, Tuple

import cv2
import numpy as np

from place_recognition_ros.errors import ImageError

MAX_PIXELS = 33 * 10**6  # an 8K frame; a larger header is a mistake or an attack


class _Layout(NamedTuple):
    channels: int
    bits: int
    conversion: Optional[int] = None  # OpenCV's code to BGR; None: it is gray or BGR already


_LAYOUTS = {
    "mono8": _Layout(1, 8),
    "8UC1": _Layout(1, 8),
    "mono16": _Layout(1, 16),
    "16UC1": _Layout(1, 16),
    "bgr8": _Layout(3, 8),
    "8UC3": _Layout(3, 8),
    "bgr16": _Layout(3, 16),
    "rgb8": _Layout(3, 8, cv2.COLOR_RGB2BGR),
    "rgb16": _Layout(3, 16, cv2.COLOR_RGB2BGR),
    "bgra8": _Layout(4, 8, cv2.COLOR_BGRA2BGR),
    "8UC4": _Layout(4, 8, cv2.COLOR_BGRA2BGR),
    "bgra16": _Layout(4, 16, cv2.COLOR_BGRA2BGR),
    "rgba8": _Layout(4, 8, cv2.COLOR_RGBA2BGR),
    "rgba16": _Layout(4, 16, cv2.COLOR_RGBA2BGR),
    # ROS names a Bayer order by the first row's pixels, OpenCV by the second row's
    "bayer_rggb8": _Layout(1, 8, cv2.COLOR_BayerBG2BGR),
    "bayer_bggr8": _Layout(1, 8, cv2.COLOR_BayerRG2BGR),
    "bayer_gbrg8": _Layout(1, 8, cv2.COLOR_BayerGR2BGR),
    "bayer_grbg8": _Layout(1, 8, cv2.COLOR_BayerGB2BGR),
    "bayer_rggb16": _Layout(1, 16, cv2.COLOR_BayerBG2BGR),
    "bayer_bggr16": _Layout(1, 16, cv2.COLOR_BayerRG2BGR),
    "bayer_gbrg16": _Layout(1, 16, cv2.COLOR_BayerGR2BGR),
    "bayer_grbg16": _Layout(1, 16, cv2.COLOR_BayerGB2BGR),
    "yuv422": _Layout(2, 8, cv2.COLOR_YUV2BGR_UYVY),
    "yuv422_yuy2": _Layout(2, 8, cv2.COLOR_YUV2BGR_YUY2),
}

ENCODINGS = tuple(_LAYOUTS)
"""Every encoding that :func:`decode` understands."""


def decode(
    encoding: str, height: int, width: int, step: int, data: bytes, big_endian: bool = False
) -> np.ndarray:
    """Turn raw pixels into a picture.

    Args:
        encoding: a name of ``sensor_msgs/image_encodings``.
        height: rows, pixels.
        width: columns, pixels.
        step: bytes from one row to the next; rows may be padded.
        data: ``step * height`` bytes.
        big_endian: byte order of encodings with 16 bits.

    Returns:
        (H, W) uint8 for gray encodings, (H, W, 3) uint8 BGR for all others. 16 bits are scaled to 8.

    Raises:
        ImageError: if the encoding is unknown or the sizes disagree.
    """
    layout = _LAYOUTS.get(encoding)
    if layout is None:
        raise ImageError(
            f"expected an encoding among {', '.join(ENCODINGS)}. Received: encoding={encoding!r}"
        )
    _check_size(height, width)
    row_bytes = width * layout.channels * layout.bits // 8
    if step < row_bytes or len(data) != step * height:
        raise ImageError(
            f"expected step ≥ {row_bytes} and step · height bytes for {width}×{height} {encoding}. "
            f"Received: step={step}, {len(data)} bytes"
        )
    if layout.channels == 2 and width % 2:
        raise ImageError(f"expected an even width for {encoding}. Received: width={width}")
    rows = np.frombuffer(data, np.uint8).reshape(height, step)[:, :row_bytes]
    pixels = _to_8_bits(np.ascontiguousarray(rows), layout.bits, big_endian)
    if layout.channels > 1:
        pixels = pixels.reshape(height, width, layout.channels)
    return pixels if layout.conversion is None else cv2.cvtColor(pixels, layout.conversion)


def decode_compressed(data: bytes) -> np.ndarray:
    """Turn a JPEG or PNG file into a picture.

    The content decides, not the message's ``format`` field, which drivers fill in differently.
    An EXIF orientation is ignored: the pixels stay where camera_info says they are.

    Returns:
        (H, W, 3) uint8 BGR.

    Raises:
        ImageError: if it is neither, is cut off or damaged, or larger than ``MAX_PIXELS``.
    """
    size = _compressed_size(bytes(data))
    _check_size(*size)
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if image is None or image.shape[:2] != size:
        raise ImageError(f"expected a whole JPEG or PNG. Received: {len(data)} bytes that do not decode")
    return image


def shrink(image: np.ndarray, longer_side: int) -> np.ndarray:
    """A picture of at most ``longer_side`` pixels, its aspect ratio kept; never enlarged."""
    scale = longer_side / max(image.shape[:2])
    if scale >= 1:
        return image
    height, width = (max(1, round(scale * side)) for side in image.shape[:2])
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)


def _check_size(height: int, width: int) -> None:
    if height < 1 or width < 1 or height * width > MAX_PIXELS:
        raise ImageError(f"expected 1 to {MAX_PIXELS} pixels. Received: width={width}, height={height}")


def _to_8_bits(rows: np.ndarray, bits: int, big_endian: bool) -> np.ndarray:
    if bits == 8:
        return rows
    values = rows.view(">u2" if big_endian else "<u2").astype(np.uint16)
    return cv2.convertScaleAbs(values, alpha=255.0 / 65535.0)  # as cv_bridge does


def _compressed_size(data: bytes) -> Tuple[int, int]:
    """(height, width) as the file's header tells, without decoding it."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        if len(data) < 33 or data[12:16] != b"IHDR" or b"IEND" not in data[-64:]:
            raise ImageError(f"expected a whole PNG. Received: {len(data)} bytes without its header or end")
        width, height = struct.unpack(">II", data[16:24])
        return height, width
    if data.startswith(b"\xff\xd8"):
        if b"\xff\xd9" not in data[-64:]:
            raise ImageError(f"expected a whole JPEG. Received: {len(data)} bytes without its end")
        return _jpeg_size(data)
    raise ImageError(f"expected a JPEG or PNG. Received: {len(data)} bytes that begin with {data[:8]!r}")


def _jpeg_size(data: bytes) -> Tuple[int, int]:
    """Walk the segments up to the frame header (ITU-T T.81, B.2.2)."""
    at = 2
    while at + 9 <= len(data):
        if data[at] != 0xFF:
            break
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker <= 0x01 or 0xD0 <= marker <= 0xD9:  # they have no length: what follows could hide the size
            break
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return height, width
        at += 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
    raise ImageError(f"expected a JPEG with a frame header. Received: {len(data)} bytes without one")
