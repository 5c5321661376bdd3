"""The runs of matches of a recording as arrays: what the run-time code weighs at every view.

Which matches form a run hardly depends on the coefficients. The runs are therefore built once, with the
run-time classes, and weighed many times.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from place_recognition_ros.config import Config
from place_recognition_ros.descriptor.model_card import default_model_path, read_model
from place_recognition_ros.loops import aliasing
from place_recognition_ros.loops.evidence import (
    FEW_INLIERS,
    Coefficients,
    geometry_of,
    log_odds,
    odds_of,
    strength,
)
from place_recognition_ros.loops.hypotheses import (
    SUPPORTS,
    WINDOW,
    Hypotheses,
    Hypothesis,
    Support,
)
from place_recognition_ros.loops.identity import Identity
from place_recognition_ros.memory.departure import Leaving
from place_recognition_ros.memory.learned import Learned
from place_recognition_ros.memory.places import Places
from place_recognition_ros.memory.timeline import Entry, Timeline
from place_recognition_ros.memory.worlds import Tie, Worlds
from place_recognition_ros.types import Candidate, Kind, Reason
from training.calibrate.collect import Collection, Query

LEAVING = Leaving.from_config(Config(), read_model(default_model_path())[0].min_similarity)
WEIGHED = (
    Reason.NONE,
    Reason.NOT_YET,
    Reason.AMBIGUOUS,
    Reason.OUTRANKED,
    Reason.CONTRADICTED,
    Reason.TOO_RECENT,
)
NONE = -1  # fills the rows of members and rivals
PRIOR = (np.nan, np.nan)  # geometry of a wrong match that was not measured
NOTHING = (0.0, float(np.log(FEW_INLIERS)))  # where no wrong match was found


class Runs(NamedTuple):
    """V weighed views in order, each with the run that it continues, as the run was then."""

    own: np.ndarray  # (V, 2) float64: coverage and log of the inliers
    wrong: np.ndarray  # (V, 2) float64: their means over the wrong matches; of the unknown ones 0
    known: np.ndarray  # (V,) float64: share of wrong matches that were measured; the others are the prior's
    verdict: np.ndarray  # (V,) int, Verdict
    frame: np.ndarray  # (V,) int, of the query
    members: np.ndarray  # (V, WINDOW) int: the newest views of the run; NONE fills
    rivals: np.ndarray  # (V, R) int: the newest view of each run that competes; NONE fills


def build(collection: Collection, weights: Coefficients) -> Runs:
    """Follow the matches of a recording as the detector does.

    Args:
        collection: of one recording.
        weights: of the evidence.
    """
    return _Follower(collection, weights).runs()


def view_log_odds(runs: Runs, weights: Coefficients) -> np.ndarray:
    """(V,) float64: the log odds of each view, as ``loops.evidence.log_odds`` computes them."""
    geometry = np.array([weights.coverage, weights.inliers])
    level = runs.wrong @ geometry + (1.0 - runs.known) * weights.typical
    return weights.bias + runs.own @ geometry + weights.aliasing * level


def posteriors(runs: Runs, weights: Coefficients) -> np.ndarray:
    """(V,) float64: the log odds that the run of each view is right, in competition with other runs."""
    used = runs.members != NONE
    count = used.sum(axis=1)
    views = view_log_odds(runs, weights)
    mean = np.where(used, views[runs.members], 0.0).sum(axis=1) / np.maximum(1, count)
    own = weights.prior + mean * count / (1.0 + (count - 1) * weights.correlation)
    others = np.where(runs.rivals != NONE, own[runs.rivals], -np.inf)
    return own - np.logaddexp.reduce(np.column_stack([np.zeros(len(own)), others]), axis=1)


def accepted(runs: Runs, weights: Coefficients) -> np.ndarray:
    """(V,) bool: the views that are accepted, at once or later with their run."""
    supports = view_log_odds(runs, weights) >= SUPPORTS
    certain = supports & (posteriors(runs, weights) >= odds_of(Config().accept_confidence))
    found = np.zeros(len(supports), bool)
    found[np.unique(runs.members[certain])] = True  # NONE is the last row, and is set below
    if len(found):
        found[-1] = bool((runs.members[certain] == len(found) - 1).any())
    return found & supports


class _Follower:
    """Follows the matches of one recording."""

    def __init__(self, collection: Collection, weights: Coefficients) -> None:
        self._collection = collection
        self._weights = weights
        self._direction = np.array([weights.coverage, weights.inliers])
        timeline = _timeline_of(collection)
        self._places, self._ties = Places(Learned(lambda *_: iter(())), timeline), Worlds([])
        memory: Any = SimpleNamespace(timeline=timeline, places=self._places)
        self._identity = Identity(memory, LEAVING, self._ties)
        self._hypotheses = Hypotheses(weights, self._identity)
        self._wrong = {scope: _unknown() for scope in (True, False)}  # of the present session; of the map
        self._worlds = aliasing.WorldMeans(self._ties.world)
        self._row: dict[int, int] = {}  # id of a Support → its row
        self._kept: list[Support] = []  # an id is unique while its object exists
        self._levels: list[np.ndarray] = []
        self._verdict: list[int] = []
        self._frame: list[int] = []
        self._members: list[list[int]] = []
        self._rivals: list[list[int]] = []

    def runs(self) -> Runs:
        """Follow all queries."""
        session = -1
        for number, query in enumerate(self._collection.queries, 1):
            if self._collection.sessions[query.frame] != session:
                session = self._collection.sessions[query.frame]
                self._hypotheses.clear()
            self._follow(number, query)
        return Runs(
            np.array([geometry_of(each.candidate.evidence) for each in self._kept], float).reshape(-1, 2),
            np.array([each[:2] for each in self._levels], float).reshape(-1, 2),
            np.array([each[2] for each in self._levels], float),
            np.array(self._verdict, int),
            np.array(self._frame, int),
            _padded(self._members, WINDOW),
            _padded(self._rivals, max([1, *map(len, self._rivals)])),
        )

    def _follow(self, number: int, query: Query) -> None:
        supports, levels = [], []
        for view in query.views:
            level = self._level(view.candidate)
            levels.append(level)
            typical = float(level[:2] @ self._direction) + (1.0 - level[2]) * self._weights.typical
            evidence = view.candidate.evidence._replace(aliasing=typical)
            candidate = view.candidate._replace(evidence=evidence)
            odds = log_odds(evidence, self._weights)
            supports.append(Support(number, query.descriptor, candidate, odds))
        for each in supports[:1]:
            self._hypotheses.observe(each.candidate.query_stamp)
        self._learn([each.candidate for each in supports])
        rows = [row for row, each in enumerate(supports) if _is_weighed(each.candidate)]
        runs = self._hypotheses.add([supports[row] for row in rows])
        for row in rows:
            self._row[id(supports[row])] = len(self._kept)
            self._kept.append(supports[row])
            self._levels.append(levels[row])
            self._verdict.append(int(query.views[row].verdict))
            self._frame.append(query.frame)
        for run in runs:
            self._note(run, number)
        for run in runs:
            self._link(run, number)

    def _note(self, run: Hypothesis, number: int) -> None:
        self._members.append([self._row[id(view)] for view in run.views[-WINDOW:]])
        self._rivals.append([self._row[id(rival.newest)] for rival in self._hypotheses.rivals(run, number)])

    def _level(self, candidate: Candidate) -> np.ndarray:
        """(3,) float64: what is known of wrong matches, as :func:`_mean`, for a match of this kind."""
        if _in_session(candidate):
            return _mean(self._wrong[True])
        return self._worlds.mean(candidate.match_session, np.zeros(3), _mean(self._wrong[False]))

    def _learn(self, candidates: Sequence[Candidate]) -> None:
        """As the detector learns how much the places of a map look alike."""
        if not candidates:
            return
        ranked = sorted(candidates, key=lambda each: -strength(each.evidence, self._weights))
        others = [each for each in ranked[1:] if self._identity.is_other(each, ranked[0])]
        own = [each for each in others if _in_session(each)]
        for scope, some in ((True, own), (False, others)):
            self._wrong[scope].append(geometry_of(some[0].evidence) if some else NOTHING)
        found = {self._ties.world(ranked[0].match_session): NOTHING}
        for each in reversed(others):  # the strongest of a world comes last
            found[self._ties.world(each.match_session)] = geometry_of(each.evidence)
        for world, geometry in found.items():
            self._worlds.add(world, np.array([*geometry, 1.0]))

    def _link(self, run: Hypothesis, number: int) -> None:
        """Queries of an accepted run show the place of their match."""
        certain = self._hypotheses.posterior(run, number) >= odds_of(Config().accept_confidence)
        if certain and run.newest.log_odds >= SUPPORTS:
            for view in run.views:
                if view.log_odds >= SUPPORTS and view.candidate.query_id:
                    self._places.link(view.candidate.query_id, view.candidate.match_id)
                    self._tie(view.candidate)

    def _tie(self, accepted: Candidate) -> None:
        if accepted.query_session != accepted.match_session:
            match = (accepted.query_session, accepted.match_session, accepted.query_stamp, accepted.match_id)
            self._ties.add(Tie(*match))


def _timeline_of(collection: Collection) -> Timeline:
    """All keyframes as far as their candidates tell; where there is none, as the one before."""
    known: dict[int, tuple[int, np.ndarray]] = {}  # id → session, descriptor
    for query in collection.queries:
        for view in query.views:
            known[view.candidate.query_id] = (view.candidate.query_session, query.descriptor)
            known.setdefault(view.candidate.match_id, (view.candidate.match_session, query.descriptor))
    size = max((len(query.descriptor) for query in collection.queries), default=1)
    timeline, keyframe = Timeline(size), (0, np.zeros(size, np.float32))
    for keyframe_id in range(1, max(known, default=0) + 1):
        keyframe = known.get(keyframe_id, keyframe)
        timeline.append(Entry(keyframe_id, keyframe[0], 0), keyframe[1])
    return timeline


def _unknown() -> deque[tuple[float, float]]:
    """Geometry of the wrong matches of a map of which nothing is known."""
    return deque([PRIOR] * aliasing.PRIOR_COUNT, maxlen=aliasing.WINDOW)


def _mean(wrong: deque[tuple[float, float]]) -> np.ndarray:
    """(3,) float64: mean geometry of those that were measured, each times their share; and that share."""
    geometry = np.array(wrong)
    known = np.isfinite(geometry[:, 0])
    return np.append(np.where(known[:, None], geometry, 0.0).mean(axis=0), known.mean())


def _in_session(candidate: Candidate) -> bool:
    return candidate.kind == Kind.LOOP_CLOSURE


def _is_weighed(candidate: Candidate) -> bool:
    """Whether a match has passed all limits, whatever the detector decided then."""
    return candidate.accepted or candidate.reason in WEIGHED


def _padded(rows: Sequence[Sequence[int]], width: int) -> np.ndarray:
    padded = np.full((len(rows), width), NONE)
    for number, row in enumerate(rows):
        padded[number, : len(row)] = row
    return padded
