"""Where is the camera? A search of all sessions that changes nothing."""

from collections import deque
from functools import partial
from typing import Deque, List

from place_recognition_ros.loops.decisions import Decisions
from place_recognition_ros.loops.examination import Observation
from place_recognition_ros.loops.hypotheses import ALIKE
from place_recognition_ros.memory.keyframe_map import KeyframeMap, Match
from place_recognition_ros.stopwatch import Stopwatch
from place_recognition_ros.types import Candidate, Kind

TOGETHER = 5  # newest views that are used together


class Relocalizer:
    """Keeps the newest views of one session.

    Args:
        memory: the map.
        min_age: nanoseconds between a view and an older keyframe of its session that may be its match.
        watch: measures the durations.
    """

    def __init__(self, memory: KeyframeMap, min_age: int, watch: Stopwatch) -> None:
        self._map, self._min_age, self._watch = memory, min_age, watch
        self._views: Deque[Observation] = deque(maxlen=TOGETHER)

    @property
    def views(self) -> List[Observation]:
        """The newest views, oldest first; none before the first image."""
        return list(self._views)

    def see(self, observation: Observation) -> None:
        """Take the next view; of those that look the same, only the newest is kept."""
        if self._views and self._views[-1].query.session != observation.query.session:
            self._views.clear()
        if self._views and float(self._views[-1].query.descriptor @ observation.query.descriptor) >= ALIKE:
            self._views.pop()
        self._views.append(observation)

    def look(self, observations: List[Observation], k: int, decisions: Decisions) -> List[Candidate]:
        """The candidates of :meth:`Decisions.look` with the k most similar keyframes of each view."""
        with self._watch("search"):
            views = [
                (each, self._map.search(each.query.descriptor, k, partial(self._others, each)))
                for each in observations
            ]
        with self._watch("decide"):
            return decisions.look(views, lambda match: Kind.RELOCALIZATION)

    def _others(self, observation: Observation, matches: List[Match]) -> List[Match]:
        """Matches that are not the keyframe of the view itself, nor of the seconds before it."""
        query = observation.query
        if not observation.number:
            return matches  # it is of no session
        latest = query.stamp - self._min_age
        return [each for each in matches if each.entry.session != query.session or each.entry.stamp <= latest]
