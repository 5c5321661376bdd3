"""The present visit: the newest keyframes, which show the place where the camera still is.

They are not searched. Otherwise a robot that waits would find nothing but itself: the keyframes of its wait
are more similar to the query than those of an earlier visit, and fill the top k.
"""

from typing import List, Optional, Set, Tuple

import numpy as np

from place_recognition_ros.poses import Pose, angle, distance

ALIKE = 0.9  # cosine above which two images show the same view
AWAY = 2 * 10**9  # nanoseconds for which the view must be another one: longer than somebody needs to pass by,
AWAY_STILL = 30 * 10**9  # or this long where poses say that the camera has not moved; they may be stuck
MAX_RUNS = 256  # bounds the cost of a camera that stays where much moves
MIN_MOTION = 0.1  # metres; where poses are known, less is no motion,
MIN_TURN = 0.17  # radians; nor is less rotation


class _Run:
    """Keyframes of one view; a camera that stands still makes one run, however long."""

    def __init__(self, descriptor: np.ndarray, pose: Optional[Pose]) -> None:
        self.descriptor, self.pose = descriptor, pose  # of its first keyframe
        self.keyframes: List[Tuple[int, int]] = []  # (id, stamp), oldest first
        self._away_since: Optional[int] = None

    def is_left(self, similarity: float, left_below: float, now: int, pose: Optional[Pose]) -> bool:
        """Compare the run with what the camera sees now; returns whether the camera has left the place."""
        if similarity >= left_below:
            self._away_since = None
            return False
        if self._away_since is None:
            self._away_since = now
        return now - self._away_since >= (AWAY if self._has_moved(pose) else AWAY_STILL)

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
        self._runs: List[_Run] = []  # of places that the camera has not left
        self._left: List[Tuple[int, int]] = []  # (id, stamp) of keyframes that are only too young
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
        similarity, run = self._most_similar(descriptor)
        if run is None or (similarity < ALIKE and len(self._runs) < MAX_RUNS):
            run = _Run(descriptor, pose)
            self._runs.append(run)
        run.keyframes.append((keyframe_id, stamp))
        self.waiting.add(keyframe_id)
        changed = similarity < ALIKE or run is not self._newest
        self._newest = run
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
        present = []
        for run, similarity in zip(self._runs, self._similarities(descriptor)):
            if run.is_left(similarity, self._left_below, now, pose):
                self._left += run.keyframes
            else:
                present.append(run)
        self._runs = present
        newest = now - self._min_age
        released = sorted(keyframe_id for keyframe_id, stamp in self._left if stamp <= newest)
        self._left = [pair for pair in self._left if pair[1] > newest]
        self.waiting.difference_update(released)
        return released

    def end(self) -> List[int]:
        """The ids of all that wait; none waits afterwards."""
        released = sorted(self.waiting)
        self._runs, self._left, self._newest = [], [], None
        self.waiting.clear()
        return released

    def remove(self, keyframe_id: int) -> None:
        """Forget a keyframe, whether it waits or not."""
        self.waiting.discard(keyframe_id)
        self._left = [pair for pair in self._left if pair[0] != keyframe_id]
        for run in self._runs:
            run.keyframes = [pair for pair in run.keyframes if pair[0] != keyframe_id]

    def _most_similar(self, descriptor: np.ndarray) -> Tuple[float, Optional[_Run]]:
        pairs = zip(self._similarities(descriptor), self._runs)
        return max(pairs, key=lambda pair: pair[0], default=(-1.0, None))

    def _similarities(self, descriptor: np.ndarray) -> List[float]:
        if not self._runs:
            return []
        return list(np.array([run.descriptor for run in self._runs]) @ descriptor)
