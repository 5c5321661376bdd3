"""How long each stage of the processing takes."""

import time
from collections import deque
from contextlib import contextmanager
from typing import Deque, Dict, Iterator, Tuple


class Stopwatch:
    """Keeps the latest durations of each stage.

    >>> watch = Stopwatch()
    >>> with watch("describe"):
    ...     pass
    """

    def __init__(self, keep: int = 200) -> None:
        self._keep = keep
        self._seconds: Dict[str, Deque[float]] = {}
        self._lap: Dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            seconds = time.perf_counter() - start
            self._seconds.setdefault(stage, deque(maxlen=self._keep)).append(seconds)
            self._lap[stage] = self._lap.get(stage, 0.0) + seconds

    def lap(self) -> Dict[str, float]:
        """Stage → seconds since the last call."""
        lap, self._lap = self._lap, {}
        return lap

    def snapshot(self) -> Dict[str, Tuple[float, ...]]:
        """Stage → its latest durations, seconds; the values do not change later."""
        return {stage: tuple(seconds) for stage, seconds in self._seconds.items()}
