"""Similar keyframes become candidates: evidence is gathered, weighed and followed along the trajectory."""

from typing import Callable, Dict, List, NamedTuple, Optional

from place_recognition_ros.config import Config
from place_recognition_ros.loops.aliasing import Aliasing
from place_recognition_ros.loops.evidence import (
    NO_SCENE,
    Coefficients,
    log_odds,
    odds_of,
    odometry_log_odds,
    probability,
)
from place_recognition_ros.loops.geometry import GeometrySettings, measure
from place_recognition_ros.loops.hypotheses import TOLERANCE, Hypotheses, Hypothesis, Support
from place_recognition_ros.loops.limits import Limits, objection
from place_recognition_ros.loops.witness import Witness
from place_recognition_ros.loops.world_pose import world_pose
from place_recognition_ros.memory.keyframe_map import KeyframeMap, Match
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import Candidate, Evidence, FeatureKind, Kind, Query, Reason, Status, View

PROPOSED = 2  # runs whose continuation is examined even if it is not among the most similar keyframes
SUPPORTS = 1.0  # log odds of a view with which it can be accepted, however strong the others of its run are
CLEARLY = 2.0  # difference of log odds by which one place fits better than another


class Observation(NamedTuple):
    """A query with what the decision needs of it."""

    query: Query
    view: View
    pose: Optional[Pose] = None  # of the robot in the world frame of the session, as odometry reports it
    number: int = 0  # counts the queries of a trajectory


class Decision(NamedTuple):
    """What a query leads to."""

    candidates: List[Candidate]  # of this query, best first
    confirmed: List[Candidate]  # of earlier queries of the same run, accepted only now
    retracted: List[Candidate]  # accepted earlier, and refuted now


class Decisions:
    """Decides about the matches of a query.

    Args:
        config: the parameters.
        limits: what a match has to reach before it is weighed.
        weights: of the evidence.
        memory: the keyframes.
        visit: nanoseconds; keyframes of one session closer in time than this show one place.
        feature_kind: of the local features.
    """

    def __init__(
        self,
        config: Config,
        limits: Limits,
        weights: Coefficients,
        memory: KeyframeMap,
        visit: int,
        feature_kind: FeatureKind,
    ) -> None:
        self._limits = limits
        self._weights = weights
        self._memory = memory
        self._visit = visit
        self._most = config.max_verifications
        self._required = odds_of(config.accept_confidence)
        self._geometry = GeometrySettings(feature_kind, limits.min_inliers)
        self._witness = Witness(config.odometry_drift, memory)
        self._aliasing = Aliasing()
        self._links: Dict[int, int] = {}  # query id → match id of accepted candidates
        self._hypotheses = Hypotheses(weights, self._is_one_place)

    def begin_session(self) -> None:
        """Another trajectory begins: no run continues."""
        self._hypotheses.clear()

    @property
    def hypotheses(self) -> Hypotheses:
        """The runs that have not ended, for tools that explain a decision; not to be changed."""
        return self._hypotheses

    def add(
        self, observation: Observation, matches: List[Match], kind_of: Callable[[Match], Kind]
    ) -> Decision:
        """Decide about the matches of the next keyframe of the trajectory.

        Args:
            observation: the query.
            matches: the most similar keyframes, best first.
            kind_of: what each of them would mean.
        """
        return self._decide(self._hypotheses, observation, matches, kind_of, learn=True)

    def look(
        self, observation: Observation, matches: List[Match], kind_of: Callable[[Match], Kind]
    ) -> List[Candidate]:
        """The same without consequences.

        An observation with the number of the newest query continues its runs; number 0 is that of an image
        which belongs to no trajectory.
        """
        copy = (
            self._hypotheses.copy() if observation.number else Hypotheses(self._weights, self._is_one_place)
        )
        return self._decide(copy, observation, matches, kind_of, learn=False).candidates

    def _decide(
        self,
        hypotheses: Hypotheses,
        observation: Observation,
        matches: List[Match],
        kind_of: Callable[[Match], Kind],
        learn: bool,
    ) -> Decision:
        matches = matches + self._proposals(hypotheses, observation, matches)
        margins = {match.entry.id: self._margin(match, matches) for match in matches}
        candidates = [
            self._draft(observation, each, kind_of(each), margins[each.entry.id]) for each in matches
        ]
        examined = self._examine(hypotheses, observation, matches, candidates)
        supports = [self._support(observation, candidates[row]) for row in examined]
        if learn:
            self._learn(supports)
        supports = [each for each in supports if each.candidate.reason == Reason.NONE]
        runs = hypotheses.add(supports)
        judged = {
            run.newest.candidate.match_id: self._judge(hypotheses, run, observation.number) for run in runs
        }
        candidates = [judged.get(each.match_id, each) for each in candidates]
        candidates.sort(key=lambda each: (each.accepted, each.similarity), reverse=True)
        decision = Decision(candidates, [], [])
        if learn:
            for run in runs:
                self._publish(run, judged[run.newest.candidate.match_id], observation, decision)
        return decision

    # -------------------------------------------------------------------------------------- evidence

    def _proposals(
        self, hypotheses: Hypotheses, observation: Observation, matches: List[Match]
    ) -> List[Match]:
        """The keyframes with which the most probable runs would continue, where they are not among the matches."""
        found: List[Match] = []
        for run in hypotheses.alive(observation.number)[:PROPOSED]:
            newest, reach = run.newest.candidate, run.reach(observation.number)
            near = [
                each
                for each in matches + found
                if each.entry.session == newest.match_session
                and abs(each.entry.id - newest.match_id) <= reach
            ]
            if not near:
                found.append(self._memory.nearest(newest.match_id, reach, observation.query.descriptor))
        return found

    def _margin(self, match: Match, matches: List[Match]) -> float:
        others = [other.similarity for other in matches if not self._same_visit(match, other)]
        return match.similarity - max(others, default=-1.0)

    def _draft(self, observation: Observation, match: Match, kind: Kind, margin: float) -> Candidate:
        """A candidate with the evidence that costs nothing."""
        evidence = Evidence(match.similarity, margin)
        if kind == Kind.LOOP_CLOSURE:
            departure = self._memory.departure(match.entry, observation.query.descriptor)
            evidence = evidence._replace(
                travelled=departure.travelled, least_similarity=departure.least_similarity
            )
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

    def _limited(self, candidate: Candidate) -> Candidate:
        reason = objection(candidate.evidence, self._limits)
        if reason == Reason.NONE:
            return candidate
        return candidate._replace(status=Status.REJECTED, reason=reason)

    def _examine(
        self,
        hypotheses: Hypotheses,
        observation: Observation,
        matches: List[Match],
        candidates: List[Candidate],
    ) -> List[int]:
        """Run geometry on the most promising places, at most ``max_verifications``; returns their rows.

        A place is examined once: the most similar keyframe represents it. Runs that are alive come first.
        """
        expected = [run.newest.candidate for run in hypotheses.alive(observation.number)[:PROPOSED]]
        order = sorted(
            (row for row, each in enumerate(candidates) if each.reason == Reason.NONE),
            key=lambda row: not any(self._is_one_place(candidates[row], each) for each in expected),
        )
        examined: List[int] = []
        for row in order:
            if len(examined) == self._most:
                break
            if not any(self._same_visit(matches[row], matches[other]) for other in examined):
                candidates[row] = self._measured(observation, matches[row], candidates[row])
                examined.append(row)
        return examined

    def _measured(self, observation: Observation, match: Match, draft: Candidate) -> Candidate:
        view = self._memory.view(match.entry.id)
        geometry = measure(observation.view, view, self._geometry)
        evidence = draft.evidence._replace(
            matches=geometry.matches,
            inliers=geometry.inliers,
            coverage=geometry.coverage,
            spread=geometry.spread,
            aliasing=self._aliasing.level,
        )
        if match.entry.session == observation.query.session:
            testimony = self._witness.testify(observation.pose, match.entry, geometry.pose)
            if testimony is not None:
                evidence = evidence._replace(possible=testimony.possible, near=testimony.near)
        return self._limited(
            draft._replace(
                evidence=evidence,
                pose=geometry.pose,
                world_pose=world_pose(geometry.pose, view.pose, match.frame),
            )
        )

    # -------------------------------------------------------------------------------------- decision

    def _support(self, observation: Observation, candidate: Candidate) -> Support:
        odds = log_odds(candidate.evidence, self._weights)
        odometry = odometry_log_odds(candidate.evidence.near)
        return Support(observation.number, observation.query.descriptor, candidate, odds, odometry)

    def _learn(self, supports: List[Support]) -> None:
        """Of several places at most one is right: the others show what wrong matches of this map reach."""
        if not supports:
            return
        plain = [
            each._replace(log_odds=log_odds(each.candidate.evidence._replace(aliasing=0.0), self._weights))
            for each in supports
        ]
        best = max(plain, key=lambda each: each.log_odds)
        rivals = [each.log_odds for each in plain if not self._is_one_place(each.candidate, best.candidate)]
        self._aliasing.observe(max(rivals, default=NO_SCENE))

    def _judge(self, hypotheses: Hypotheses, run: Hypothesis, number: int) -> Candidate:
        """The newest candidate of a run with its confidence and its status."""
        candidate = run.newest.candidate
        posterior = hypotheses.posterior(run, number)
        candidate = candidate._replace(confidence=probability(posterior))
        if posterior >= self._required and run.newest.log_odds >= SUPPORTS:
            return candidate._replace(status=Status.VERIFIED)
        own, best = run.log_odds(self._weights), hypotheses.strongest_rival(run, number)
        reason = Reason.NOT_YET
        if own >= self._required:
            reason = Reason.OUTRANKED if best > own + CLEARLY else Reason.AMBIGUOUS
        elif run.newest.log_odds < -CLEARLY:
            reason = Reason.CONTRADICTED
        return candidate._replace(status=Status.REJECTED, reason=reason)

    def _publish(
        self, run: Hypothesis, judged: Candidate, observation: Observation, decision: Decision
    ) -> None:
        """Follow the decision through: earlier views of an accepted run, or of a refuted one."""
        if judged.accepted:
            for view in run.views[:-1]:
                earlier = view.candidate
                if view.number not in run.published and view.log_odds >= SUPPORTS:
                    decision.confirmed.append(
                        earlier._replace(
                            status=Status.VERIFIED, reason=Reason.NONE, confidence=judged.confidence
                        )
                    )
                    run.published[view.number] = decision.confirmed[-1]
            run.published[observation.number] = judged
            for each in run.published.values():
                self._links[each.query_id] = each.match_id
        elif run.is_refuted(self._weights):
            decision.retracted.extend(run.published.values())
            for each in run.published.values():
                self._links.pop(each.query_id, None)
            run.published.clear()

    def _same_visit(self, a: Match, b: Match) -> bool:
        near = abs(a.entry.stamp - b.entry.stamp) < self._visit
        return near and a.entry.session == b.entry.session

    def _is_one_place(self, a: Candidate, b: Candidate) -> bool:
        """Whether the matches of two candidates show the same place, as far as the map knows."""
        if a.match_session == b.match_session and abs(a.match_stamp - b.match_stamp) < self._visit:
            return True
        older, newer = sorted((a.match_id, b.match_id))
        around = range(newer - TOLERANCE, newer + TOLERANCE + 1)
        return any(abs(self._links[each] - older) <= 2 * TOLERANCE for each in around if each in self._links)
