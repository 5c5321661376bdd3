"""Plots of the report: the path in space and time, matches, similarity over time."""

from pathlib import Path
from typing import Any, List, Optional, Sequence

import cv2
import numpy as np
import yaml
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.transforms import Affine2D

from demo.run_log import RunLog

PAPER, INK, MUTED, FAINT = "#fbfaf6", "#23262d", "#80868f", "#d9d8d2"
GOOD, BAD, PLAIN, AMBER = "#1f9d55", "#d8362f", "#2c6fbb", "#e08a1e"
SHADOW = "#00000066"
TURN, TILT = np.radians(-14.0), 0.62  # rotation and foreshortening of the town on the page
LIFT = 26.0  # metres on the page by which the path rises from the first to the last frame


def color_of(right: Optional[bool]) -> str:
    """Green for right, red for wrong, blue without ground truth."""
    return PLAIN if right is None else GOOD if right else BAD


def project(x: np.ndarray, y: np.ndarray, height: np.ndarray) -> np.ndarray:
    """Metres in the world → (N, 2) on the page, an oblique view from above."""
    across = np.cos(TURN) * x - np.sin(TURN) * y
    deep = np.sin(TURN) * x + np.cos(TURN) * y
    return np.stack([across, deep * TILT + height], -1)


def draw_path(axes: Any, log: RunLog, folder: Optional[Path]) -> None:
    """The path over the map of the town; it rises with time, so that a second visit is above the first."""
    place = np.array([pose.position[:2] for pose in log.poses])
    share = np.linspace(0, 1, len(place))
    floor = project(place[:, 0], place[:, 1], np.zeros(len(place)))
    line = project(place[:, 0], place[:, 1], 5 + LIFT * share)
    land = []
    if folder is not None and (folder / "map.yaml").is_file():
        land.append(_draw_map(axes, folder))
    axes.plot(*_broken(floor, place), color=SHADOW, lw=2.2, zorder=2, solid_capstyle="round")
    for each in log.accepted:
        color = color_of(each.verdict.right if each.verdict else None)
        axes.plot(*line[[each.query, each.match]].T, color=color, lw=1.3, alpha=0.8, zorder=3)
    _ride(axes, line, place, share)
    _kidnap(axes, log, line)
    axes.annotate("start", line[0], (-8, -13), textcoords="offset points", size=10, weight="bold", zorder=9)
    axes.plot(*line[0], "o", color=INK, ms=6, zorder=8)
    axes.plot(*line[-1], "s", color=INK, ms=6, zorder=8)
    axes.annotate("end", line[-1], (8, -3), textcoords="offset points", size=10, weight="bold", zorder=9)
    shown = np.concatenate([line, floor, *land])
    axes.set_xlim(shown[:, 0].min() - 1, shown[:, 0].max() + 1)
    axes.set_ylim(shown[:, 1].min() - 1, shown[:, 1].max() + 2)
    axes.set_aspect("equal")
    axes.axis("off")
    looks = (
        ({"color": GOOD}, "match, right"),
        ({"color": BAD}, "match, wrong"),
        ({"color": AMBER, "ls": (0, (2, 1.5))}, "kidnapped"),
        ({"color": SHADOW}, "path on the ground; the coloured path rises with time"),
    )
    handles = [Line2D([], [], lw=2, label=label, **look) for look, label in looks]
    axes.legend(
        handles=handles, loc="upper left", frameon=False, fontsize=9, ncols=4, bbox_to_anchor=(0, 1.06)
    )


def _draw_map(axes: Any, folder: Path) -> np.ndarray:
    """Draw the map in pale colours; returns its corners on the page, (4, 2)."""
    about = yaml.safe_load((folder / "map.yaml").read_text(encoding="utf-8"))
    image = cv2.imread(str(folder / about["image"]))
    pale = 255 - (255 - image[:, :, ::-1].astype(float)) * 0.62
    x, y, _ = about["origin"]
    height, width = (side * about["resolution"] for side in image.shape[:2])
    lay = Affine2D().rotate(TURN).scale(1, TILT) + axes.transData
    drawn = axes.imshow(
        pale.astype(np.uint8), extent=(x, x + width, y, y + height), zorder=1, interpolation="bilinear"
    )
    drawn.set_transform(lay)
    x_side, y_side = np.array([x, x + width, x + width, x]), np.array([y, y, y + height, y + height])
    return project(x_side, y_side, np.zeros(4))


def _broken(line: np.ndarray, place: np.ndarray) -> np.ndarray:
    """(2, N + jumps): the line, interrupted where the camera was moved."""
    jumps = np.flatnonzero(np.linalg.norm(np.diff(place, axis=0), axis=1) > 5) + 1
    return np.insert(line, jumps, np.nan, axis=0).T


def _ride(axes: Any, line: np.ndarray, place: np.ndarray, share: np.ndarray) -> None:
    """The rising path, coloured by time."""
    parts = np.stack([line[:-1], line[1:]], 1)
    whole = np.linalg.norm(np.diff(place, axis=0), axis=1) < 5
    axes.add_collection(
        LineCollection(parts[whole], colors="white", linewidths=5.5, zorder=4, capstyle="round")
    )
    ride = LineCollection(parts[whole], cmap="viridis", linewidths=3.2, zorder=5, capstyle="round")
    ride.set_array(share[1:][whole] * 0.93)
    ride.set_clim(0, 1)
    axes.add_collection(ride)


def _kidnap(axes: Any, log: RunLog, line: np.ndarray) -> None:
    lost = [i for i, ok in enumerate(log.tracked) if not ok]
    if not lost:
        return
    ends = line[[max(lost[0] - 1, 0), lost[-1]]]
    arrow = {
        "arrowstyle": "-|>",
        "connectionstyle": "arc3,rad=-0.25",
        "color": AMBER,
        "lw": 2.2,
        "ls": (0, (2, 1.5)),
        "mutation_scale": 16,
        "shrinkA": 4,
        "shrinkB": 4,
    }
    axes.annotate("", ends[1], ends[0], zorder=7, arrowprops=arrow)
    axes.annotate("lens covered,\ncamera moved", ends[0], (-12, -2), textcoords="offset points", size=10,
                  color=AMBER, weight="bold", ha="right", va="center", zorder=9)  # fmt: skip


def draw_matches(axes: Any, log: RunLog) -> None:
    """Without ground truth: time of the match over time of the query."""
    gray = [(log.seconds(c.query), log.seconds(c.match), c.similarity) for c in log.candidates]
    size = float(np.clip(6000 / len(log.stamps), 8, 60))
    if gray:
        x, y, similarity = np.array(gray).T
        low, high = np.percentile(similarity, (5, 99))
        depth = np.clip((similarity - low) / max(high - low, 1e-6), 0, 1)
        axes.scatter(x, y, c=grays(depth), s=size, lw=0, zorder=2)
    queries = [log.seconds(each.query) for each in log.accepted]
    matches = [log.seconds(each.match) for each in log.accepted]
    axes.scatter(queries, matches, s=size + 22, color=PLAIN, edgecolor="white", lw=0.6, zorder=3)
    end = log.seconds(len(log.stamps) - 1) or 1.0  # one image has no duration
    axes.plot([0, end], [0, end], color=FAINT, lw=1.2, zorder=1)
    axes.set(xlim=(0, end * 1.01), ylim=(-0.01 * end, end))
    axes.set_xlabel("query [s]", color=MUTED, size=9)
    axes.set_ylabel("match [s]", color=MUTED, size=9)
    axes.set_title(
        "Accepted matches (blue) and all candidates (gray; darker: more similar)", loc="left", size=11
    )
    _plain_frame(axes)


def grays(depth: np.ndarray) -> np.ndarray:
    """(N,) 0 pale … 1 dark → (N, 3) colours."""
    return np.repeat((0.9 - 0.6 * depth)[:, None], 3, 1)


def draw_similarity(axes: Any, log: RunLog, expected: Sequence[int]) -> None:
    """Similarity of the best candidate over time, and whether it was accepted."""
    for frames, color, what in (
        (expected, "#1f9d5526", "revisit"),
        ([i for i, ok in enumerate(log.tracked) if not ok], "#e08a1e33", "lens covered, tracking lost"),
    ):
        for n, (first, last) in enumerate(_stretches(frames)):
            half = 0.05
            axes.axvspan(
                log.seconds(first) - half,
                log.seconds(last) + half,
                color=color,
                lw=0,
                label=what if not n else None,
            )
    accepted = {(each.query, each.match) for each in log.accepted}
    rest = [each for each in log.best if (each.query, each.match) not in accepted]
    axes.scatter(
        [log.seconds(each.query) for each in rest],
        [each.similarity for each in rest],
        s=9,
        color="#a9adb3",
        lw=0,
        label="rejected",
    )
    for right, what in ((True, "accepted, right"), (False, "accepted, WRONG"), (None, "accepted")):
        some = [each for each in log.accepted if (each.verdict.right if each.verdict else None) is right]
        if some:
            times, similarities = (
                [log.seconds(each.query) for each in some],
                [each.similarity for each in some],
            )
            axes.scatter(times, similarities, s=26, zorder=3,
                         color=color_of(right), edgecolor="white", lw=0.5, label=what)  # fmt: skip
    axes.set_xlim(0, max(log.seconds(len(log.stamps) - 1) * 1.01, 0.1))
    axes.set_title("Similarity of the best candidate", loc="left", size=10.5)
    axes.set_xlabel("time [s]", color=MUTED, size=9)
    axes.legend(
        loc="lower right", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=9, ncols=5, handletextpad=0.4
    )
    _plain_frame(axes)


def _stretches(frames: Sequence[int]) -> List[Any]:
    """Runs of consecutive numbers as (first, last)."""
    runs: List[Any] = []
    for i in frames:
        if runs and i == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], i)
        else:
            runs.append((i, i))
    return runs


def _plain_frame(axes: Any) -> None:
    axes.tick_params(colors=MUTED, labelsize=9)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.grid(color=FAINT, lw=0.6, zorder=0)
    axes.set_axisbelow(True)
