"""How often images come."""

from collections import deque
from typing import Deque, Optional

import numpy as np

NEWEST = 32  # images


class Pace:
    """The usual time between the images of a trajectory."""

    def __init__(self) -> None:
        self._stamps: Deque[int] = deque(maxlen=NEWEST)
        self._interval: Optional[int] = 0  # None: not computed yet

    @property
    def newest(self) -> int:
        """Stamp of the newest image, nanoseconds; 0: there was none."""
        return self._stamps[-1] if self._stamps else 0

    @property
    def interval(self) -> int:
        """Nanoseconds, the median of the newest; 0: not known."""
        if self._interval is None:
            self._interval = int(np.median(np.diff(self._stamps))) if len(self._stamps) > 1 else 0
        return self._interval

    def observe(self, stamp: int) -> None:
        """Take the stamp of the next image, nanoseconds."""
        self._stamps.append(stamp)
        self._interval = None

    def clear(self) -> None:
        """Another trajectory begins."""
        self._stamps.clear()
        self._interval = 0
