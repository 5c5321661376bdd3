"""The present visit: the newest keyframes, which show the place where the camera still is.

They are not searched. Otherwise a robot that waits would find nothing but itself: the keyframes of its wait
are more similar to the query than those of an earlier visit, and fill the top k.
"""

from collections import deque
from typing import Deque, List, Optional, Set, Tuple

import numpy as np

ALIKE = 0.9  # cosine to the first keyframe of a run above which a keyframe belongs to it


class _Run:
    """Consecutive keyframes that look alike; a camera that stands still makes one run, however long."""

    def __init__(self, descriptor: np.ndarray) -> None:
        self.descriptor = descriptor  # of its first keyframe
        self.keyframes: Deque[Tuple[int, int]] = deque()  # (id, stamp), oldest first
        self.left = False  # whether the camera has seen something else since


class PresentVisit:
    """Keyframes that wait until they are old enough and the camera has left their place.

    Args:
        min_age: nanoseconds, 1 or more.
        left_below: cosine to a later image below which the camera has left the place of a keyframe.
    """

    def __init__(self, min_age: int, left_below: float) -> None:
        self.min_age = min_age
        self._left_below = left_below
        self._runs: List[_Run] = []
        self.waiting: Set[int] = set()
        """Ids of the keyframes that wait."""

    def add(self, number: int, stamp: int, descriptor: np.ndarray) -> None:
        """Let a keyframe wait; the arguments are its id, nanoseconds, (D,) float32 of unit norm."""
        last = self._runs[-1] if self._runs else None
        if last is None or last.left or float(last.descriptor @ descriptor) < ALIKE:
            last = _Run(descriptor)
            self._runs.append(last)
        last.keyframes.append((number, stamp))
        self.waiting.add(number)

    def look(self, descriptor: np.ndarray, now: int) -> List[int]:
        """Take note of what the camera sees.

        Args:
            descriptor: (D,) float32, unit norm; of an image that need not be stored.
            now: its stamp, nanoseconds.

        Returns:
            The ids of the keyframes that need not wait any longer.
        """
        if not self._runs:
            return []
        similarities = np.array([run.descriptor for run in self._runs]) @ descriptor
        released: List[int] = []
        for run, similarity in zip(self._runs, similarities):
            run.left = run.left or bool(similarity < self._left_below)
            if run.left:
                released += self._release(run, now - self.min_age)
        self._runs = [run for run in self._runs if run.keyframes]
        return sorted(released)

    def end(self) -> List[int]:
        """The ids of all that wait; none waits afterwards."""
        released = [number for run in self._runs for number in self._release(run)]
        self._runs = []
        return sorted(released)

    def remove(self, number: int) -> None:
        """Forget a keyframe, whether it waits or not."""
        self.waiting.discard(number)
        for run in self._runs:
            run.keyframes = deque(pair for pair in run.keyframes if pair[0] != number)

    def _release(self, run: _Run, newest: Optional[int] = None) -> List[int]:
        """Take the keyframes not newer than ``newest`` (nanoseconds; None: all) out of a run."""
        released = []
        while run.keyframes and (newest is None or run.keyframes[0][1] <= newest):
            number, _ = run.keyframes.popleft()
            self.waiting.discard(number)
            released.append(number)
        return released
