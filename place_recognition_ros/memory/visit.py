"""The present visit: the newest keyframes, which show the place where the camera still is.

They are not searched. Otherwise a robot that waits would find nothing but itself: the keyframes of its wait
are more similar to the query than those of an earlier visit, and fill the top k.
"""

from collections import deque
from typing import Deque, List, Optional, Set, Tuple

import numpy as np

from place_recognition_ros.poses import Pose, angle, distance

ALIKE = 0.9  # cosine above which two images show the same view
AWAY = 2 * 10**9  # nanoseconds for which the view must be another one: longer than somebody needs to pass by
MAX_RUNS = 256  # bounds the cost of a camera that stays where much moves
MIN_MOTION = 0.1  # metres; where poses are known, less is no motion,
MIN_TURN = 0.17  # radians; nor is less rotation


class _Run:
    """Keyframes of one view; a camera that stands still makes one run, however long."""

    def __init__(self, descriptor: np.ndarray, pose: Optional[Pose]) -> None:
        self.descriptor, self.pose = descriptor, pose  # of its first keyframe
        self.keyframes: Deque[Tuple[int, int]] = deque()  # (id, stamp), oldest first
        self.left = False  # whether the camera has left the place
        self._away_since: Optional[int] = None

    def compare(self, similarity: float, left_below: float, now: int, pose: Optional[Pose]) -> None:
        """Compare the run with what the camera sees now."""
        if similarity >= ALIKE:
            self._away_since = None
        elif similarity < left_below and self._away_since is None and self._has_moved(pose):
            self._away_since = now
        self.left = self.left or (self._away_since is not None and now - self._away_since >= AWAY)

    def release(self, newest: Optional[int] = None) -> List[int]:
        """Take out the keyframes not newer than ``newest`` (nanoseconds; None: all); their ids."""
        released = []
        while self.keyframes and (newest is None or self.keyframes[0][1] <= newest):
            released.append(self.keyframes.popleft()[0])
        return released

    def _has_moved(self, pose: Optional[Pose]) -> bool:
        if pose is None or self.pose is None:
            return True  # only the images can tell
        return distance(self.pose, pose) >= MIN_MOTION or angle(self.pose, pose) >= MIN_TURN


class PresentVisit:
    """Keyframes that wait until they are old enough and the camera has left their place.

    Args:
        min_age: nanoseconds, 1 or more.
        left_below: cosine to a later image below which it shows another place than a keyframe.
    """

    def __init__(self, min_age: int, left_below: float) -> None:
        self._min_age = min_age
        self._left_below = left_below
        self._runs: List[_Run] = []
        self._newest: Optional[_Run] = None  # the run of the newest keyframe
        self.waiting: Set[int] = set()
        """Ids of the keyframes that wait."""

    def add(self, keyframe_id: int, stamp: int, descriptor: np.ndarray, pose: Optional[Pose] = None) -> bool:
        """Let a keyframe wait.

        Args:
            keyframe_id: its id.
            stamp: nanoseconds.
            descriptor: (D,) float32, unit norm.
            pose: in the session's world frame, where known.

        Returns:
            Whether it shows another view than the keyframe before it.
        """
        run = self._run_of(descriptor)
        if run is None:
            run = _Run(descriptor, pose)
            self._runs.append(run)
        run.keyframes.append((keyframe_id, stamp))
        self.waiting.add(keyframe_id)
        changed, self._newest = run is not self._newest, run
        return changed

    def observe(self, descriptor: np.ndarray, now: int, pose: Optional[Pose] = None) -> List[int]:
        """Take note of what the camera sees; the image need not be stored.

        Args:
            descriptor: (D,) float32, unit norm.
            now: stamp of the image, nanoseconds.
            pose: in the session's world frame, where known.

        Returns:
            The ids of the keyframes that need not wait any longer.
        """
        released: List[int] = []
        for run, similarity in zip(self._runs, self._similarities(descriptor)):
            run.compare(similarity, self._left_below, now, pose)
            if run.left:
                released += run.release(now - self._min_age)
        self._runs = [run for run in self._runs if run.keyframes]
        self.waiting.difference_update(released)
        return sorted(released)

    def end(self) -> List[int]:
        """The ids of all that wait; none waits afterwards."""
        released = sorted(self.waiting)
        self._runs, self._newest = [], None
        self.waiting.clear()
        return released

    def remove(self, keyframe_id: int) -> None:
        """Forget a keyframe, whether it waits or not."""
        self.waiting.discard(keyframe_id)
        for run in self._runs:
            run.keyframes = deque(pair for pair in run.keyframes if pair[0] != keyframe_id)

    def _run_of(self, descriptor: np.ndarray) -> Optional[_Run]:
        """The run that a keyframe continues; None: it begins one."""
        present = [(s, run) for s, run in zip(self._similarities(descriptor), self._runs) if not run.left]
        similarity, run = max(present, key=lambda pair: pair[0], default=(-1.0, None))
        return run if similarity >= ALIKE or len(self._runs) >= MAX_RUNS else None

    def _similarities(self, descriptor: np.ndarray) -> List[float]:
        if not self._runs:
            return []
        return list(np.array([run.descriptor for run in self._runs]) @ descriptor)
