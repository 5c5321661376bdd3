"""16-bit images of cameras that use fewer bits → 8 bits."""

import logging
from collections import deque
from typing import Deque, Tuple

import cv2
import numpy as np

from place_recognition_ros.errors import ConfigError

FULL_RANGE = 2**16 - 1  # of 16 bits
REMEMBERED = 10  # images from which the range is learned
OUTLIERS = 2  # of these may reach too far
LEAST_BITS = 10  # a covered lens stays dark
NEAR_ZERO = 1 / 8  # of the bits in use; black levels are about 1/16, thermal cameras begin at 1/5 or more
USED = 0.002  # share of the pixels around a value of a thermal image that is used, not a gap
ROOM = 1.25  # range by the values of the image
NOISE = 64  # least range of thermal images by their noise, which is then at most 4 gray levels

_log = logging.getLogger(__name__)


class IntensityRange:
    """Scales the 16-bit images of one camera to 8 bits, by the range of values that the camera uses.

    Cameras with 10, 12 or 14 bits fill only the lower end of 16 bits, and the values of a thermal camera are
    a narrow band far from 0, which drifts while the camera warms up.

    - A camera whose values begin near 0 gets its full depth, 0 to 2^bits − 1, with the bits that its
      bright images need: the brightness of images then means the same as with 8 bits. At least 10 bits, so
      that a covered lens stays dark. The depth only ever grows, and the log says so.
    - Values far from 0 (thermal): the range follows each image, as drift and the shutter of the camera need.
      Values that hardly any pixel has take hardly any of the range: an engine in the view, or the gap between
      sky and ground, does not darken the rest. The contrast is the median of the last 10 images', but no more
      than fits the image, nor than makes the noise of the sensor visible.
    - A few pixels do not count: hot and dead ones, a row of telemetry. Of the last 10 images the two that
      reach farthest do not count: a torn image does not darken all later ones. Images of a single value
      (shutter, covered lens) are not learned from.

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
        self._fixed = (low, high) if high else None
        self._recent: Deque[Tuple[int, ...]] = deque(maxlen=REMEMBERED)
        self._widths: Deque[float] = deque(maxlen=REMEMBERED)
        self._depth = 0  # of a camera whose values begin near 0; 0: not known

    def to_8_bits(self, values: np.ndarray, learn: bool = True) -> np.ndarray:
        """Scale an image, after learning from it.

        Args:
            values: (H, W) or (H, W, 3) uint16.
            learn: whether the image may change how the next ones are scaled.

        Returns:
            uint8 of the same shape; values outside of the range become 0 or 255.
        """
        if self._fixed:
            return _scaled(values, *self._fixed)
        histogram = _histogram(values)
        reach = _quantiles(histogram, 0.01, 0.99, 0.999)
        learn = learn and histogram.max() < 1
        if learn:
            self._recent.append(reach)
        lows, highs, tops = (sorted(each) for each in zip(*(self._recent or [reach])))
        ignored = min(OUTLIERS, (len(lows) - 1) // 2)
        learn = learn and len(lows) > 2 * OUTLIERS
        if lows[ignored] >= NEAR_ZERO * _depth(highs[-1 - ignored]):
            least = min(NOISE * _noise(values), _depth(reach[-1]))
            return self._follow(histogram, least, learn).take(values)
        depth = _depth(tops[-1 - ignored])
        if learn and depth > self._depth:
            level = logging.WARNING if self._depth else logging.INFO
            _log.log(level, "16-bit images: the values 0 to %d are scaled to 0 to 255", depth - 1)
            self._depth = depth
        return _scaled(values, 0, max(depth, self._depth) - 1)

    def _follow(self, histogram: np.ndarray, least: float, learn: bool) -> np.ndarray:
        """The gray level of each value of a thermal image, (2^16,) uint8; ``least``: width of its range."""
        window = int(least / 16) | 1
        share = cv2.blur(histogram.reshape(1, -1), (window, 1), borderType=cv2.BORDER_CONSTANT)[0] * window
        position = np.cumsum(np.minimum(1, share / USED), dtype=np.float64)
        low, high = _quantiles(histogram, 0.001, 0.999)
        width = max(ROOM * (position[high] - position[low]), least)
        if learn:
            self._widths.append(width)
            if len(self._widths) == 1:
                _log.info("16-bit images: values far from 0; the range follows them, now %d to %d", low, high)
        width = max(width, float(np.median(self._widths or width)))
        grays = 127.5 + 255 / width * (position - (position[low] + position[high]) / 2)
        return np.rint(grays.clip(0, 255)).astype(np.uint8)


def _scaled(values: np.ndarray, low: int, high: int) -> np.ndarray:
    """Scale uint16 values linearly: ``low`` and less to 0, ``high`` and more to 255."""
    gain = 255.0 / (high - low)
    return cv2.convertScaleAbs(values.clip(low, high), alpha=gain, beta=-gain * low)


def _histogram(values: np.ndarray) -> np.ndarray:
    """Share of the pixels that have each value, (2^16,) float32, of an image (H, W) or (H, W, 3) uint16."""
    counts = cv2.calcHist([values.reshape(len(values), -1)], [0], None, [2**16], [0, 2**16])
    return counts[:, 0] / values.size


def _quantiles(histogram: np.ndarray, *shares: float) -> Tuple[int, ...]:
    """The values below which these shares of the pixels are."""
    return tuple(int(value) for value in np.searchsorted(np.cumsum(histogram, dtype=np.float64), shares))


def _depth(value: int) -> int:
    """2^bits of a camera that sends this value."""
    return int(2 ** max(LEAST_BITS, value.bit_length()))


def _noise(values: np.ndarray) -> float:
    """The noise of the sensor, standard deviation; after J. Immerkær, Fast noise variance estimation, 1996.

    Edges and gradients give the filter no response; where texture does, the lower quartile is still noise.
    At least that of rounding.
    """
    pixels = values.reshape(len(values), -1).astype(np.float32)
    response = np.abs(cv2.filter2D(pixels, -1, np.outer((1, -2, 1), (1.0, -2, 1))))  # of noise: 6 σ
    sample = response.ravel()[:: 1 + response.size // 20000]
    return max(0.29, float(np.percentile(sample, 25)) / (6 * 0.3186))  # the lower quartile of |N(0, 1)|
