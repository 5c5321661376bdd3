"""16-bit images of cameras that use fewer bits → 8 bits."""

import logging
from collections import deque
from typing import Deque, NamedTuple, Tuple

import cv2
import numpy as np

from place_recognition_ros.errors import ConfigError

FULL_RANGE = 2**16 - 1  # of 16 bits
REMEMBERED = 10  # images from which the range is learned
OUTLIERS = 2  # of these may reach too far
LEAST_BITS = 10  # a covered lens stays dark
NEAR_ZERO = 1 / 8  # of the bits in use; black levels are about 1/16, thermal cameras begin at 1/5 or more
CORE = 0.8  # share of the pixels of a thermal image that decide its range; the others may be hot
ROOM = 1.25  # range by the values of the image
NOISE = 64  # least range of thermal images by their noise, which is then at most 4 gray levels

_log = logging.getLogger(__name__)


class _Values(NamedTuple):
    """Which values an image uses."""

    low: int  # 0.1 % quantile: dead pixels do not count
    high: int  # 99.9 % quantile: hot pixels do not count
    core: Tuple[int, int]  # the shortest interval with the share ``CORE`` of the pixels


class IntensityRange:
    """Scales the 16-bit images of one camera to 8 bits, by the range of values that the camera uses.

    Cameras with 10, 12 or 14 bits fill only the lower end of 16 bits, and the values of a thermal camera are
    a narrow band far from 0, which drifts while the camera warms up.

    - A camera whose values begin near 0 gets its full depth, 0 to 2^bits − 1, with the bits that its
      bright images need: the brightness of images then means the same as with 8 bits. At least 10 bits, so
      that a covered lens stays dark. The depth only ever grows, and the log says so.
    - Values far from 0 (thermal): the middle of the range follows each image. Its width is the median of
      the last 10 images, but not less than the image needs nor than makes the noise of the sensor visible.
      What is far hotter or colder than most of the image becomes white or black: an engine in the view
      does not darken the rest.
    - Of the last 10 images the two that reach farthest do not count: a torn image changes nothing.
      Images of a single value are not learned from.

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
        """The values that became 0 and 255 in the last image."""
        self._fixed = high > 0
        self._recent: Deque[Tuple[int, int]] = deque(maxlen=REMEMBERED)
        self._widths: Deque[float] = deque(maxlen=REMEMBERED)
        self._depth = 0  # of a camera whose values begin near 0; 0: not known
        self._is_thermal = False

    def to_8_bits(self, values: np.ndarray, learn: bool = True) -> np.ndarray:
        """Scale an image, after learning from it.

        Args:
            values: (H, W) or (H, W, 3) uint16.
            learn: whether the image may change how the next ones are scaled.

        Returns:
            uint8 of the same shape; values outside of the range become 0 or 255.
        """
        if not self._fixed:
            self.low, self.high = self._range_for(values, learn)
        gain = 255.0 / (self.high - self.low)
        return cv2.convertScaleAbs(values.clip(self.low, self.high), alpha=gain, beta=-gain * self.low)

    def _range_for(self, values: np.ndarray, learn: bool) -> Tuple[int, int]:
        used = _values(values)
        if learn and used.low < used.high:
            self._recent.append((used.low, used.high))
        lows, highs = zip(*(self._recent or [(used.low, used.high)]))
        ignored = min(OUTLIERS, (len(lows) - 1) // 2)
        low, high = sorted(lows)[ignored], sorted(highs)[-1 - ignored]
        depth = 2 ** max(LEAST_BITS, high.bit_length())
        learn = learn and len(lows) > 2 * OUTLIERS
        if low < NEAR_ZERO * depth:
            if learn and depth > self._depth:
                self._learn_depth(depth)
            return 0, max(depth, self._depth) - 1
        return self._band(used, min(NOISE * _noise(values), depth), learn)

    def _learn_depth(self, depth: int) -> None:
        level = logging.WARNING if self._depth else logging.INFO
        _log.log(level, "16-bit images: the values 0 to %d are scaled to 0 to 255", depth - 1)
        self._depth = depth

    def _band(self, used: _Values, least: float, learn: bool) -> Tuple[int, int]:
        """The range of a thermal image; ``least``: its width."""
        length = used.core[1] - used.core[0]
        low, high = max(used.low, used.core[0] - length), min(used.high, used.core[1] + length)
        width = max(ROOM * (high - low), least)
        if learn:
            self._widths.append(width)
            if not self._is_thermal:
                self._is_thermal = True
                _log.info("16-bit images: values far from 0; the range follows them, now %d to %d", low, high)
        width = max(width, float(np.median(self._widths or width)))
        begin = max(0, int((low + high - width) / 2))
        return begin, min(FULL_RANGE, begin + int(width) + 1)


def _values(values: np.ndarray) -> _Values:
    """Of an image (H, W) or (H, W, 3) uint16."""
    histogram = cv2.calcHist([values.reshape(len(values), -1)], [0], None, [2**16], [0, 2**16])
    shares = np.cumsum(histogram, dtype=np.float64) / values.size
    below = np.linspace(0.001, 1 - CORE - 0.001, 21)
    lows, highs = np.searchsorted(shares, below, "right"), np.searchsorted(shares, below + CORE)
    core = int(np.argmin(highs - lows))
    ends = np.searchsorted(shares, 0.001, "right"), np.searchsorted(shares, 0.999)
    return _Values(int(ends[0]), int(ends[1]), (int(lows[core]), int(highs[core])))


def _noise(values: np.ndarray) -> float:
    """The noise of the sensor, standard deviation; after J. Immerkær, Fast noise variance estimation, 1996.

    Edges and gradients give the filter no response; where texture does, the lower quartile is still noise.
    At least that of rounding.
    """
    pixels = values.reshape(len(values), -1).astype(np.float32)
    response = np.abs(cv2.filter2D(pixels, -1, np.outer((1, -2, 1), (1.0, -2, 1))))  # of noise: 6 σ
    return max(0.29, float(np.percentile(response, 25)) / (6 * 0.3186))  # the lower quartile of |N(0, 1)|
