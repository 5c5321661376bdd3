"""The figures of runs as tables."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.decisions.figures import delays, recall_without_error, runs_of
from benchmarks.decisions.runner import Run
from benchmarks.decisions.stages import STAGES, stage_curve
from benchmarks.verification.section import Section, percent
from training.calibrate.reliability import Reliability, reliability
from training.data.recordings.recording import Verdict

NONE = "–"


class Summary(NamedTuple):
    """The decisions of one run with the configuration as it was."""

    queries: int
    revisits: int
    recognised: int  # revisits with a right accepted candidate that was not retracted
    right: int  # accepted candidates, without those that were retracted later
    wrong: int
    unknown: int
    retracted_wrong: int
    retracted_right: int
    delay: float  # keyframes, median of the runs of revisits; infinite: most have no accepted candidate

    @property
    def recall(self) -> float:
        """Share of the revisits that were recognised; NaN without revisits."""
        return self.recognised / self.revisits if self.revisits else float("nan")


def summary(run: Run) -> Summary:
    """Count the decisions of a run."""
    taken_back = {(query, match) for query, match, _ in run.retracted}
    kept = {(r.query, r.match): r for r in run.accepted if (r.query, r.match) not in taken_back}
    by_verdict = {each: [r for r in kept.values() if r.verdict == each] for each in Verdict}
    right = by_verdict[Verdict.RIGHT]
    revisits = run.recording.revisits
    runs = runs_of(revisits, [frame.session for frame in run.recording.frames])
    waited = delays(runs, [record.at for record in right])
    return Summary(
        queries=len(run.recording.frames),
        revisits=len(revisits),
        recognised=len({record.query for record in right} & set(revisits)),
        right=len(right),
        wrong=len(by_verdict[Verdict.WRONG]),
        unknown=len(by_verdict[Verdict.UNKNOWN]),
        retracted_wrong=sum(verdict == Verdict.WRONG for *_, verdict in run.retracted),
        retracted_right=sum(verdict == Verdict.RIGHT for *_, verdict in run.retracted),
        delay=float(np.median(waited)) if waited else float("nan"),
    )


def calibration(runs: Sequence[Run]) -> Reliability:
    """How well confidences are calibrated, over all candidates whose truth is known."""
    return reliability(
        (record.candidate.confidence, record.verdict == Verdict.RIGHT)
        for run in runs
        for record in run.records
        if record.verdict != Verdict.UNKNOWN
    )


def decisions(name: str, runs: Sequence[Run]) -> Section:
    """One row per set: what was accepted with the configuration as it was."""
    rows, found = [], [summary(run) for run in runs]
    for run, each in zip(runs, found):
        milliseconds = f"{np.median(run.milliseconds):.0f}" if run.milliseconds else NONE
        row = (run.recording.name, *_counts(each), _number(each.delay, ".1f"))
        rows.append((*row, _number(calibration([run]).error, ".3f"), milliseconds))
    total = functools.reduce(_both, found)
    rows.append(("all", *_counts(total), NONE, _number(calibration(runs).error, ".3f"), ""))
    headings = (
        "set", "queries", "revisits", "recognised", "right", "wrong", "unknown",
        "retracted: wrong / right", "delay, keyframes", "ECE", "ms per keyframe",
    )  # fmt: skip
    return Section(name, headings, rows)


def _both(a: Summary, b: Summary) -> Summary:
    """The counts of two runs together; a median delay of both is not known."""
    sums = {name: getattr(a, name) + getattr(b, name) for name in Summary._fields}
    return Summary(**{**sums, "delay": float("nan")})


def _counts(each: Summary) -> tuple[str, ...]:
    recall = percent(each.recall) if each.revisits else NONE
    numbers = (each.right, each.wrong, each.unknown)
    back = f"{each.retracted_wrong} / {each.retracted_right}"
    return (f"{each.queries:,}", f"{each.revisits:,}", recall, *(f"{n:,}" for n in numbers), back)


def stages(name: str, runs: Sequence[Run]) -> Section:
    """One row per set: recall at 100 % precision after each stage."""
    rows = []
    for run in runs:
        if run.recording.revisits:
            curves = [stage_curve(run, stage) for stage in STAGES]
            cells = [percent(recall_without_error(each)) if each.recall else NONE for each in curves]
            rows.append((run.recording.name, *cells))
    return Section(name, ("set", *STAGES), rows)


def _number(value: float, form: str) -> str:
    return NONE if np.isnan(value) else "∞" if np.isinf(value) else format(value, form)
