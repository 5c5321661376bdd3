"""Reports how much of a map has been read, while that takes long."""

import logging
import time
from typing import Any, Callable, Iterable, Iterator, Optional

INTERVAL = 2.0  # seconds between two lines of the log
CHECKED = 256  # keyframes between two reports

Progress = Callable[[int, int], None]
"""Gets how many keyframes have been read, and of how many."""
_log = logging.getLogger(__name__)


def reported(rows: Iterable[Any], count: int, progress: Optional[Progress] = None) -> Iterator[Any]:
    """The rows, one after the other; from time to time the log says how many of them have been read.

    Args:
        rows: of keyframes.
        count: how many there are.
        progress: gets both numbers before the first row, and often after it.
    """
    last = time.monotonic()
    if progress is not None:
        progress(0, count)
    for number, row in enumerate(rows, 1):
        if number % CHECKED == 0:
            if progress is not None:
                progress(number, count)
            if time.monotonic() - last >= INTERVAL:
                last = time.monotonic()
                _log.info("Map: %s of %s keyframes read", f"{number:,}", f"{count:,}")
        yield row
