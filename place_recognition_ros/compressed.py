"""JPEG and PNG files → images. The structure of a file is checked, to its end, before it is decoded."""

import re
import struct
from typing import Optional, Tuple

import cv2
import numpy as np

from place_recognition_ros.errors import ImageError
from place_recognition_ros.images import check_size

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"
_EOI, _SOS = 0xD9, 0xDA  # markers: end of image, start of a scan
_FILLED = 128  # the value of pixels for which a JPEG has no data
_NO_FRAME_HEADERS = (0xC4, 0xC8, 0xCC)  # of the markers C0 to CF
_MARKER = re.compile(rb"\xff+([^\xff])", re.DOTALL)
_END_OF_SCAN = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")  # FF 00 and restart markers are data of the scan


def decode_compressed(data: bytes) -> np.ndarray:
    """Decode a JPEG or PNG file.

    The content decides, not the message's ``format`` field, which drivers fill in differently.
    Bytes after the end of the file are ignored: cameras pad their images.
    An EXIF orientation is ignored: the pixels stay where camera_info expects them.

    Returns:
        (H, W, 3) BGR, uint8; of a PNG with 16 bits uint16, for ``IntensityRange.to_8_bits``.

    Raises:
        ImageError: if it is neither, is cut off or damaged, or larger than ``MAX_PIXELS``.
    """
    data = bytes(data)
    if data.startswith(_PNG):
        size, end = _png_size_and_end(data)
    elif data.startswith(_JPEG):
        size, end = _jpeg_size_and_end(data)
    else:
        raise ImageError(f"expected a JPEG or PNG. Received: {len(data)} bytes that begin with {data[:8]!r}")
    image = _decode(data[:end])
    if image is None or image.shape[:2] != size:
        raise ImageError(
            f"expected a complete JPEG or PNG. Received: {len(data)} bytes that cannot be decoded"
        )
    if data.startswith(_JPEG) and (image[-1] == _FILLED).all() and _lacks_data(data[:end], image):
        raise ImageError(f"expected a complete JPEG. Received: {len(data)} bytes without its last rows")
    return image


def _decode(file: bytes) -> Optional[np.ndarray]:
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION
    return cv2.imdecode(np.frombuffer(file, np.uint8), flags)


def _lacks_data(file: bytes, image: np.ndarray) -> bool:
    """Whether the scan of a JPEG ends too early; the decoder then fills the image with gray.

    If the scan is complete, the decoder ignores further data.
    """
    longer = _decode(file[:-2].rstrip(b"\xff") + bytes(range(1, 128)) + file[-2:])
    return longer is None or not np.array_equal(longer, image)


def _png_size_and_end(data: bytes) -> Tuple[Tuple[int, int], int]:
    """((height, width), bytes of the file), from its chunks (PNG specification, 5.3)."""
    if len(data) < 33 or data[12:16] != b"IHDR":
        raise ImageError(f"expected a complete PNG. Received: {len(data)} bytes without its header")
    width, height = struct.unpack(">II", data[16:24])
    check_size(height, width)
    at = len(_PNG)
    while at + 12 <= len(data):
        length, name = struct.unpack(">I4s", data[at : at + 8])
        at += 12 + length  # with length, name and checksum
        if name == b"IEND" and at <= len(data):
            return (height, width), at
    raise ImageError(f"expected a complete PNG. Received: {len(data)} bytes without its end")


def _jpeg_size_and_end(data: bytes) -> Tuple[Tuple[int, int], int]:
    """((height, width), bytes of the file), from its segments and scans (ITU-T T.81, B.1 and B.2)."""
    size: Optional[Tuple[int, int]] = None
    following = _MARKER.match(data, 2)
    while following:
        marker, at = following.group(1)[0], following.end()
        if marker == _EOI and size:
            return size, at
        if marker <= 0x01 or 0xD0 <= marker <= _EOI:  # no length: what follows could hide the size
            break
        segment = data[at : at + int.from_bytes(data[at : at + 2], "big")]
        if 0xC0 <= marker <= 0xCF and marker not in _NO_FRAME_HEADERS and not size and len(segment) >= 7:
            size = struct.unpack(">HH", segment[3:7])
            check_size(*size)
        at += len(segment)
        following = (_END_OF_SCAN.search if marker == _SOS else _MARKER.match)(data, at)
    missing = "end" if size else "frame header"
    raise ImageError(f"expected a complete JPEG. Received: {len(data)} bytes without its {missing}")
