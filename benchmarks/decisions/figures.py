"""Figures of decisions: pure functions of scores, truths and frame numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np


class Curve(NamedTuple):
    """Precision against recall, from the strictest threshold to the loosest."""

    recall: list[float]  # 0–1
    precision: list[float]  # 0–1


def curve(scored: Iterable[tuple[int, float, bool]], revisits: Iterable[int]) -> Curve:
    """The precision–recall curve of a score.

    Recall is the share of the revisits with a right candidate at or above the threshold. Precision is the
    share of right ones among all candidates at or above it, of revisits or not.

    Args:
        scored: frame of the query, score, whether the match is right; NaN scores count as never accepted.
        revisits: frames that should be recognised.
    """
    expected = set(revisits)
    ordered = sorted((each for each in scored if not np.isnan(each[1])), key=lambda each: -each[1])
    found: set[int] = set()
    right = 0
    recall, precision = [], []
    for number, (query, score, is_right) in enumerate(ordered, 1):
        right += is_right
        if is_right and query in expected:
            found.add(query)
        if number == len(ordered) or ordered[number][1] < score:  # the last of equal scores
            recall.append(len(found) / len(expected) if expected else float("nan"))
            precision.append(right / number)
    return Curve(recall, precision)


def recall_without_error(found: Curve) -> float:
    """The highest recall at 100 % precision; 0 if the best score is wrong; NaN without revisits."""
    if not found.recall:
        return 0.0
    strict = [recall for recall, precision in zip(*found) if precision == 1.0]
    return max(strict, default=float("nan") if np.isnan(found.recall[0]) else 0.0)


def runs_of(revisits: Iterable[int], session: Sequence[int], gap: int = 1) -> list[tuple[int, int]]:
    """First and last frame of each run of revisits in one session, which at most ``gap`` frames interrupt.

    Args:
        revisits: frames that should be recognised.
        session: of every frame of the recording.
        gap: frames.
    """
    found: list[tuple[int, int]] = []
    for number in sorted(revisits):
        last = found[-1][1] if found else -1
        if found and number - last <= gap + 1 and session[number] == session[last]:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def delays(runs: Iterable[tuple[int, int]], accepted: Iterable[int]) -> list[float]:
    """Keyframes from the first of each run of revisits to the first accepted candidate of that run.

    Args:
        runs: as of :func:`runs_of`.
        accepted: frames at which right candidates were returned.

    Returns:
        One number for each run; infinite where none was accepted.
    """
    frames = sorted(accepted)
    return [
        float(min((frame - begin for frame in frames if begin <= frame <= end), default=math.inf))
        for begin, end in runs
    ]
