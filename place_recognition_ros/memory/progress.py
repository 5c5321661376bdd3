"""Reports how much of a map has been read, while that takes long."""

import logging
import time
from typing import Callable, Optional

INTERVAL = 2.0  # seconds between two reports

Progress = Callable[[int, int], None]
"""Gets how many keyframes have been read, and of how many."""
_log = logging.getLogger(__name__)


class Report:
    """To the log and to a caller.

    Args:
        count: how many keyframes the map has.
        progress: gets each report, and one at the start.
    """

    def __init__(self, count: int, progress: Optional[Progress] = None) -> None:
        self._count, self._progress = count, progress
        self._time = time.monotonic()
        if progress is not None:
            progress(0, count)

    def __call__(self, number: int) -> None:
        """So many keyframes have been read."""
        now = time.monotonic()
        if now - self._time < INTERVAL:
            return
        self._time = now
        _log.info("Map: %s of %s keyframes read", f"{number:,}", f"{self._count:,}")
        if self._progress is not None:
            self._progress(number, self._count)
