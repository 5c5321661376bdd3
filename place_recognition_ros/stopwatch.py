"""How long the stages of the work take."""

import time
from collections import deque
from contextlib import contextmanager
from typing import Deque, Dict, Iterator, Tuple

import numpy as np


class Stopwatch:
    """Keeps the latest durations of each stage.

    >>> watch = Stopwatch()
    >>> with watch("describe"):
    ...     pass
    """

    def __init__(self, keep: int = 200) -> None:
        self._keep = keep
        self._seconds: Dict[str, Deque[float]] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self._seconds.setdefault(stage, deque(maxlen=self._keep)).append(time.perf_counter() - start)

    def summary(self) -> Dict[str, Tuple[float, float]]:
        """Stage ► (median, 95th percentile) of its latest durations, seconds."""
        stages = list(self._seconds.items())
        return {stage: tuple(np.percentile(list(seconds), (50, 95))) for stage, seconds in stages}
