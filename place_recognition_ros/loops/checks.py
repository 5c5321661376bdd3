"""Similar keyframes become candidates: evidence is gathered, the cheapest first, until it decides."""

from typing import Iterator, List, NamedTuple

import numpy as np

from place_recognition_ros.config import Config
from place_recognition_ros.loops.evidence import Evidence, Limits, decide
from place_recognition_ros.loops.geometry import GeometrySettings, measure
from place_recognition_ros.loops.sequence import sequence_radius, sequence_similarity
from place_recognition_ros.loops.world_pose import world_pose
from place_recognition_ros.memory.keyframe_map import KeyframeMap, Match
from place_recognition_ros.types import Candidate, FeatureKind, Kind, Query, Reason, View


class Observation(NamedTuple):
    """A query with what the checks need of it."""

    query: Query
    view: View
    past: np.ndarray  # (n, D) float32: this descriptor, then those of the keyframes before it
    accepted: List[Candidate]  # of the keyframes just before it


class Checks:
    """Checks the matches of a query.

    Args:
        config: the parameters.
        limits: what the evidence has to reach.
        memory: the keyframes.
        visit: nanoseconds; keyframes of one session closer in time than this show one place.
        feature_kind: of the local features.
    """

    def __init__(
        self, config: Config, limits: Limits, memory: KeyframeMap, visit: int, feature_kind: FeatureKind
    ) -> None:
        self._config = config
        self._limits = limits
        self._memory = memory
        self._visit = visit
        self._geometry = GeometrySettings(feature_kind, limits.min_inliers)

    def run(self, observation: Observation, matches: List[Match], kinds: List[Kind]) -> List[Candidate]:
        """Check matches, best first, until one is accepted.

        A place is checked once: its most similar keyframe represents it. Only candidates on which the
        geometry really ran count towards ``max_verifications``.

        Args:
            observation: the query.
            matches: best first.
            kinds: what each of them would mean.

        Returns:
            A candidate for each match, in their order.
        """
        candidates = []
        checked: List[Match] = []
        verified, accepted = 0, False
        for match, kind in zip(matches, kinds):
            evidence = Evidence(match.similarity, self._margin(match, matches))
            known = accepted or verified >= self._config.max_verifications
            if not known and not any(self._same_place(match, other) for other in checked):
                evidence = self._gather(observation, match, kind, evidence)
                if evidence.travelled is not None or evidence.sequence is not None:
                    checked.append(match)
                verified += evidence.geometry is not None
            candidates.append(self._candidate(observation.query, match, kind, evidence))
            accepted = accepted or candidates[-1].accepted
        return candidates

    def _gather(self, observation: Observation, match: Match, kind: Kind, first: Evidence) -> Evidence:
        """The evidence up to the first check that a match does not pass."""
        evidence = first
        for evidence in self._steps(observation, match, kind, first):
            if decide(evidence, self._limits)[1] != Reason.NONE:
                break
        return evidence

    def _steps(
        self, observation: Observation, match: Match, kind: Kind, evidence: Evidence
    ) -> Iterator[Evidence]:
        """The evidence as it grows; each step costs more than the one before."""
        yield evidence
        if kind == Kind.LOOP_CLOSURE:
            departure = self._memory.departure(match.entry, observation.query.descriptor)
            evidence = evidence._replace(
                travelled=departure.travelled, least_similarity=departure.least_similarity
            )
            yield evidence
        around, row = self._memory.around(match.entry.id, sequence_radius(len(observation.past)))
        evidence = evidence._replace(sequence=sequence_similarity(observation.past, around, row))
        yield evidence
        if self._config.geometric_check:
            view = self._memory.view(match.entry.id)
            geometry = measure(observation.view, view, self._geometry)
            yield evidence._replace(
                geometry=geometry,
                expected=self._is_expected(observation, match),
                world_pose=world_pose(geometry.pose, view.pose, match.frame),
            )

    def _candidate(self, query: Query, match: Match, kind: Kind, evidence: Evidence) -> Candidate:
        status, reason = decide(evidence, self._limits)
        geometry = evidence.geometry
        return Candidate(
            kind=kind,
            status=status,
            reason=reason,
            query_id=query.id,
            match_id=match.entry.id,
            query_stamp=query.stamp,
            match_stamp=match.entry.stamp,
            query_session=query.session,
            match_session=match.entry.session,
            query_robot=query.robot,
            match_robot=match.robot,
            similarity=evidence.similarity,
            margin=evidence.margin,
            matches=-1 if geometry is None else geometry.matches,
            inliers=-1 if geometry is None else geometry.inliers,
            pose=None if geometry is None else geometry.pose,
            world_pose=evidence.world_pose,
        )

    def _margin(self, match: Match, matches: List[Match]) -> float:
        others = [other.similarity for other in matches if not self._same_place(match, other)]
        return match.similarity - max(others, default=-1.0)

    def _same_place(self, a: Match, b: Match) -> bool:
        near = abs(a.entry.stamp - b.entry.stamp) < self._visit
        return near and a.entry.session == b.entry.session

    def _is_expected(self, observation: Observation, match: Match) -> bool:
        """Whether a keyframe just before the query was accepted next to the match: not a look-alike then."""
        reach = sequence_radius(self._config.sequence_length)
        return any(
            last.match_session == match.entry.session and abs(last.match_id - match.entry.id) <= reach
            for last in observation.accepted
        )
