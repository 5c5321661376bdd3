"""The section on ground truth: precision and recall, recall@k."""

from typing import List, Tuple

import numpy as np

from place_recognition_ros.tools.report import words
from place_recognition_ros.tools.report.findings import Accuracy, Findings, Pair
from place_recognition_ros.tools.report.plot import Axis, Plot, legend

PERCENT = [(tick / 100, f"{tick} %") for tick in (0, 20, 40, 60, 80, 100)]


def precision_recall(findings: Findings, accuracy: Accuracy) -> str:
    """Both curves, and the point where the detector works."""
    low = 0.0
    curves = (("similar", accuracy.similar), ("verified", accuracy.verified))
    least = min((float(each.precision.min(initial=1.0)) for _, each in curves), default=0.0)
    low = 0.8 if least >= 0.8 else 0.0
    ticks = (
        [each for each in PERCENT if each[0] >= low]
        if low < 0.5
        else [(t / 100, f"{t} %") for t in (80, 90, 100)]
    )
    plot = Plot(
        Axis(0, 1, PERCENT, "recall"), Axis(low, 1.0, ticks, "precision"), "precision and recall", "18rem"
    )
    for look, each in curves:
        if len(each.recall):
            plot.line(
                np.concatenate([[0.0], each.recall]),
                np.concatenate([each.precision[:1], each.precision]),
                look,
            )
    if accuracy.right + accuracy.wrong and accuracy.revisits:
        point = accuracy.recognised / accuracy.revisits, accuracy.right / (accuracy.right + accuracy.wrong)
        plot.dots([point[0]], [point[1]], "here")
    limit = 100 * findings.run.config.accept_confidence
    return plot.html() + legend(
        ("verified", "confidence: all checks"),
        ("similar", "similarity of the global descriptor alone"),
        ("here", f"accept_confidence {limit:g} %"),
    )


def rows(accuracy: Accuracy) -> List[Tuple[str, str, str]]:
    """(name, with all checks, similarity alone) of the table."""
    verified, similar = accuracy.verified, accuracy.similar
    table = [
        (
            "recall at 100 % precision",
            words.share(verified.recall_at_full_precision),
            words.share(similar.recall_at_full_precision),
        ),
        ("average precision", words.share(verified.area), words.share(similar.area)),
    ]
    return table + [
        (
            f"recall@{k}: "
            + ("the most similar is right" if k == 1 else f"one of the {k} most similar is right"),
            "",
            words.share(value),
        )
        for k, value in accuracy.recall_at.items()
    ]


def mistakes(findings: Findings) -> List[Pair]:
    """Accepted pairs that are wrong, the farthest apart first."""
    wrong = [each for each in findings.loops if each.verdict is not None and not each.verdict.right]
    return sorted(wrong, key=lambda each: -np.nan_to_num(each.verdict.distance if each.verdict else 0.0))


def missed(findings: Findings) -> List[Pair]:
    """The best rejected pairs that are right, of revisits without a loop."""
    revisits = set(findings.judge.revisits) if findings.judge else set()
    return [
        each for each in findings.rejected if each.query in revisits and each.verdict and each.verdict.right
    ]
