"""The runs of matches of a recording as arrays: what the run-time code weighs at every view.

Which matches form a run hardly depends on the coefficients. The runs are therefore built once, with the
run-time classes, and weighed many times.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from place_recognition_ros.config import Config
from place_recognition_ros.loops.aliasing import Aliasing
from place_recognition_ros.loops.decisions import SUPPORTS
from place_recognition_ros.loops.evidence import (
    MAX_INLIERS,
    MAX_LOG_ODDS,
    NO_SCENE,
    Coefficients,
    log_odds,
    odds_of,
)
from place_recognition_ros.loops.hypotheses import TOLERANCE, WINDOW, Hypotheses, Hypothesis, Support
from place_recognition_ros.types import Candidate, Reason
from training.calibrate.collect import Collection, Query

VISIT = round(Config().min_loop_interval_s * 1e9)  # nanoseconds
WEIGHED = (Reason.NONE, Reason.NOT_YET, Reason.AMBIGUOUS, Reason.OUTRANKED, Reason.CONTRADICTED)
NONE = -1  # fills the rows of members and rivals


class Runs(NamedTuple):
    """V weighed views in order, each with the run that it continues, as the run was then."""

    parts: np.ndarray  # (V, 3) float64: coverage, log of the inliers, aliasing
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


def posteriors(runs: Runs, weights: Coefficients) -> tuple[np.ndarray, np.ndarray]:
    """The log odds of each view, and those that its run is right.

    Args:
        runs: R of one recording.
        weights: of the evidence.

    Returns:
        (V,) float64 of the view alone, (V,) float64 of its run.
    """
    coefficients = np.array([weights.coverage, weights.inliers, weights.aliasing])
    views = np.clip(weights.bias + runs.parts @ coefficients, NO_SCENE, MAX_LOG_ODDS)
    used = runs.members != NONE
    count = used.sum(axis=1)
    mean = np.where(used, views[runs.members], 0.0).sum(axis=1) / np.maximum(1, count)
    own = weights.prior + mean * count / (1.0 + (count - 1) * weights.correlation)
    others = np.where(runs.rivals != NONE, own[runs.rivals], -np.inf)
    against = np.logaddexp.reduce(np.column_stack([np.zeros(len(own)), others]), axis=1)
    return views, own - against


class _Follower:
    """Follows the matches of one recording."""

    def __init__(self, collection: Collection, weights: Coefficients) -> None:
        self._collection = collection
        self._weights = weights
        self._hypotheses = Hypotheses(weights, self._is_one_place)
        self._aliasing = Aliasing()
        self._links: dict[int, int] = {}
        self._row: dict[int, int] = {}  # id of a Support → its row
        self._kept: list[Support] = []  # an id is unique while its object exists
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
        evidence = [support.candidate.evidence for support in self._kept]
        parts = [(e.coverage, np.log(min(max(e.inliers, 1), MAX_INLIERS)), e.aliasing) for e in evidence]
        return Runs(
            np.array(parts, float).reshape(-1, 3),
            np.array(self._verdict, int),
            np.array(self._frame, int),
            _padded(self._members, WINDOW),
            _padded(self._rivals, max([1, *map(len, self._rivals)])),
        )

    def _follow(self, number: int, query: Query) -> None:
        level = self._aliasing.level
        supports = []
        for view in query.views:
            evidence = view.candidate.evidence._replace(aliasing=level)
            candidate = view.candidate._replace(evidence=evidence)
            odds = log_odds(evidence, self._weights)
            supports.append(Support(number, query.descriptor, candidate, odds))
        self._learn(supports)
        weighed = [row for row, each in enumerate(supports) if each.candidate.reason in WEIGHED or each.candidate.accepted]
        runs = self._hypotheses.add([supports[row] for row in weighed])
        for row in weighed:
            self._row[id(supports[row])] = len(self._kept)
            self._kept.append(supports[row])
            self._verdict.append(int(query.views[row].verdict))
            self._frame.append(query.frame)
        for run in runs:
            self._note(run, number)
        for run in runs:
            self._link(run, number)

    def _note(self, run: Hypothesis, number: int) -> None:
        self._members.append([self._row[id(view)] for view in run.views[-WINDOW:]])
        newest = run.newest.candidate
        self._rivals.append(
            [
                self._row[id(other.newest)]
                for other in self._hypotheses.alive(number)
                if other is not run and not self._is_one_place(other.newest.candidate, newest)
            ]
        )

    def _learn(self, supports: Sequence[Support]) -> None:
        """As the detector learns how much the places of a map look alike."""
        if not supports:
            return
        plain = [
            log_odds(each.candidate.evidence._replace(aliasing=0.0), self._weights) for each in supports
        ]
        best = supports[int(np.argmax(plain))].candidate
        rivals = [
            odds for odds, each in zip(plain, supports) if not self._is_one_place(each.candidate, best)
        ]
        self._aliasing.observe(max(rivals, default=NO_SCENE))

    def _link(self, run: Hypothesis, number: int) -> None:
        """Queries of an accepted run show the place of their match."""
        certain = self._hypotheses.posterior(run, number) >= odds_of(Config().accept_confidence)
        if certain and run.newest.log_odds >= SUPPORTS:
            for view in run.views:
                if view.log_odds >= SUPPORTS:
                    self._links[view.candidate.query_id] = view.candidate.match_id

    def _is_one_place(self, a: Candidate, b: Candidate) -> bool:
        if a.match_session == b.match_session and abs(a.match_stamp - b.match_stamp) < VISIT:
            return True
        older, newer = sorted((a.match_id, b.match_id))
        around = range(newer - TOLERANCE, newer + TOLERANCE + 1)
        return any(abs(self._links[each] - older) <= 2 * TOLERANCE for each in around if each in self._links)


def _padded(rows: Sequence[Sequence[int]], width: int) -> np.ndarray:
    padded = np.full((len(rows), width), NONE)
    for number, row in enumerate(rows):
        padded[number, : len(row)] = row
    return padded
