"""Which keyframes show one place, as far as it was recognised."""

from bisect import bisect_left, insort
from typing import Dict, List

import numpy as np

from place_recognition_ros.memory.learned import Learned
from place_recognition_ros.memory.timeline import Timeline

FORGET = 2  # links for each keyframe until those of removed ones are forgotten
TOLERANCE = 2  # keyframes of a session: matches this close show one place
SPAN = 40  # keyframes at most between two recognised ones that were on the way, though not recognised
STRETCHED = 1.25  # times as many keyframes of the first visit may show this way


class Places:
    """Links between the visits of a place: a keyframe of a later visit → one of the first.

    There are none before ``read``.

    Args:
        learned: keeps the links in the map.
        timeline: the keyframes.
    """

    def __init__(self, learned: Learned, timeline: Timeline) -> None:
        self._learned, self._timeline = learned, timeline
        self._links: Dict[int, int] = {}
        self._session = 0  # the present one
        self._recognised: List[int] = []  # its keyframes that were, in order

    def read(self) -> None:
        """Take the links that are in the map's file."""
        self._links = self._learned.links()

    def apart(self, a: int, b: int) -> float:
        """How many keyframes two of them are apart, on their way or the first visit's; inf: not known."""
        return min(self._along(a, b), self.apart_at_first(a, b))

    def apart_at_first(self, a: int, b: int) -> float:
        """How many keyframes of the first visit their places are apart; inf: not known."""
        return self._along(self.origin(a), self.origin(b))

    def _along(self, a: int, b: int) -> float:
        if self._timeline.session_of(a) != self._timeline.session_of(b):
            return np.inf
        return self._timeline.between(a, b)

    def origin(self, keyframe_id: int) -> int:
        """The keyframe of the first visit of the place that a keyframe shows; itself: no earlier one."""
        for near in self._timeline.neighbours(keyframe_id, TOLERANCE):
            earlier = self._links.get(near, keyframe_id)
            if earlier < keyframe_id:
                return self.origin(earlier)
        return keyframe_id

    def link(self, keyframe_id: int, match_id: int) -> None:
        """A keyframe of the present session shows the place of an earlier one.

        What lies between two such keyframes was on the way between their places, though not recognised.
        """
        session = self._timeline.session_of(keyframe_id)
        if session != self._session:
            self._session, self._recognised = session, []
        if not self._is_recognised(keyframe_id):
            insort(self._recognised, keyframe_id)
        self._link(keyframe_id, self.origin(match_id))
        for other in self._beside(keyframe_id):
            self._link_between(*sorted((keyframe_id, other)))
        if len(self._links) > FORGET * (len(self._timeline) + 1000):
            self._links = {each: first for each, first in self._links.items() if each in self._timeline}

    def unlink(self, keyframe_id: int) -> None:
        """It does not, after all."""
        beside = self._beside(keyframe_id)
        first, *_, last = sorted([keyframe_id, *beside, keyframe_id])
        for each in (keyframe_id, *self._timeline.ids(first, last)):
            self._links.pop(each, None)
            self._learned.unlink(each)
        if self._is_recognised(keyframe_id):
            del self._recognised[bisect_left(self._recognised, keyframe_id)]
        if len(beside) == 2:
            self._link_between(*beside)

    def _is_recognised(self, keyframe_id: int) -> bool:
        row = bisect_left(self._recognised, keyframe_id)
        return self._recognised[row : row + 1] == [keyframe_id]

    def _beside(self, keyframe_id: int) -> List[int]:
        """The recognised keyframes next before and next after one, if they are within ``SPAN``."""
        row = bisect_left(self._recognised, keyframe_id)
        after = [each for each in self._recognised[row : row + 2] if each != keyframe_id][:1]
        near = self._recognised[max(0, row - 1) : row] + after
        return [each for each in near if abs(each - keyframe_id) <= SPAN]

    def _link_between(self, a: int, b: int) -> None:
        """Link what lies between two recognised keyframes, if they are as far apart as their places.

        Ids rise by one with each keyframe of a session, and count removed ones too.
        """
        if not 1 < b - a <= SPAN:
            return
        first, last = self._links[a], self._links[b]
        if self._timeline.session_of(first) != self._timeline.session_of(last):
            return
        if abs(last - first) > STRETCHED * (b - a) + TOLERANCE:
            return
        for each in self._timeline.ids(a, b):
            self._link(each, first + round((last - first) * (each - a) / (b - a)))

    def _link(self, keyframe_id: int, origin: int) -> None:
        self._links[keyframe_id] = origin
        self._learned.link(keyframe_id, origin)

    def visits(self) -> Dict[int, List[int]]:
        """Keyframe of a first visit → the keyframes of later visits that show its place."""
        visits: Dict[int, List[int]] = {}
        for keyframe_id, first in self._links.items():
            if keyframe_id in self._timeline:
                visits.setdefault(first, []).append(keyframe_id)
        return visits
