"""Whether two matches show one place, as far as the map knows."""

from typing import NamedTuple

import numpy as np

from place_recognition_ros.memory.departure import Leaving
from place_recognition_ros.memory.keyframe_map import KeyframeMap
from place_recognition_ros.memory.places import TOLERANCE
from place_recognition_ros.memory.worlds import Worlds
from place_recognition_ros.types import Candidate


class Identity(NamedTuple):
    """Tells the same place, another place, and what is not known.

    Not known is the relation of two sessions that matches connect, where a place was not recognised in the
    later one: in another season, that is nearly all of a way. Their keyframes may show one place.
    """

    memory: KeyframeMap
    leaving: Leaving  # keyframes of one visit show one place
    worlds: Worlds  # which sessions matches connect

    def apart(self, a: Candidate, b: Candidate) -> float:
        """How many keyframes of one way their matches are apart; inf: not known."""
        return self.memory.places.apart(a.match_id, b.match_id)

    def is_one(self, a: Candidate, b: Candidate) -> bool:
        """Whether the matches of two candidates are known to show one place."""
        if a.match_session == b.match_session:
            timeline = self.memory.timeline
            between = timeline.between(a.match_id, b.match_id)
            soon = self.leaving.is_soon(a.match_stamp - b.match_stamp, between)
            if soon or timeline.is_one_visit(a.match_id, b.match_id, self.leaving):
                return True
        return self.memory.places.apart_at_first(a.match_id, b.match_id) <= 2 * TOLERANCE

    def is_other(self, a: Candidate, b: Candidate) -> bool:
        """Whether they show two places, as far as is known: the rule, unless their relation is not known."""
        if self.is_one(a, b):
            return False
        if a.match_session == b.match_session or not self.is_one_world(a, b):
            return True
        return bool(np.isfinite(self.memory.places.apart_at_first(a.match_id, b.match_id)))

    def is_one_world(self, a: Candidate, b: Candidate) -> bool:
        """Whether matches connect the sessions of theirs."""
        return self.worlds.world(a.match_session) == self.worlds.world(b.match_session)
