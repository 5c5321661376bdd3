"""The words and tables of an explanation."""

import math
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np

from place_recognition_ros.loops.evidence import odds_of, parts
from place_recognition_ros.loops.hypotheses import WINDOW, independent_views
from place_recognition_ros.tools.explain.replay import Explanation
from place_recognition_ros.types import Candidate, Reason

COLUMNS = (
    *("match", "stamp", "session", "similarity", "margin", "matches", "inliers", "coverage"),
    *("confidence", "status", "reason"),
)
LOG_ODDS = (
    "Log odds that each part adds. 0: right and wrong are equally probable; +2.3: right is ten times more "
    "probable than before; -2.3: ten times less."
)
_CERTAIN = 1e-15  # from 1: the difference that a float still resolves
_NONE = "-"


def seconds(stamp: int) -> str:
    """Nanoseconds → "1234.500000000"."""
    whole, rest = divmod(stamp, 10**9)
    return f"{whole}.{rest:09d}"


def best_of(explanation: Explanation) -> Optional[Candidate]:
    """The accepted candidate, or else the one that came nearest to it; None: there are none."""
    return max(explanation.candidates, key=_merit, default=None)


def _merit(candidate: Candidate) -> Tuple[bool, float, float]:
    confidence = candidate.confidence
    return candidate.accepted, -1.0 if math.isnan(confidence) else confidence, candidate.similarity


# --------------------------------------------------------------------------------------------- sentence


def sentence(explanation: Explanation) -> str:
    """What was decided, and why, in plain words."""
    keyframe, best = explanation.keyframe, best_of(explanation)
    text = f"Keyframe {keyframe.id} (stamp {seconds(keyframe.stamp)}) was "
    if best is None:
        text += (
            "not matched: there was no keyframe to match it with, none earlier or all of the present visit."
        )
    elif best.accepted:
        text += f"matched with keyframe {best.match_id} (stamp {seconds(best.match_stamp)}): "
        text += f"confidence {confidence_text(best)}."
    else:
        text += f"not matched: the best candidate, keyframe {best.match_id}, is "
        text += f"{best.reason.name if best.reason else best.status.name}: {_cause(explanation, best)}."
    if explanation.confirmed:
        cause, later = explanation.confirmed
        text += f" It was accepted later, with keyframe {cause}: match {later.match_id}, "
        text += f"confidence {confidence_text(later)}."
    if explanation.retracted:
        text += f" It was retracted, with keyframe {explanation.retracted[0]}."
    return text


def _cause(explanation: Explanation, candidate: Candidate) -> str:
    evidence, limits = candidate.evidence, explanation.limits
    run = explanation.runs.get(candidate.match_id)
    if run is not None:
        count = len(run.weighed)
        after = f"after {count} view" + "s" * (count != 1)
        weighed = f"evidence {_total(candidate):.1f} of {explanation.required:.1f} {after}"
        return {
            Reason.CONTRADICTED: f"this view speaks against it, {run.newest.log_odds:+.1f}; {weighed}",
            Reason.AMBIGUOUS: f"another place fits as well; {weighed}",
            Reason.OUTRANKED: f"another place fits better; {weighed}",
            Reason.ODOMETRY_CONFLICT: f"accepted loops nearby contradict it; {weighed}",
        }.get(candidate.reason, weighed)
    return {
        Reason.LOW_SIMILARITY: f"similarity {evidence.similarity:.2f}, needed {limits.min_similarity:.2f}",
        Reason.TOO_RECENT: "the camera has not left the place since",
        Reason.FEW_MATCHES: f"{evidence.matches} matched features, needed {limits.min_inliers}",
        Reason.FEW_INLIERS: f"{evidence.inliers} features fit one rigid scene, needed {limits.min_inliers}",
        Reason.DEGENERATE: "the inliers are on one object, in one spot or on one line of an image",
        Reason.ODOMETRY_CONFLICT: "odometry does not allow the jump",
    }.get(candidate.reason, "geometry was not run, max_verifications other places came first")


# ----------------------------------------------------------------------------------------------- tables


def rows(explanation: Explanation) -> List[List[str]]:
    """A row for each candidate, in the order of the node; the cells are those of ``COLUMNS``."""
    return [_row(each) for each in explanation.candidates]


def _row(candidate: Candidate) -> List[str]:
    evidence = candidate.evidence
    measured = evidence.matches >= 0
    return [
        str(candidate.match_id),
        seconds(candidate.match_stamp),
        str(candidate.match_session),
        f"{evidence.similarity:.3f}",
        f"{evidence.margin:+.3f}",
        str(evidence.matches) if measured else _NONE,
        str(evidence.inliers) if measured else _NONE,
        f"{evidence.coverage:.2f}" if measured else _NONE,
        confidence_text(candidate),
        candidate.status.name,
        candidate.reason.name if candidate.reason else _NONE,
    ]


def contributions(explanation: Explanation, candidate: Candidate) -> Dict[str, float]:
    """What each part adds to the log odds of a weighed candidate.

    The parts of the view are those of :func:`loops.evidence.parts`; a run counts its newest ``WINDOW`` views,
    as fewer independent ones.
    """
    run, weights = explanation.runs[candidate.match_id], explanation.weights
    count = len(run.weighed)
    whole, total = run.log_odds(weights), _total(candidate)
    return {
        **parts(candidate.evidence, weights),
        "this view": run.newest.log_odds,
        "views": float(count),
        "independent views": independent_views(count, weights),
        "all views": whole - weights.prior,
        "prior": weights.prior,
        "competing places": min(0.0, total - whole),
        "total": total,
        "needed": explanation.required,
    }


def _total(candidate: Candidate) -> float:
    return odds_of(float(np.clip(candidate.confidence, _CERTAIN, 1.0 - _CERTAIN)))


def odds_table(explanation: Explanation) -> List[List[str]]:
    """A row for each part of the log odds and a column for each weighed candidate, the best first."""
    weighed = [each for each in explanation.candidates if each.match_id in explanation.runs]
    weighed.sort(key=_merit, reverse=True)
    found = [contributions(explanation, each) for each in weighed]
    if not found:
        return []
    table = [["match", *(str(each.match_id) for each in weighed)]]
    for name in found[0]:
        form = {"views": "{:.0f}", "independent views": "{:.1f}"}.get(name, "{:+.1f}")
        table.append(
            [_LABELS.get(name, "  " + name), *(form.format(round(each[name], 1) + 0.0) for each in found)]
        )
    return table


_LABELS = {
    "this view": "= this view",
    "views": f"views of the run, at most the newest {WINDOW}",
    "independent views": "  counted as independent",
    "all views": "  their mean, times that",
    "total": "= total",
    "needed": "needed",
}


def aligned(table: Sequence[Sequence[str]], left: Sequence[int] = ()) -> str:
    """A table as text: columns aligned to the right, those of ``left`` to the left."""
    widths = [max(map(len, column)) for column in zip(*table)]
    lines = []
    for row in table:
        cells = [
            cell.ljust(width) if number in left else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def report(explanation: Explanation) -> str:
    """The whole text: the sentence, the candidates, the log odds."""
    text = [sentence(explanation)]
    if explanation.candidates:
        text += ["", aligned([COLUMNS, *rows(explanation)], left=(9, 10))]
    odds = odds_table(explanation)
    if odds:
        text += ["", LOG_ODDS, "", aligned(odds, left=(0,))]
    return "\n".join(text)


def confidence_text(candidate: Candidate) -> str:
    """Three decimals, rounded down: 0.9899 is not 0.990; "-": not weighed."""
    if math.isnan(candidate.confidence):
        return _NONE
    return f"{math.floor(candidate.confidence * 1000) / 1000:.3f}"
