"""Bytes of a camera → an image. Everything is checked before anything is allocated.

The layouts are those of sensor_msgs/Image and CompressedImage, but nothing here depends on ROS:
``ros/image_reader.py`` converts the messages.
"""

import logging
import struct
from collections import deque
from typing import Any, Deque, Mapping, NamedTuple, Optional, Tuple

import cv2
import numpy as np

from place_recognition_ros.errors import ConfigError, ImageError

MAX_PIXELS = 33 * 10**6  # an 8K image; a larger header is an error or an attack
FULL_RANGE = 2**16 - 1  # of 16 bits
REMEMBERED = 10  # 16-bit images from which their range is learned
OUTLIERS = 2  # of these may reach too far

_log = logging.getLogger(__name__)


class Layout(NamedTuple):
    """How the pixels of an encoding are stored."""

    channels: int
    bits: int  # of a channel: 8, 16, or 32 of depth images


ENCODINGS = {
    "mono8": Layout(1, 8),
    "8UC1": Layout(1, 8),
    "mono16": Layout(1, 16),
    "16UC1": Layout(1, 16),
    "bgr8": Layout(3, 8),
    "8UC3": Layout(3, 8),
    "bgr16": Layout(3, 16),
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
    "yuv422": Layout(2, 8),
    "yuv422_yuy2": Layout(2, 8),
}
"""Every encoding of raw images that is supported; names of ``sensor_msgs/image_encodings``."""


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
    _check_size(*image.shape[:2])


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
        step: bytes from one row to the next; rows may be padded.
        data: ``step * height`` bytes.

    Returns:
        (height, bytes of a row) uint8, contiguous.

    Raises:
        ImageError: if the encoding is unknown or the sizes disagree.
    """
    layout = encodings.get(encoding)
    if layout is None:
        raise ImageError(f"expected one of the encodings {', '.join(encodings)}. Received: {encoding!r}")
    _check_size(height, width)
    row_bytes = width * layout.channels * layout.bits // 8
    if step < row_bytes or len(data) != step * height:
        raise ImageError(
            f"expected step ≥ {row_bytes} and step · height bytes for {width}×{height} {encoding}. "
            f"Received: step={step}, {len(data)} bytes"
        )
    if layout.channels == 2 and width % 2:
        raise ImageError(f"expected an even width for {encoding}. Received: width={width}")
    return np.ascontiguousarray(np.frombuffer(data, np.uint8).reshape(height, step)[:, :row_bytes])


def decode_compressed(data: bytes) -> np.ndarray:
    """Decode a JPEG or PNG file.

    The content decides, not the message's ``format`` field, which drivers fill in differently.
    An EXIF orientation is ignored: the pixels stay where camera_info expects them.

    Returns:
        (H, W, 3) BGR, uint8; of a PNG with 16 bits uint16, for ``IntensityRange.to_8_bits``.

    Raises:
        ImageError: if it is neither, is cut off or damaged, or larger than ``MAX_PIXELS``.
    """
    size = _compressed_size(bytes(data))
    _check_size(*size)
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION
    image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    if image is None or image.shape[:2] != size:
        raise ImageError(
            f"expected a complete JPEG or PNG. Received: {len(data)} bytes that cannot be decoded"
        )
    return image


class IntensityRange:
    """Scales the 16-bit images of one camera to 8 bits, by the range of values that the camera uses.

    Cameras with 10, 12 or 14 bits fill only the lower end of 16 bits, and the values of a thermal camera are
    a narrow band far from 0. The range is learned, then steady, so that exposure stays comparable:

    - A camera whose values begin near 0 gets its full depth, 0 to 2^bits − 1, with the bits that its
      bright images need: the brightness of images then means the same as with 8 bits. At least 10 bits, so
      that a covered lens stays dark.
    - Values far from 0 compared with their spread (thermal) get this band and some room on both sides,
      but no narrower than makes the noise of the sensor visible.
    - An image reaches from its 0.1 % to its 99.9 % quantile: hot and dead pixels do not count. Of the last
      10 images the two that reach farthest do not count: a torn image does not darken all later ones.
      Images of a single value (shutter, covered lens) are ignored.
    - The range of the first 5 images is provisional. Later it is only ever widened, and the log says so.

    Args:
        low: the value that becomes 0, if the range is fixed.
        high: the value that becomes 255; 0: the range is learned.

    Raises:
        ConfigError: if ``low`` is not below ``high``, unless both are 0.
    """

    def __init__(self, low: int = 0, high: int = 0) -> None:
        if low >= high and (low, high) != (0, 0):
            raise ConfigError(
                "expected sixteen_bit_min < sixteen_bit_max, or 0 for both. "
                f"Received: sixteen_bit_min={low}, sixteen_bit_max={high}"
            )
        self.low, self.high = low, high or FULL_RANGE
        """The values that become 0 and 255."""
        self._fixed = high > 0
        self._recent: Deque[Tuple[int, int]] = deque(maxlen=REMEMBERED)
        self._reach: Optional[Tuple[int, int]] = None  # what the range was made for; None: it is provisional

    @property
    def is_known(self) -> bool:
        """Whether the range is fixed, or an image was learned from."""
        return self._fixed or bool(self._recent)

    def to_8_bits(self, values: np.ndarray, learn: bool = True) -> np.ndarray:
        """Scale an image, after learning from it.

        Args:
            values: (H, W) or (H, W, 3) uint16.
            learn: whether the image may change the range.

        Returns:
            uint8 of the same shape; values outside of the range become 0 or 255.
        """
        if learn and not self._fixed:
            self._learn(values)
        gain = 255.0 / (self.high - self.low)
        return cv2.convertScaleAbs(values.clip(self.low, self.high), alpha=gain, beta=-gain * self.low)

    def _learn(self, values: np.ndarray) -> None:
        low, high = _quantiles(values)
        if low == high:
            return
        self._recent.append((low, high))
        ignored = min(OUTLIERS, (len(self._recent) - 1) // 2)
        lows, highs = zip(*self._recent)
        low, high = sorted(lows)[ignored], sorted(highs)[-1 - ignored]
        if self._reach is not None:
            if self.low <= low and high <= self.high:
                return
            low, high = min(low, self._reach[0]), max(high, self._reach[1])
        was = self._reach
        self.low, self.high = _stretch(low, high, values)
        if len(self._recent) > 2 * OUTLIERS:
            self._reach = low, high
            _log.log(
                logging.INFO if was is None else logging.WARNING,
                "16-bit images: the values %d to %d are scaled to 0 to 255%s",
                self.low,
                self.high,
                "" if was is None else f"; the images exceed the range learned before, {was[0]} to {was[1]}",
            )


def _quantiles(values: np.ndarray) -> Tuple[int, int]:
    """The 0.1 % and 99.9 % quantiles of an image (H, W) or (H, W, 3) uint16."""
    histogram = cv2.calcHist([values.reshape(len(values), -1)], [0], None, [2**16], [0, 2**16])
    shares = np.cumsum(histogram, dtype=np.float64) / values.size
    return int(np.searchsorted(shares, 0.001, "right")), int(np.searchsorted(shares, 0.999))


def _stretch(low: int, high: int, values: np.ndarray) -> Tuple[int, int]:
    """The range to scale, for images that reach from ``low`` to ``high``; ``values``: one of them."""
    depth = 2 ** max(10, high.bit_length())
    spread = high - low
    if low > 2 * spread:
        least = max(256.0, 128 * _noise(values))
        room = int(max(spread / 4, (least - spread) / 2))
        if spread + 2 * room < depth / 2:
            return max(0, low - room), min(FULL_RANGE, high + room)
    return 0, depth - 1


def _noise(values: np.ndarray) -> float:
    """The noise of the sensor, standard deviation; after J. Immerkær, Fast noise variance estimation, 1996.

    Edges and gradients give the filter no response; where texture does, the lower quartile is still noise.
    """
    pixels = values.reshape(len(values), -1).astype(np.float32)
    response = np.abs(cv2.filter2D(pixels, -1, np.outer((1, -2, 1), (1.0, -2, 1))))  # of noise: 6 σ
    return float(np.percentile(response, 25)) / (6 * 0.3186)  # the lower quartile of |N(0, 1)|


def shrink(image: np.ndarray, longer_side: int) -> np.ndarray:
    """An image of at most ``longer_side`` pixels with the same aspect ratio; never enlarged."""
    scale = longer_side / max(image.shape[:2])
    if scale >= 1:
        return image
    height, width = (max(1, round(scale * side)) for side in image.shape[:2])
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)


def _check_size(height: int, width: int) -> None:
    if height < 1 or width < 1 or height * width > MAX_PIXELS:
        raise ImageError(f"expected 1 to {MAX_PIXELS} pixels. Received: width={width}, height={height}")


def _compressed_size(data: bytes) -> Tuple[int, int]:
    """(height, width) from the header of the file, without decoding it."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        if len(data) < 33 or data[12:16] != b"IHDR" or b"IEND" not in data[-64:]:
            raise ImageError(
                f"expected a complete PNG. Received: {len(data)} bytes without its header or end"
            )
        width, height = struct.unpack(">II", data[16:24])
        return height, width
    if data.startswith(b"\xff\xd8"):
        if b"\xff\xd9" not in data[-64:]:
            raise ImageError(f"expected a complete JPEG. Received: {len(data)} bytes without its end")
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
