"""Similar keyframes become candidates: evidence is gathered, weighed and followed along the trajectory."""

from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

from place_recognition_ros.config import Config
from place_recognition_ros.loops.aliasing import ALIASING, Aliasing
from place_recognition_ros.loops.consistency import Consistency, Loop
from place_recognition_ros.loops.evidence import Coefficients, log_odds, odds_of, probability, strength
from place_recognition_ros.loops.examination import Examiner, Observation
from place_recognition_ros.loops.geometry import GeometrySettings
from place_recognition_ros.loops.hypotheses import SUPPORTS, Hypotheses, Hypothesis, Support
from place_recognition_ros.loops.identity import Identity
from place_recognition_ros.loops.limits import Limits
from place_recognition_ros.memory.departure import Leaving
from place_recognition_ros.memory.keyframe_map import KeyframeMap, Match
from place_recognition_ros.memory.worlds import Worlds
from place_recognition_ros.types import Candidate, Evidence, FeatureKind, Kind, Reason, Status

PROPOSED = 2  # runs whose continuation is examined even if it is not among the most similar keyframes
SAVED = 32  # queries after which it is stored how much the places look alike
CLEARLY = 2.0  # difference of log odds by which one place fits better than another

KindOf = Callable[[Match], Kind]
"""What a match of the present query would mean."""


View = Tuple[Observation, List[Match]]
"""An image, and the keyframes most similar to it, best first."""


class Decision(NamedTuple):
    """What a query leads to."""

    candidates: List[Candidate]  # of this query, the accepted ones first, then by similarity
    confirmed: List[Candidate]  # of earlier queries of the same run, accepted only now
    retracted: List[Candidate]  # accepted earlier, and refuted now, with the reason


class Decisions:
    """Decides about the matches of a query.

    Args:
        config: the parameters.
        card_similarity: the model card's lowest cosine.
        memory: the keyframes, and what was learned of them.
        leaving: what it takes to leave a place; keyframes of one visit show one place.
        feature_kind: of the local features.
        weights: of the evidence.
        worlds: which sessions matches connect.
    """

    def __init__(
        self,
        config: Config,
        card_similarity: float,
        memory: KeyframeMap,
        leaving: Leaving,
        feature_kind: FeatureKind,
        weights: Coefficients,
        worlds: Worlds,
    ) -> None:
        self._config, self._card_similarity = config, card_similarity
        self._weights = weights
        self._memory, self._leaving = memory, leaving
        self._feature_kind = feature_kind
        self._learned = memory.store.learned
        self._aliasing = Aliasing(weights, worlds.world, self._learned.note(ALIASING))
        self._consistency = Consistency(config.odometry_drift)
        self._places = memory.places
        self._places.read()
        self._identity = Identity(memory, leaving, worlds)
        self._hypotheses = Hypotheses(weights, self._identity)

    def begin_session(self) -> None:
        """Another trajectory begins: no run continues."""
        self._hypotheses.clear()
        self._consistency.clear()

    @property
    def hypotheses(self) -> Hypotheses:
        """The runs that have not ended, for tools that explain a decision; not to be changed."""
        return self._hypotheses

    def add(
        self, observation: Observation, matches: List[Match], kind_of: KindOf, reported: bool = False
    ) -> Decision:
        """Decide about the matches of the next keyframe of the trajectory.

        Args:
            observation: the query.
            matches: the most similar keyframes, best first.
            kind_of: what each of them would mean.
            reported: whether the camera stands where a match was accepted already; no other one is then.
        """
        self._hypotheses.observe(observation.query.stamp)
        examined, candidates = self._examined(self._hypotheses, observation, matches, kind_of)
        self._learn(examined)
        runs = self._hypotheses.add(self._supports(observation, examined))
        decision = Decision([], [], [])
        judged: Dict[int, Candidate] = {}
        for run in runs:
            candidate = self._judge(self._hypotheses, run, observation.number)
            if candidate.kind == Kind.KIDNAP_RECOVERY and any(each.accepted for each in judged.values()):
                candidate = candidate._replace(kind=Kind.INTER_SESSION)  # it is reported once
            if candidate.accepted and reported:
                run.refused.add(observation.number)
                candidate = candidate._replace(status=Status.REJECTED, reason=Reason.TOO_RECENT)
            judged[candidate.match_id] = self._follow(run, candidate, decision)
        decision.candidates.extend(_sorted(candidates, judged))
        return decision

    def look(self, views: Sequence[View], kind_of: KindOf) -> List[Candidate]:
        """Find out where the camera is, without consequences.

        Args:
            views: the newest images of a trajectory, oldest first, or a single image; each with its matches.
            kind_of: what a match would mean.

        Returns:
            One candidate for each place that may be the right one, the accepted ones first, then by
            confidence; then what else is similar to the newest image.
        """
        hypotheses = Hypotheses(self._weights, self._identity)
        candidates: List[Candidate] = []
        for number, (observation, matches) in enumerate(views, 1):
            observation = observation._replace(number=number)
            hypotheses.observe(observation.query.stamp)
            examined, candidates = self._examined(hypotheses, observation, matches, kind_of)
            hypotheses.add(self._supports(observation, examined))
        judged = [self._judge(hypotheses, run, len(views)) for run in hypotheses.alive(len(views))]
        judged.sort(key=lambda each: (each.accepted, each.confidence), reverse=True)
        known = {each.match_id for each in judged}
        return judged + [each for each in candidates if each.match_id not in known]

    # -------------------------------------------------------------------------------------- evidence

    def _examined(
        self, hypotheses: Hypotheses, observation: Observation, matches: List[Match], kind_of: KindOf
    ) -> Tuple[List[Candidate], List[Candidate]]:
        """Run geometry on the most promising places, at most ``max_verifications``.

        A place is examined once: the most similar keyframe represents it. Runs that are alive come first.

        Returns:
            The candidates that were examined, and all.
        """
        examiner = self._examiner()
        matches = matches + self._proposals(hypotheses, observation, matches)
        candidates = [examiner.draft(observation, each, matches, kind_of(each)) for each in matches]
        expected = [run.newest.candidate for run in hypotheses.alive(observation.number)[:PROPOSED]]
        order = sorted(
            (row for row, each in enumerate(candidates) if each.reason == Reason.NONE),
            key=lambda row: not any(self._identity.is_one(candidates[row], each) for each in expected),
        )
        chosen: List[int] = []
        for row in order:
            if len(chosen) == self._config.max_verifications:
                break
            if not any(examiner.same_visit(matches[row], matches[other]) for other in chosen):
                level = self._aliasing.level(candidates[row].kind, candidates[row].match_session)
                candidates[row] = examiner.measured(observation, matches[row], candidates[row], level)
                chosen.append(row)
        return [candidates[row] for row in chosen], candidates

    def _examiner(self) -> Examiner:
        """It examines by the parameters as they are now."""
        limits = Limits.from_config(self._config, self._card_similarity)
        geometry = GeometrySettings(self._feature_kind, limits.min_inliers)
        return Examiner(limits, self._memory, geometry, self._leaving, self._config.odometry_drift)

    def _proposals(
        self, hypotheses: Hypotheses, observation: Observation, matches: List[Match]
    ) -> List[Match]:
        """The keyframes that would continue the most probable runs, where they are not among the matches."""
        found: List[Match] = []
        for run in hypotheses.alive(observation.number)[:PROPOSED]:
            newest, reach = run.newest.candidate, run.reach(observation.number)
            near = [
                each
                for each in matches + found
                if each.entry.session == newest.match_session
                and self._memory.timeline.between(each.entry.id, newest.match_id) <= reach
            ]
            if not near:
                nearest = self._memory.nearest(newest.match_id, reach, observation.query.descriptor)
                found += [nearest] if nearest is not None else []
        return found

    def _supports(self, observation: Observation, examined: List[Candidate]) -> List[Support]:
        """The candidates that passed all limits, weighed."""
        number, descriptor = observation.number, observation.query.descriptor
        return [
            Support(
                number,
                descriptor,
                each,
                log_odds(each.evidence, self._weights),
                self._loop(each, observation),
            )
            for each in examined
            if each.reason == Reason.NONE
        ]

    def _loop(self, candidate: Candidate, observation: Observation) -> Optional[Loop]:
        entry = self._memory.timeline.get(candidate.match_id)
        if observation.pose is None or entry is None or entry.pose is None:
            return None
        return Loop(candidate, observation.pose, entry.pose, observation.travelled, entry.travelled)

    def _learn(self, examined: List[Candidate]) -> None:
        """Of several places at most one is right: the others show what wrong matches of this map reach."""
        if not examined:
            return
        strengths = [strength(each.evidence, self._weights) for each in examined]
        best = max(examined, key=lambda each: log_odds(each.evidence._replace(aliasing=0.0), self._weights))
        nothing = strength(Evidence(0.0, 0.0), self._weights)
        world_of = self._identity.worlds.world
        in_session, in_worlds = nothing, {world_of(best.match_session): nothing}
        for each, reached in zip(examined, strengths):
            if self._identity.is_other(each, best):
                world = world_of(each.match_session)
                in_worlds[world] = max(reached, in_worlds.get(world, nothing))
                if each.kind == Kind.LOOP_CLOSURE:
                    in_session = max(reached, in_session)
        self._aliasing.observe(in_session, in_worlds)
        if self._aliasing.observed % SAVED == 0:
            self._learned.set_note(ALIASING, self._aliasing.to_text())

    # -------------------------------------------------------------------------------------- decision

    def _judge(self, hypotheses: Hypotheses, run: Hypothesis, number: int) -> Candidate:
        """The newest candidate of a run with its confidence and its status."""
        required = odds_of(self._config.accept_confidence)
        posterior = hypotheses.posterior(run, number)
        candidate = run.newest.candidate._replace(confidence=probability(posterior))
        if run.newest.log_odds < SUPPORTS:
            return candidate._replace(status=Status.REJECTED, reason=Reason.CONTRADICTED)
        if posterior >= required:
            return candidate._replace(status=Status.VERIFIED)
        reason, own = Reason.NOT_YET, run.log_odds(self._weights)
        if own >= required:
            outranked = hypotheses.strongest_rival(run, number) > own + CLEARLY
            reason = Reason.OUTRANKED if outranked else Reason.AMBIGUOUS
        return candidate._replace(status=Status.REJECTED, reason=reason)

    def _follow(self, run: Hypothesis, candidate: Candidate, decision: Decision) -> Candidate:
        """Publish an accepted candidate with the earlier views of its run, or take a refuted run back.

        Returns:
            The candidate; rejected if it contradicts the other loops.
        """
        if not candidate.accepted:
            if run.is_refuted(self._weights):
                self._retract(list(run.published.values()), Reason.CONTRADICTED, decision)
            return candidate
        if not self._accept(run, run.newest, candidate, decision):
            return candidate._replace(status=Status.REJECTED, reason=Reason.ODOMETRY_CONFLICT)
        for view in run.confirmed:
            earlier = _confirmed(view.candidate, candidate)
            if self._accept(run, view, earlier, decision):
                decision.confirmed.append(earlier)
        return candidate

    def _accept(self, run: Hypothesis, view: Support, candidate: Candidate, decision: Decision) -> bool:
        """Keep an accepted candidate, unless it contradicts others; those that it outvotes are retracted."""
        if view.loop is not None:
            contradicted = self._consistency.contradicted(view.loop)
            if contradicted is None:
                run.refused.add(view.number)
                return False
            self._retract(contradicted, Reason.ODOMETRY_CONFLICT, decision)
            self._consistency.add(view.loop)
        run.publish(view.number, candidate)
        if candidate.query_id in self._memory.timeline:
            self._places.link(candidate.query_id, candidate.match_id)
        return True

    def _retract(self, candidates: List[Candidate], reason: Reason, decision: Decision) -> None:
        self._consistency.remove(candidates)
        self._hypotheses.forget(candidates)
        for each in candidates:
            self._places.unlink(each.query_id)
            decision.retracted.append(each._replace(status=Status.REJECTED, reason=reason))


def _confirmed(earlier: Candidate, newest: Candidate) -> Candidate:
    """An earlier candidate, accepted with the newest one of its run; a recovery is reported once."""
    kind = Kind.INTER_SESSION if earlier.kind == Kind.KIDNAP_RECOVERY else earlier.kind
    return earlier._replace(kind=kind, status=Status.VERIFIED, confidence=newest.confidence)


def _sorted(candidates: List[Candidate], judged: Dict[int, Candidate]) -> List[Candidate]:
    found = [judged.get(each.match_id, each) for each in candidates]
    return sorted(found, key=lambda each: (each.accepted, each.similarity), reverse=True)
