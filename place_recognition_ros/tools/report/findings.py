"""What a report shows, drawn from the results of a run: loops, rejected matches, accuracy."""

import math
from collections import Counter
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple
from typing import Counter as CounterType

import numpy as np

from place_recognition_ros.tools.replay.judge import Curve, Judge, Verdict, curve, recall_at
from place_recognition_ros.tools.replay.run import Run
from place_recognition_ros.types import Candidate, Count, Reason, Status

PAUSE = 60.0  # seconds: longer pauses of a recording are cut,
CUT = 5.0  # seconds: to this
GAP = 8.0  # seconds between the queries of one loop
FEW = 25  # keyframes between the matches of one loop
ENOUGH = 12  # pairs, if stretches are fewer, taken from the same stretches,
APART = 4  # keyframes between them, at least, where there are more pairs


class Pair(NamedTuple):
    """A candidate, with the rows of its keyframes in ``Run.entries``."""

    query: int
    match: Optional[int]  # None: the match was in the map before the run
    candidate: Candidate
    confirmed_by: Optional[int] = None  # row of the later keyframe with which it was accepted
    retracted_by: Optional[int] = None  # row of the later keyframe that refuted it
    verdict: Optional[Verdict] = None  # by ground truth; None: not known


class Accuracy(NamedTuple):
    """How well the pipeline does, by ground truth."""

    revisits: int
    recognised: int  # of them, with an accepted right match
    right: int  # accepted
    wrong: int  # accepted
    unknown: int  # accepted, without ground truth
    verified: Curve  # by confidence
    similar: Curve  # by similarity alone
    recall_at: Dict[int, float]  # k → share of the revisits with a right match among the k most similar


class Findings(NamedTuple):
    """Everything that a report shows."""

    run: Run
    times: np.ndarray  # (N,) float64, seconds since the first keyframe; pauses are cut
    loops: List[Pair]  # accepted and never retracted
    retracted: List[Pair]
    rejected: List[Pair]  # the best candidate of every query without a loop
    reasons: CounterType[Reason]  # of all rejected candidates
    judge: Optional[Judge]
    accuracy: Optional[Accuracy]
    limits: str = ""  # what the same place is, for people

    @property
    def sessions(self) -> List[Tuple[int, int, int]]:
        """(number, first row, last row) of each."""
        runs: List[Tuple[int, int, int]] = []
        for row, entry in enumerate(self.run.entries):
            number = entry.result.tracking.session
            if runs and runs[-1][0] == number:
                runs[-1] = (number, runs[-1][1], row)
            else:
                runs.append((number, row, row))
        return runs


def merit(candidate: Candidate) -> Tuple[float, float]:
    """How near a candidate came to being accepted."""
    confidence = candidate.confidence
    return (-1.0 if math.isnan(confidence) else confidence, candidate.similarity)


def gather(run: Run, judge: Optional[Judge] = None, limits: str = "") -> Findings:
    """Collect what a report shows.

    Args:
        run: the results.
        judge: ground truth of the same keyframes.
        limits: what the same place is, for people.
    """
    rows = _Rows(run, judge)
    loops: Dict[Tuple[int, int], Pair] = {}
    retracted: List[Pair] = []
    for row, entry in enumerate(run.entries):
        for each in entry.result.accepted:
            loops[row, each.match_id] = rows.pair(row, each)
        for each in entry.result.confirmed:
            query = rows.query(each)
            if query is not None:
                loops[query, each.match_id] = rows.pair(query, each)._replace(confirmed_by=row)
        for each in entry.result.retracted:
            query = rows.query(each)
            found = None if query is None else loops.pop((query, each.match_id), None)
            if found is not None:
                retracted.append(found._replace(retracted_by=row))
    kept = sorted(loops.values(), key=lambda each: each.query)
    rejected = _rejected(run, rows, {each.query for each in kept})
    reasons = Counter(
        each.reason
        for entry in run.entries
        for each in entry.result.candidates
        if each.status == Status.REJECTED
    )
    accuracy = None if judge is None else _measure(run, judge, rows, kept)
    return Findings(run, _times(run), kept, retracted, rejected, reasons, judge, accuracy, limits)


class _Rows:
    """Finds the keyframes of candidates."""

    def __init__(self, run: Run, judge: Optional[Judge]) -> None:
        self._judge = judge
        self._by_id: Dict[int, int] = {}
        self._by_stamp: Dict[Tuple[int, int], int] = {}
        for row, entry in enumerate(run.entries):
            query = entry.result.query
            if query is not None:
                self._by_stamp[query.session, query.stamp] = row
                if entry.result.outcome == Count.STORED:
                    self._by_id[query.id] = row

    def query(self, candidate: Candidate) -> Optional[int]:
        return self._by_stamp.get((candidate.query_session, candidate.query_stamp))

    def pair(self, row: int, candidate: Candidate) -> Pair:
        match = self._by_id.get(candidate.match_id)
        known = self._judge is not None and match is not None
        verdict = self._judge.verdict(row, match) if known else None  # type: ignore
        return Pair(row, match, candidate, verdict=verdict)


def _rejected(run: Run, rows: _Rows, accepted: "set[int]") -> List[Pair]:
    """The best rejected candidate of each query that has no loop."""
    found = []
    for row, entry in enumerate(run.entries):
        candidates = [each for each in entry.result.candidates if each.status == Status.REJECTED]
        if row not in accepted and candidates:
            found.append(rows.pair(row, max(candidates, key=merit)))
    return found


def _times(run: Run) -> np.ndarray:
    """Seconds since the first keyframe; pauses and jumps of the clock become short."""
    steps = np.diff([entry.stamp / 1e9 for entry in run.entries])
    usual = float(np.median(steps)) if len(steps) else 0.0
    steps = np.where((steps < 0) | (steps > max(PAUSE, 4 * usual)), CUT, steps)
    return np.concatenate([[0.0], np.cumsum(steps)])


def _measure(run: Run, judge: Judge, rows: _Rows, loops: Sequence[Pair]) -> Accuracy:
    verified: Dict[int, Tuple[float, Optional[bool]]] = {}
    similar: Dict[int, Tuple[float, Optional[bool]]] = {}
    ranked: Dict[int, List[Optional[bool]]] = {}

    def right(pair: Pair) -> Optional[bool]:
        return None if pair.verdict is None else pair.verdict.right

    for row, entry in enumerate(run.entries):
        pairs = [rows.pair(row, each) for each in entry.result.candidates]
        if not pairs:
            continue
        pairs.sort(key=lambda each: -each.candidate.similarity)
        ranked[row] = [right(each) for each in pairs]
        similar[row] = pairs[0].candidate.similarity, right(pairs[0])
        best = max(pairs, key=lambda each: merit(each.candidate))
        verified[row] = merit(best.candidate)[0], right(best)
    for loop in loops:  # some were accepted by later evidence
        verified[loop.query] = max(loop.candidate.confidence, 0.0), right(loop)
    verified = {row: each for row, each in verified.items() if each[0] >= 0}
    verdicts = [right(each) for each in loops]
    recognised = {each.query for each in loops if right(each)} & set(judge.revisits)
    return Accuracy(
        revisits=len(judge.revisits),
        recognised=len(recognised),
        right=sum(each is True for each in verdicts),
        wrong=sum(each is False for each in verdicts),
        unknown=sum(each is None for each in verdicts),
        verified=curve(verified, judge.revisits),
        similar=curve(similar, judge.revisits),
        recall_at=recall_at(ranked, judge.revisits),
    )


def stretches(pairs: Sequence[Pair], times: np.ndarray) -> List[List[Pair]]:
    """The pairs of each loop: runs of queries along one stretch of the earlier path."""
    groups: List[List[Pair]] = []
    for each in sorted(pairs, key=lambda pair: pair.query):
        for group in groups:
            last = group[-1]
            near = times[each.query] - times[last.query] <= GAP
            if near and abs(each.candidate.match_id - last.candidate.match_id) <= FEW:
                group.append(each)
                break
        else:
            groups.append([each])
    return groups


def chosen(
    pairs: Sequence[Pair], times: np.ndarray, count: int, merit: Callable[[Pair], Tuple[float, ...]]
) -> List[Pair]:
    """The best pair of each stretch, the best first, at most ``count``; then others, far apart."""
    best = [max(group, key=merit) for group in stretches(pairs, times)]
    best = sorted(best, key=merit, reverse=True)[:count]
    queries = [each.query for each in best]
    apart = APART if len(pairs) > ENOUGH else 1
    while len(best) < min(count, ENOUGH, len(pairs)):
        farthest = max(pairs, key=lambda each: min(abs(each.query - query) for query in queries))
        if min(abs(farthest.query - query) for query in queries) < apart:
            break
        best.append(farthest)
        queries.append(farthest.query)
    return best
