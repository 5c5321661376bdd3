"""Has the camera left a view? The one rule for it."""

from typing import NamedTuple, Optional

import numpy as np

from place_recognition_ros.config import Config
from place_recognition_ros.poses import Pose, has_moved

AWAY = 2 * 10**9  # nanoseconds for which the view must be another one: longer than somebody needs to pass by,
AWAY_STILL = 30 * 10**9  # or this long where poses say that the camera has not moved; they may be stuck
ELSEWHERE = 0.7  # of a similarity: an image that is less similar than this shows another place


class Leaving(NamedTuple):
    """What it takes to leave a place."""

    min_age: int  # nanoseconds, 1 or more, since a keyframe was taken
    another_place: float = -1.0  # cosine below which two images never show the same place
    min_distance: float = 0.0  # metres along the path, where poses are known

    @classmethod
    def from_config(cls, config: Config, another_place: float) -> "Leaving":
        """Of a configuration, and the model card's lowest cosine of one place."""
        min_age = max(1, int(config.min_loop_interval_s * 1e9))  # no keyframe is its own match
        return cls(min_age, another_place, config.min_loop_distance_m)

    def age(self, interval: int) -> int:
        """Nanoseconds that a keyframe must be old; more of a camera that gives less than one a second.

        Args:
            interval: usual time between its images, nanoseconds.
        """
        return max(self.min_age, self.min_keyframes * interval)

    @property
    def min_keyframes(self) -> int:
        """The same in keyframes, of a camera that gives less than one a second: overlap is not about time."""
        return self.min_age // 10**9

    def is_soon(self, nanoseconds: int, keyframes: int) -> bool:
        """Whether two keyframes of a session, so far apart, are too close together for another visit."""
        return abs(nanoseconds) < self.min_age or keyframes < self.min_keyframes

    def elsewhere_below(self, similarity: float) -> float:
        """The cosine below which an image shows another place than one of this similarity does."""
        return max(ELSEWHERE * similarity, self.another_place)


class Departure:
    """A view, and whether the camera has left it: it saw another one for a while, without a break.

    Args:
        descriptor: (D,) float32, unit norm, of the view.
        pose: in the session's world frame, where known.
    """

    def __init__(self, descriptor: np.ndarray, pose: Optional[Pose]) -> None:
        self.descriptor, self.pose = descriptor, pose
        self._away_since: Optional[int] = None

    def has_left(self, similarity: float, left_below: float, now: int, pose: Optional[Pose]) -> bool:
        """Compare the view with what the camera sees now.

        Args:
            similarity: cosine of the two.
            left_below: the cosine below which they show different places.
            now: nanoseconds, not lower than before.
            pose: of the camera now, where known.
        """
        if similarity >= left_below:
            self._away_since = None
            return False
        if self._away_since is None:
            self._away_since = now
        return now - self._away_since >= (AWAY if has_moved(self.pose, pose) else AWAY_STILL)
