"""What the demo says on a terminal."""

import sys
from typing import List

from demo.judge import Found, percent
from demo.run_log import RunLog

COLORS = {"right": "\033[32m", "WRONG": "\033[1;31m", "note": "\033[90m"}


def paint(text: str, color: str) -> str:
    """Coloured, where that is shown."""
    return f"{COLORS[color]}{text}\033[0m" if sys.stdout.isatty() else text


def note(text: str) -> None:
    print(paint(text, "note"), flush=True)


def line(log: RunLog, found: Found) -> str:
    """One accepted candidate."""
    kind = found.kind.replace("_", " ").lower()
    text = f"{log.seconds(found.query):6.1f} s ► {log.seconds(found.match):6.1f} s   {kind:15}   "
    text += f"similarity {found.similarity:.2f}   inliers {found.inliers:3d}"
    if found.verdict is None:
        return text
    verdict = "right" if found.verdict.right else "WRONG"
    return f"{text}   {paint(verdict, verdict)}   {found.verdict.distance:4.1f} m {found.verdict.angle:3.0f}°"


def summary(log: RunLog, min_age: int) -> str:
    """What came of it, in a line or two."""
    dropped = len(log.stamps) - len(log.answered)
    parts: List[str] = [f"{len(log.stamps)} pictures, {len(log.found)} matches accepted"]
    if log.has_truth:
        score = log.score(min_age)
        parts.append(f"precision {percent(score.precision)} ({score.right} right, {score.wrong} wrong)")
        parts.append(f"recall {percent(score.recall)} ({score.answered} of {score.revisits} revisits)")
    if log.answered:
        parts.append(f"answers after {1e3 * log.latency():.0f} ms")
    if dropped:
        parts.append(f"{dropped} pictures not answered (newest wins)")
    return "\n" + "; ".join(parts)
