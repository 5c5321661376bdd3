"""Do two keyframes of different robots show one place? The decision is that of a robot about its own map."""

from typing import List, NamedTuple, Optional, Sequence

from place_recognition_ros.config import Config
from place_recognition_ros.fleet.ledger import Proposal, session_of
from place_recognition_ros.fleet.memory import FleetMemory
from place_recognition_ros.loops.decisions import Decisions
from place_recognition_ros.loops.evidence import Coefficients
from place_recognition_ros.loops.examination import Observation
from place_recognition_ros.memory.departure import Leaving
from place_recognition_ros.memory.keyframe_map import Match
from place_recognition_ros.memory.worlds import Worlds
from place_recognition_ros.types import Candidate, FeatureKind, Kind, Query, Reason

PROMISING = 0.3  # confidence of a pair that another view may confirm
MOST_VIEWS = 3  # of two stretches


def observation_of(memory: FleetMemory, keyframe_id: int) -> Observation:
    """A keyframe as the query of a decision."""
    timeline, view = memory.map.timeline, memory.map.store.view(keyframe_id)
    entry, vector = timeline[keyframe_id], timeline.vector(keyframe_id)
    frame = view.camera.frame_id if view.camera is not None else ""
    robot = memory.member_of(keyframe_id).robot
    return Observation(Query(keyframe_id, entry.stamp, entry.session, robot, frame, vector), view)


def match_of(memory: FleetMemory, query_id: int, match_id: int) -> Match:
    """One keyframe as the match of another one."""
    timeline = memory.map.timeline
    similarity = float(timeline.vector(query_id) @ timeline.vector(match_id))
    return Match(timeline[match_id], memory.member_of(match_id).robot, similarity)


class Verdict(NamedTuple):
    """What the features of two stretches say."""

    candidate: Candidate
    promising: bool  # another pair of the same stretches may be accepted


class Verifier:
    """Compares the local features of keyframes.

    Args:
        config: the parameters of the decision.
        card_similarity: the model card's lowest cosine.
        memory: the map.
        leaving: what it takes to leave a place.
        kind: of the local features.
        weights: of the evidence.
    """

    def __init__(
        self,
        config: Config,
        card_similarity: float,
        memory: FleetMemory,
        leaving: Leaving,
        kind: FeatureKind,
        weights: Coefficients,
    ) -> None:
        self._memory = memory
        worlds = Worlds(memory.map.store.learned.ties())
        self._decisions = Decisions(config, card_similarity, memory.map, leaving, kind, weights, worlds)

    def verify(self, proposal: Proposal, tried: Sequence[Proposal]) -> Optional[Verdict]:
        """Decide about a pair.

        Args:
            proposal: whose features are here.
            tried: earlier pairs of the same two stretches, which count as views of the same run.

        Returns:
            None: there is nothing to compare.
        """
        memory, timeline = self._memory, self._memory.map.timeline
        pairs = {
            each.query: each
            for each in (*tried, proposal)
            if each.query in timeline
            and each.match in timeline
            and session_of(each.query) == session_of(proposal.query)
        }
        if proposal.query not in pairs:
            return None  # it was removed meanwhile
        views = [
            (observation_of(memory, query), [match_of(memory, query, pairs[query].match)])
            for query in sorted(pairs)
        ]
        found: List[Candidate] = self._decisions.look(views, lambda match: Kind.INTER_SESSION)
        if not found:
            return None
        best = found[0]
        more = best.reason == Reason.NOT_YET and best.confidence >= PROMISING and len(pairs) < MOST_VIEWS
        return Verdict(best, more)
