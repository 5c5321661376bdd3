"""16-bit images of cameras that use fewer bits → 8 bits."""

import logging
from collections import deque
from typing import Deque, Optional, Tuple

import cv2
import numpy as np

from place_recognition_ros.errors import ConfigError

FULL_RANGE = 2**16 - 1  # of 16 bits
REMEMBERED = 10  # 16-bit images from which their range is learned
OUTLIERS = 2  # of these may reach too far

_log = logging.getLogger(__name__)


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
