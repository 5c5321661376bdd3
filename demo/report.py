"""One picture of a run: the path, the loops found, the matched pictures, precision and recall."""

from pathlib import Path
from typing import Any, List, NamedTuple, Optional

import cv2
import matplotlib
import numpy as np

from demo.judge import Found, judge, percent
from demo.plots import AMBER, INK, MUTED, PAPER, color_of, draw_matches, draw_path, draw_similarity
from demo.run_log import Answer, RunLog

matplotlib.use("Agg")
import matplotlib.pyplot as plt

ROWS = 4  # pairs of pictures


class Pair(NamedTuple):
    """Two pictures side by side, and what is said about them."""

    query: int
    match: int
    color: str
    title: str
    caption: str
    apart: str = ""


def write_report(path: Path, log: RunLog, min_age: int, folder: Optional[Path] = None) -> None:
    """Draw everything into one PNG file.

    Args:
        min_age: nanoseconds; younger frames are the same visit.
        folder: of the drive, with its map, if there is one.
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
    late = len(log.stamps) - len(log.answered)
    facts = [log.title, f"{len(log.stamps)} pictures, {length:.0f} s", log.model]
    if log.answered:
        facts.append(f"answers after {1e3 * log.latency():.0f} ms" + (f", {late} dropped" if late else ""))
    figure.text(
        0.022, 0.905, "   ·   ".join(fact for fact in facts if fact), size=10.5, color=MUTED, va="center"
    )
    for i, (number, what, color) in enumerate(reversed(_figures(log, min_age))):
        x = 0.945 - 0.125 * i
        figure.text(x, 0.95, number, size=25, weight="bold", color=color, ha="center", va="center")
        figure.text(x, 0.908, what, size=9.5, color=MUTED, ha="center", va="center")


def _figures(log: RunLog, min_age: int) -> List[Any]:
    kidnaps = sum(f.kind == "KIDNAP_RECOVERY" for f in log.found)
    if not log.has_truth:
        return [(str(len(log.found)), "matches accepted", INK), (str(kidnaps), "kidnap recoveries", INK)]
    score = log.score(min_age)
    right = f"precision: {score.right} right, {score.wrong} wrong"
    answered = f"recall: {score.answered} of {score.revisits} revisits"
    return [
        (percent(score.precision), right, color_of(score.wrong == 0)),
        (percent(score.recall), answered, INK),
        (str(kidnaps), "kidnap recovery" if kidnaps == 1 else "kidnap recoveries", AMBER),
    ]


def choose_pairs(log: RunLog, count: int) -> List[Found]:
    """The accepted candidates worth showing: wrong ones, recoveries, the best of every loop."""
    groups: List[List[Found]] = []
    for found in log.found:
        last = groups[-1][-1] if groups else None
        if last is None or found.query - last.query > 8 or abs(found.match - last.match) > 25:
            groups.append([])
        groups[-1].append(found)
    groups.sort(key=len, reverse=True)
    wrong = [f for f in log.found if f.verdict is not None and not f.verdict.right]
    rescued = [f for f in log.found if f.kind == "KIDNAP_RECOVERY"]
    chosen = [*wrong[:2], *rescued[:1]][:count]
    for group in groups:
        if len(chosen) < count and not any(found in chosen for found in group):
            chosen.append(max(group, key=lambda f: f.inliers))
    for found in sorted(log.found, key=lambda f: -f.inliers):
        if len(chosen) < count and all(abs(found.query - other.query) > 3 for other in chosen):
            chosen.append(found)
    return sorted(chosen, key=lambda f: f.query)


def most_alike_refused(log: RunLog) -> Optional[Answer]:
    """The best look-alike: refused, and with truth known to be elsewhere."""
    refused = [
        a for a in log.answers
        if a.status == "REJECTED" and a.reason != "TOO_RECENT" and log.tracked[a.query]
        and not (log.has_truth and judge(log.poses[a.query], log.poses[a.match]).right)
    ]  # fmt: skip
    return max(refused, key=lambda a: a.similarity, default=None)


def _list_pairs(log: RunLog) -> List[Pair]:
    refused = most_alike_refused(log)
    pairs = []
    for found in choose_pairs(log, ROWS - (refused is not None)):
        what = found.kind.replace("_", " ").lower()
        caption = f"similarity {found.similarity:.2f} · {found.inliers} inliers"
        verdict, apart = found.verdict, ""
        if verdict is not None:
            what += "  ✓ right" if verdict.right else "  ✗ WRONG"
            apart = f"{verdict.distance:.1f} m, {verdict.angle:.0f}° apart"
        color = color_of(None if verdict is None else verdict.right)
        pairs.append(Pair(found.query, found.match, color, what, caption, apart))
    if refused is not None:
        title = "refused: a look-alike" if log.has_truth else "refused: the most alike"
        why = refused.reason.replace("_", " ").lower()
        caption = f"similarity {refused.similarity:.2f} · {why}"
        pairs.append(Pair(refused.query, refused.match, MUTED, title, caption))
    return pairs


def _pairs(figure: Any, place: Any, log: RunLog) -> None:
    pairs = _list_pairs(log)
    if not pairs:
        axes = figure.add_subplot(place)
        axes.axis("off")
        axes.text(0.5, 0.5, "No place was seen twice.", ha="center", size=13, color=MUTED)
        return
    grid = place.subgridspec(ROWS, 2, wspace=0.03, hspace=0.2)
    for row, pair in enumerate(pairs):
        now, then = (figure.add_subplot(grid[row, column]) for column in (0, 1))
        _show(now, log, pair.query, "now", pair.color)
        _show(then, log, pair.match, "then", pair.color)
        now.set_title(pair.title, loc="left", size=10.5, weight="bold", color=pair.color, pad=5)
        then.set_title(pair.caption, loc="right", size=9, color=INK, pad=5)
        _label(then, 0.98, pair.apart, "right")


def _show(axes: Any, log: RunLog, frame: int, role: str, color: str) -> None:
    picture = cv2.imdecode(np.frombuffer(log.thumbnails[frame], np.uint8), cv2.IMREAD_COLOR)
    axes.imshow(picture[:, :, ::-1], interpolation="bilinear")
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
