"""Leave-one-building-out validation: every building is judged with coefficients that have not seen it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from place_recognition_ros.loops.evidence import Coefficients
from training.calibrate.collect import Collection
from training.calibrate.fit import fit
from training.calibrate.reliability import Reliability, reliability
from training.calibrate.runs import Runs, accepted, build, posteriors
from training.data.recordings.recording import Verdict

ROUNDS = 3  # the coefficients decide a little what belongs to a run, and the runs the coefficients


class Held(NamedTuple):
    """A recording, judged with coefficients that were fitted on the other buildings."""

    name: str
    building: str
    weights: Coefficients
    revisits: int
    recognised: int
    right: int  # accepted matches
    wrong: int
    log_loss: float  # mean of right and wrong matches
    confident: list[tuple[float, bool]]  # posterior of each match, and whether it is right

    @property
    def reliability(self) -> Reliability:
        """Calibration of the posteriors."""
        return reliability(self.confident)


def fitted(
    collections: Sequence[Collection], start: Coefficients, prior: float | None = None
) -> Coefficients:
    """Coefficients of all these recordings.

    Args:
        collections: the recordings.
        start: the coefficients that the first runs are made with.
        prior: to be used instead of the fitted one.

    Raises:
        CalibrationError: if there are no right or no wrong matches.
    """
    weights = start
    for _ in range(ROUNDS):
        runs = [build(each, weights) for each in collections]
        weights = fit(runs, [each.building for each in collections])
    return weights if prior is None else weights._replace(prior=prior)


def leave_one_out(
    collections: Sequence[Collection],
    start: Coefficients,
    fitted: Callable[[Sequence[Collection], Coefficients], Coefficients] = fitted,
) -> list[Held]:
    """Judge every recording with coefficients fitted on the recordings of the other buildings."""
    found = []
    for each in collections:
        weights = fitted([other for other in collections if other.building != each.building], start)
        found.append(judge(each, build(each, weights), weights))
    return found


def judge(collection: Collection, runs: Runs, weights: Coefficients) -> Held:
    """The figures of a recording with given coefficients."""
    known, right = runs.verdict != Verdict.UNKNOWN, runs.verdict == Verdict.RIGHT
    odds, taken = posteriors(runs, weights), accepted(runs, weights)
    loss = np.logaddexp(0.0, np.where(right, -odds, odds))
    classes = [float(loss[rows].mean()) for rows in (right, known & ~right) if rows.any()]
    confidence = 1.0 / (1.0 + np.exp(-odds[known]))
    return Held(
        collection.name,
        collection.building,
        weights,
        len(collection.revisits),
        len(set(runs.frame[taken & right].tolist()) & set(collection.revisits)),
        int((taken & right).sum()),
        int((taken & known & ~right).sum()),
        float(np.mean(classes)) if classes else float("nan"),
        list(zip(confidence.tolist(), right[known].tolist())),
    )


def overall(held: Sequence[Held]) -> Reliability:
    """The reliability of all recordings together, every match with the same weight."""
    return reliability(pair for each in held for pair in each.confident)


def table(held: Sequence[Held]) -> str:
    """A table in Markdown, one row for each recording."""
    lines = [
        "| left out | revisits | recognised | right | wrong | log loss | ECE |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for each in held:
        share = f"{each.recognised / each.revisits:.0%}" if each.revisits else "–"
        figures = (each.revisits, share, each.right, each.wrong)
        loss, error = f"{each.log_loss:.3f}", f"{each.reliability.error:.3f}"
        lines.append(f"| {each.name} | {' | '.join(map(str, figures))} | {loss} | {error} |")
    right, wrong = (sum(counts) for counts in zip(*((each.right, each.wrong) for each in held)))
    lines.append(f"| all | | | {right} | {wrong} | | {overall(held).error:.3f} |")
    return "\n".join(lines)
