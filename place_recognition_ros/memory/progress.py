"""Reports how much of a map has been read, while that takes long."""

import logging
import time
from typing import Any, Callable, Iterable, Iterator, Optional

INTERVAL = 2.0  # seconds between two reports
CHECKED = 256  # keyframes between two looks at the clock

Progress = Callable[[int, int], None]
"""Gets how many keyframes have been read, and of how many."""
_log = logging.getLogger(__name__)


def reported(rows: Iterable[Any], count: int, progress: Optional[Progress] = None) -> Iterator[Any]:
    """The rows, one after the other; from time to time the log says how many of them have been read.

    Args:
        rows: of keyframes.
        count: how many there are.
        progress: gets what the log gets, and (0, count) before the first row.
    """
    last = time.monotonic()
    if progress is not None:
        progress(0, count)
    for number, row in enumerate(rows):
        if number % CHECKED == CHECKED - 1 and time.monotonic() - last >= INTERVAL:
            last = time.monotonic()
            _log.info("Map: %s of %s keyframes read", f"{number:,}", f"{count:,}")
            if progress is not None:
                progress(number, count)
        yield row
