"""Which keyframes show one place, as far as it was recognised."""

from typing import Dict

from place_recognition_ros.memory.departure import Leaving
from place_recognition_ros.memory.timeline import Timeline
from place_recognition_ros.types import Candidate

FORGET = 2  # links for each keyframe until those of removed ones are forgotten
TOLERANCE = 2  # keyframes of a session: matches this close show one place


class Places:
    """Links between the visits of a place: a keyframe of a later visit → one of the first.

    Args:
        links: to begin with.
        leaving: what it takes to leave a place; keyframes of one visit show one place.
        timeline: the keyframes.
    """

    def __init__(self, links: Dict[int, int], leaving: Leaving, timeline: Timeline) -> None:
        self._links = links
        self._leaving = leaving
        self._timeline = timeline

    def is_one(self, a: Candidate, b: Candidate) -> bool:
        """Whether the matches of two candidates show one place, as far as it is known."""
        if a.match_session == b.match_session:
            between = self._timeline.between(a.match_id, b.match_id)
            soon = self._leaving.is_soon(a.match_stamp - b.match_stamp, between)
            if soon or self._timeline.is_one_visit(a.match_id, b.match_id, self._leaving):
                return True
        first, second = self.origin(a.match_id), self.origin(b.match_id)
        near = self._timeline.between(first, second) <= 2 * TOLERANCE
        return near and self._timeline.session_of(first) == self._timeline.session_of(second)

    def origin(self, keyframe_id: int) -> int:
        """The keyframe of the first visit of the place that a keyframe shows; itself: no earlier one."""
        for near in self._timeline.neighbours(keyframe_id, TOLERANCE):
            earlier = self._links.get(near, keyframe_id)
            if earlier < keyframe_id:
                return self.origin(earlier)
        return keyframe_id

    def link(self, keyframe_id: int, match_id: int) -> int:
        """A keyframe shows the place of an earlier one; returns the one of the first visit."""
        self._links[keyframe_id] = self.origin(match_id)
        if len(self._links) > FORGET * (len(self._timeline) + 1000):
            self._links = {each: first for each, first in self._links.items() if each in self._timeline}
        return self._links[keyframe_id]

    def unlink(self, keyframe_id: int) -> None:
        """It does not, after all."""
        self._links.pop(keyframe_id, None)
