"""The score of a candidate after each stage of the decision; a new stage is one line of ``STAGES``."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.decisions.figures import Curve, curve
from benchmarks.decisions.runner import Record, Run
from place_recognition_ros.types import Candidate, Reason
from training.data.recordings.recording import Verdict

NO_SCORE = float("nan")


def _similarity(candidate: Candidate) -> float:
    return NO_SCORE if candidate.reason == Reason.TOO_RECENT else candidate.similarity


def _coverage(candidate: Candidate) -> float:
    """Share of the features in the common region that fit one scene; only where the geometry was run."""
    return NO_SCORE if candidate.inliers < 0 else candidate.evidence.coverage


def _confidence(candidate: Candidate) -> float:
    return candidate.confidence


def _odometry(candidate: Candidate) -> float:
    return NO_SCORE if candidate.reason == Reason.ODOMETRY_CONFLICT else candidate.confidence


STAGES: dict[str, Callable[[Candidate], float]] = {
    "similarity": _similarity,
    "geometry": _coverage,
    "confidence": _confidence,
    "odometry": _odometry,
}


def stage_curve(run: Run, stage: str) -> Curve:
    """The precision–recall curve after a stage: for each query, its best candidate whose truth is known."""
    score = STAGES[stage]
    best: dict[int, tuple[float, Record]] = {}
    for record in run.records:
        value = score(record.candidate)
        if record.verdict == Verdict.UNKNOWN or value != value:  # NaN: no score
            continue
        if record.query not in best or value > best[record.query][0]:
            best[record.query] = value, record
    scored = [(query, value, record.verdict == Verdict.RIGHT) for query, (value, record) in best.items()]
    return curve(scored, run.recording.revisits)
