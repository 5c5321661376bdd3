"""What is measured of one match: the evidence, the cheap parts first."""

from typing import List, NamedTuple, Optional

from place_recognition_ros.loops.geometry import GeometrySettings, measure
from place_recognition_ros.loops.limits import Limits, objection
from place_recognition_ros.loops.witness import allows
from place_recognition_ros.loops.world_pose import world_pose
from place_recognition_ros.memory.departure import Leaving
from place_recognition_ros.memory.keyframe_map import KeyframeMap, Match
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import Candidate, Evidence, Kind, Query, Reason, Status, View


class Observation(NamedTuple):
    """A query with what the decision needs of it."""

    query: Query
    view: View
    pose: Optional[Pose] = None  # of the robot in the world frame of the session, as odometry reports it
    travelled: float = 0.0  # metres since the session began, where poses are known
    number: int = 0  # counts the queries of a trajectory; 0: the image belongs to none


class Examiner:
    """Gathers evidence.

    Args:
        limits: what a match has to reach before it is weighed.
        memory: the keyframes.
        geometry: how images are compared.
        leaving: what it takes to leave a place.
        drift: of odometry, metres per metre; 0: it is not used.
    """

    def __init__(
        self, limits: Limits, memory: KeyframeMap, geometry: GeometrySettings, leaving: Leaving, drift: float
    ) -> None:
        self._limits = limits
        self._memory = memory
        self._geometry = geometry
        self._leaving = leaving
        self._drift = drift

    def draft(self, observation: Observation, match: Match, matches: List[Match], kind: Kind) -> Candidate:
        """A candidate with the evidence that needs no image.

        Args:
            observation: the query.
            match: one of ``matches``.
            matches: of the query.
            kind: what the match would mean.
        """
        others = [other.similarity for other in matches if not self.same_visit(match, other)]
        evidence = Evidence(match.similarity, match.similarity - max(others, default=-1.0))
        query, entry = observation.query, match.entry
        return self._limited(
            Candidate(
                kind=kind,
                status=Status.RETRIEVED,
                reason=Reason.NONE,
                query_id=query.id,
                match_id=entry.id,
                query_stamp=query.stamp,
                match_stamp=entry.stamp,
                query_session=query.session,
                match_session=entry.session,
                query_robot=query.robot,
                match_robot=match.robot,
                evidence=evidence,
            )
        )

    def measured(
        self, observation: Observation, match: Match, draft: Candidate, aliasing: float
    ) -> Candidate:
        """The candidate with the geometry of both images.

        Args:
            observation: the query.
            match: the match.
            draft: its :meth:`draft`.
            aliasing: of the map, see ``loops.aliasing``.
        """
        view = self._memory.store.view(match.entry.id)
        geometry = measure(observation.view, view, self._geometry)
        possible: Optional[bool] = None
        if match.entry.session == observation.query.session:
            travelled = observation.travelled
            possible = allows(observation.pose, match.entry, geometry.pose, travelled, self._drift)
        evidence = draft.evidence._replace(
            matches=geometry.matches,
            inliers=geometry.inliers,
            coverage=geometry.coverage,
            rolled=geometry.rolled,
            spread=geometry.spread,
            breadth=geometry.breadth,
            shift=geometry.shift,
            aliasing=aliasing,
            possible=possible,
        )
        return self._limited(
            draft._replace(
                evidence=evidence,
                pose=geometry.pose,
                world_pose=world_pose(geometry.pose, view.pose, match.frame),
                pairs=geometry.pairs,
            )
        )

    def same_visit(self, a: Match, b: Match) -> bool:
        """Whether two keyframes are of one session and so close that they show one place."""
        if a.entry.session != b.entry.session:
            return False
        return self._leaving.is_soon(
            a.entry.stamp - b.entry.stamp, self._memory.timeline.between(a.entry.id, b.entry.id)
        )

    def _limited(self, candidate: Candidate) -> Candidate:
        reason = objection(candidate.evidence, self._limits)
        if reason == Reason.NONE:
            return candidate
        return candidate._replace(status=Status.REJECTED, reason=reason)
