"""Terminal output of the demo."""

import sys
from typing import List

import numpy as np

from demo.judge import Accepted, percent
from demo.run_log import RunLog

COLORS = {"right": "\033[32m", "WRONG": "\033[1;31m", "note": "\033[90m"}


def paint(text: str, color: str) -> str:
    """Coloured, if the output is a terminal."""
    return f"{COLORS[color]}{text}\033[0m" if sys.stdout.isatty() else text


def note(text: str) -> None:
    print(paint(text, "note"), flush=True)


def line(log: RunLog, accepted: Accepted) -> str:
    """One accepted candidate."""
    kind = accepted.kind.name.replace("_", " ").lower()
    text = f"{log.seconds(accepted.query):6.1f} s → {log.seconds(accepted.match):6.1f} s   {kind:15}   "
    text += f"similarity {accepted.similarity:.2f}   inliers {accepted.inliers:3d}"
    if accepted.verdict is None:
        return text
    verdict = "right" if accepted.verdict.right else "WRONG"
    distance, angle = accepted.verdict.distance, accepted.verdict.angle
    return f"{text}   {paint(verdict, verdict)}   {distance:4.1f} m {angle:3.0f}°"


def images(count: int) -> str:
    """For display: "1 image", "2 images"."""
    return f"{count} image" + "s" * (count != 1)


def summary(log: RunLog, min_age: int) -> str:
    """Result of the run, and a line for each reason why images were not used; ``min_age``: nanoseconds."""
    parts: List[str] = [f"{images(len(log.stamps))}, {len(log.accepted)} matches accepted"]
    if log.has_truth:
        score = log.score(min_age)
        parts.append(f"precision {percent(score.precision)} ({score.right} right, {score.wrong} wrong)")
        parts.append(f"recall {percent(score.recall)} ({score.recognised} of {score.revisits} revisits)")
    if log.pose_errors:
        metres, degrees = np.median(log.pose_errors, axis=0)
        parts.append(
            f"{len(log.pose_errors)} poses in metres, median error {100 * metres:.0f} cm, {degrees:.1f}°"
        )
    if log.latencies:
        parts.append(f"median latency {1e3 * log.latency():.0f} ms")
    lines = ["; ".join(parts)]
    lines += [f"{images(count)} not used: {reason}" for reason, count in log.unused.items()]
    return "\n" + "\n".join(lines)
