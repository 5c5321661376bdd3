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
_MAX_SCANS = 32  # of a JPEG; encoders make up to 20, and each of a few bytes takes 45 ms of decoding
_PIXELS_BY_BIT = 64  # of a JPEG, at most: a block has a Huffman code of at least 1 bit
_MOST_DEFLATED = 1032  # bytes of pixels by a byte of a PNG (RFC 1951)
_NEEDED = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")  # chunks of a PNG
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # of a pixel, by the color type of a PNG
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
        ImageError: if it is neither, is cut off or damaged, larger than ``MAX_PIXELS``, or has so little data
            or so many scans that it cannot be an image.
    """
    data = bytes(data)
    if data.startswith(_PNG):
        size, file = _checked_png(data)
    elif data.startswith(_JPEG):
        size, file = _checked_jpeg(data)
    else:
        raise ImageError(f"expected a JPEG or PNG. Received: {len(data)} bytes that begin with {data[:8]!r}")
    image = _decode(file)
    if image is None or image.shape[:2] != size:
        raise ImageError(
            f"expected a complete JPEG or PNG. Received: {len(data)} bytes that cannot be decoded"
        )
    if data.startswith(_JPEG) and (image[-1] == _FILLED).all() and _lacks_data(file, image):
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


def _checked_png(data: bytes) -> Tuple[Tuple[int, int], bytes]:
    """((height, width), the chunks of a file that make the image), see the PNG specification, 5.3.

    Other chunks are left out: some contain compressed text that takes seconds to inflate, or more images.
    """
    if len(data) < 33 or data[12:16] != b"IHDR":
        raise ImageError(f"expected a complete PNG. Received: {len(data)} bytes without its header")
    width, height = struct.unpack(">II", data[16:24])
    check_size(height, width)
    at, stored, used = len(_PNG), 0, [_PNG]
    while at + 12 <= len(data):
        start = at
        length, name = struct.unpack(">I4s", data[at : at + 8])
        at += 12 + length  # with length, name and checksum
        if name in _NEEDED:
            used.append(data[start:at])
        stored += length if name == b"IDAT" else 0
        if name == b"IEND" and at <= len(data):
            bits = data[24] * _SAMPLES.get(data[25], 0)
            _check_stored(stored, height * width * bits // (8 * _MOST_DEFLATED), height, width)
            return (height, width), b"".join(used)
    raise ImageError(f"expected a complete PNG. Received: {len(data)} bytes without its end")


def _checked_jpeg(data: bytes) -> Tuple[Tuple[int, int], bytes]:
    """((height, width), the file to its end), from its segments and scans (ITU-T T.81, B.1 and B.2)."""
    size: Optional[Tuple[int, int]] = None
    scans = 0
    following = _MARKER.match(data, 2)
    while following:
        marker, at = following.group(1)[0], following.end()
        if marker == _EOI and size:
            _check_stored(at, size[0] * size[1] // (8 * _PIXELS_BY_BIT), *size)
            return size, data[:at]
        scans += marker == _SOS
        if scans > _MAX_SCANS:
            raise ImageError(
                f"expected a JPEG of up to {_MAX_SCANS} scans. Received: {len(data)} bytes with more"
            )
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


def _check_stored(stored: int, least: int, height: int, width: int) -> None:
    """Refuse a large image of few bytes before memory for its pixels is allocated."""
    if stored < least:
        raise ImageError(f"expected at least {least} bytes for {width}×{height} pixels. Received: {stored}")
