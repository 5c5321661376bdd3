"""The present visit: the newest keyframes, which show the place where the camera still is.

They are not searched. Otherwise a robot that waits would find nothing but itself: the keyframes of its wait
are more similar to the query than those of an earlier visit, and fill the top k.
"""

from typing import Iterable, List, Optional, Set, Tuple

import numpy as np

from place_recognition_ros.memory.departure import Departure, Leaving
from place_recognition_ros.memory.trail import ALIKE
from place_recognition_ros.poses import Pose

MAX_RUNS = 256  # bounds the cost of a camera that stays where much moves


class _Run(Departure):
    """Keyframes of one view; a camera that stands still makes one run, however long."""

    def __init__(self, descriptor: np.ndarray, pose: Optional[Pose]) -> None:
        super().__init__(descriptor, pose)  # of its first keyframe
        self.keyframes: List[Tuple[int, int]] = []  # (id, stamp), oldest first


class PresentVisit:
    """Keyframes that wait until they are old enough and the camera has left their place.

    Where a session ends, nothing waits any longer: the camera may be anywhere.

    Args:
        leaving: what it takes to leave a place.
    """

    def __init__(self, leaving: Leaving) -> None:
        self._leaving = leaving
        self._runs: List[_Run] = []  # of places that the camera has not left
        self._left: List[Tuple[int, int]] = []  # (id, stamp) of keyframes that are only too young
        self.waiting: Set[int] = set()
        """Ids of the keyframes that wait."""

    def add(self, keyframe_id: int, stamp: int, descriptor: np.ndarray, pose: Optional[Pose] = None) -> None:
        """Let a keyframe wait.

        Args:
            keyframe_id: its id.
            stamp: nanoseconds.
            descriptor: (D,) float32, unit norm.
            pose: in the session's world frame, where known.
        """
        similarity, run = self._most_similar(descriptor)
        if run is None or (similarity < ALIKE and len(self._runs) < MAX_RUNS):
            run = _Run(descriptor, pose)
            self._runs.append(run)
        run.keyframes.append((keyframe_id, stamp))
        self.waiting.add(keyframe_id)

    def observe(self, descriptor: np.ndarray, now: int, pose: Optional[Pose] = None) -> List[int]:
        """Take note of what the camera sees; the image need not be stored.

        Args:
            descriptor: (D,) float32, unit norm.
            now: stamp of the image, nanoseconds.
            pose: in the session's world frame, where known.

        Returns:
            The ids of the keyframes that need not wait any longer.
        """
        present, left, left_below = [], self._left[:], self._leaving.elsewhere_below(1.0)
        for run, similarity in zip(self._runs, self._similarities(descriptor)):
            if run.has_left(similarity, left_below, now, pose):
                left += run.keyframes
            else:
                present.append(run)
        oldest = now - self._leaving.min_age
        released = sorted(number for number, stamp in left if stamp <= oldest)
        left = [pair for pair in left if pair[1] > oldest]
        self._runs, self._left = present, left  # after all that an exception may interrupt
        self.waiting.difference_update(released)
        return released

    def end_session(self) -> List[int]:
        """The camera may be anywhere now: the ids of all that wait; none waits afterwards."""
        self._runs, self._left, released = [], [], sorted(self.waiting)
        self.waiting.clear()
        return released

    def remove(self, keyframe_ids: Iterable[int]) -> None:
        """Forget keyframes, whether they wait or not."""
        gone = set(keyframe_ids)
        self.waiting -= gone
        self._left = [pair for pair in self._left if pair[0] not in gone]
        for run in self._runs:
            run.keyframes = [pair for pair in run.keyframes if pair[0] not in gone]

    def _most_similar(self, descriptor: np.ndarray) -> Tuple[float, Optional[_Run]]:
        pairs = zip(self._similarities(descriptor), self._runs)
        return max(pairs, key=lambda pair: pair[0], default=(-1.0, None))

    def _similarities(self, descriptor: np.ndarray) -> List[float]:
        if not self._runs:
            return []
        return list(np.array([run.descriptor for run in self._runs]) @ descriptor)
