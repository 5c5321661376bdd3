"""Report of a run as one image: path, accepted matches, matched images, precision and recall."""

from pathlib import Path
from typing import Any, List, NamedTuple, Optional

import cv2
import matplotlib
import numpy as np

from demo.console import images
from demo.judge import Accepted, judge, percent
from demo.plots import AMBER, INK, MUTED, PAPER, color_of, draw_matches, draw_path, draw_similarity
from demo.run_log import Candidate, RunLog
from place_recognition_ros.types import Kind, Reason, Status

matplotlib.use("Agg")
import matplotlib.pyplot as plt

ROWS = 4  # pairs of images


class Pair(NamedTuple):
    """Two images side by side, and their captions."""

    query: int
    match: int
    color: str
    title: str
    caption: str
    apart: str = ""


def write_report(path: Path, log: RunLog, min_age: int, folder: Optional[Path] = None) -> None:
    """Write the report as a PNG file.

    Args:
        path: of the PNG file.
        log: the run.
        min_age: nanoseconds; younger frames belong to the same visit.
        folder: of the drive, with its map; None: no map.
    """
    plt.rcParams.update(
        {"font.family": "DejaVu Sans", "text.color": INK, "axes.edgecolor": MUTED, "axes.facecolor": PAPER}
    )
    figure = plt.figure(figsize=(16, 9.6), facecolor=PAPER)
    grid = figure.add_gridspec(
        2,
        2,
        width_ratios=(2.2, 1),
        height_ratios=(2.5, 1),
        left=0.045,
        right=0.985,
        top=0.865,
        bottom=0.06,
        wspace=0.05,
        hspace=0.11 if log.has_truth else 0.26,
    )
    _header(figure, log, min_age)
    if log.has_truth:
        draw_path(figure.add_subplot(grid[0, 0]), log, folder)
    else:
        draw_matches(figure.add_subplot(grid[0, 0]), log)
    draw_similarity(figure.add_subplot(grid[1, 0]), log, log.expected(min_age))
    _pairs(figure, grid[:, 1], log)
    figure.savefig(path, dpi=110, facecolor=PAPER)
    plt.close(figure)


def _header(figure: Any, log: RunLog, min_age: int) -> None:
    figure.text(0.022, 0.945, "place_recognition_ros", size=22, weight="bold", va="center")
    length = log.seconds(len(log.stamps) - 1) if log.stamps else 0.0
    unused = sum(log.unused.values())
    facts = [log.title, f"{images(len(log.stamps))}, {length:.0f} s", log.model]
    if log.latencies:
        facts.append(f"latency {1e3 * log.latency():.0f} ms")
    if unused:
        facts.append(f"{images(unused)} not used")
    figure.text(
        0.022, 0.905, "   ·   ".join(fact for fact in facts if fact), size=10.5, color=MUTED, va="center"
    )
    for i, (number, what, color) in enumerate(reversed(_figures(log, min_age))):
        x = 0.945 - 0.125 * i
        figure.text(x, 0.95, number, size=25, weight="bold", color=color, ha="center", va="center")
        figure.text(x, 0.908, what, size=9.5, color=MUTED, ha="center", va="center")


def _figures(log: RunLog, min_age: int) -> List[Any]:
    kidnaps = sum(each.kind == Kind.KIDNAP_RECOVERY for each in log.accepted)
    if not log.has_truth:
        return [(str(len(log.accepted)), "matches accepted", INK), (str(kidnaps), "kidnap recoveries", INK)]
    score = log.score(min_age)
    right = f"precision: {score.right} right, {score.wrong} wrong"
    recognised = f"recall: {score.recognised} of {score.revisits} revisits"
    return [
        (percent(score.precision), right, color_of(score.wrong == 0)),
        (percent(score.recall), recognised, INK),
        (str(kidnaps), "kidnap recovery" if kidnaps == 1 else "kidnap recoveries", AMBER),
    ]


def choose_pairs(log: RunLog, count: int) -> List[Accepted]:
    """Accepted candidates to show: wrong ones, a kidnap recovery, the best of each loop."""
    groups: List[List[Accepted]] = []
    for each in log.accepted:
        last = groups[-1][-1] if groups else None
        if last is None or each.query - last.query > 8 or abs(each.match - last.match) > 25:
            groups.append([])
        groups[-1].append(each)
    groups.sort(key=len, reverse=True)
    wrong = [each for each in log.accepted if each.verdict is not None and not each.verdict.right]
    recoveries = [each for each in log.accepted if each.kind == Kind.KIDNAP_RECOVERY]
    chosen = [*wrong[:2], *recoveries[:1]][:count]
    for group in groups:
        if len(chosen) < count and not any(each in chosen for each in group):
            chosen.append(max(group, key=lambda each: each.inliers))
    for each in sorted(log.accepted, key=lambda each: -each.inliers):
        if len(chosen) < count and all(abs(each.query - other.query) > 3 for other in chosen):
            chosen.append(each)
    return sorted(chosen, key=lambda each: each.query)


def most_similar_rejected(log: RunLog) -> Optional[Candidate]:
    """The most similar rejected candidate, not accepted later; with ground truth, only of another place."""
    accepted = {(each.query, each.match) for each in log.accepted}
    rejected = [
        each for each in log.best
        if each.status == Status.REJECTED and each.reason != Reason.TOO_RECENT and log.tracked[each.query]
        and (each.query, each.match) not in accepted
        and not (log.has_truth and judge(log.poses[each.query], log.poses[each.match]).right)
    ]  # fmt: skip
    return max(rejected, key=lambda each: each.similarity, default=None)


def _list_pairs(log: RunLog) -> List[Pair]:
    rejected = most_similar_rejected(log)
    pairs = []
    for each in choose_pairs(log, ROWS - (rejected is not None)):
        title = _words(each.kind.name)
        caption = f"similarity {each.similarity:.2f} · {each.inliers} inliers"
        verdict, apart = each.verdict, ""
        if verdict is not None:
            title += "  ✓ right" if verdict.right else "  ✗ WRONG"
            apart = f"{verdict.distance:.1f} m, {verdict.angle:.0f}° apart"
        color = color_of(None if verdict is None else verdict.right)
        pairs.append(Pair(each.query, each.match, color, title, caption, apart))
    if rejected is not None:
        title = "rejected: a look-alike" if log.has_truth else "rejected: the most similar"
        caption = f"similarity {rejected.similarity:.2f} · {_words(rejected.reason.name)}"
        pairs.append(Pair(rejected.query, rejected.match, MUTED, title, caption))
    return pairs


def _words(name: str) -> str:
    """``KIDNAP_RECOVERY`` → "kidnap recovery"."""
    return name.replace("_", " ").lower()


def _pairs(figure: Any, place: Any, log: RunLog) -> None:
    pairs = _list_pairs(log)
    if not pairs:
        axes = figure.add_subplot(place)
        axes.axis("off")
        axes.text(0.5, 0.5, "No match was accepted.", ha="center", size=13, color=MUTED)
        return
    grid = place.subgridspec(ROWS, 2, wspace=0.03, hspace=0.2)
    for row, pair in enumerate(pairs):
        query, match = (figure.add_subplot(grid[row, column]) for column in (0, 1))
        _show(query, log, pair.query, "query", pair.color)
        _show(match, log, pair.match, "match", pair.color)
        query.set_title(pair.title, loc="left", size=10.5, weight="bold", color=pair.color, pad=5)
        match.set_title(pair.caption, loc="right", size=9, color=INK, pad=5)
        _label(match, 0.98, pair.apart, "right")


def _show(axes: Any, log: RunLog, frame: int, role: str, color: str) -> None:
    image = cv2.imdecode(np.frombuffer(log.thumbnails[frame], np.uint8), cv2.IMREAD_COLOR)
    axes.imshow(image[:, :, ::-1], interpolation="bilinear")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set(color=color, linewidth=2.6)
    _label(axes, 0.02, f"{role} {log.seconds(frame):.1f} s", "left")


def _label(axes: Any, x: float, text: str, side: str) -> None:
    if text:
        box = {"facecolor": "#000000aa", "edgecolor": "none", "pad": 2.5}
        look = {"size": 8.5, "color": "white", "weight": "bold", "ha": side, "bbox": box}
        axes.text(x, 0.035, text, transform=axes.transAxes, **look)
