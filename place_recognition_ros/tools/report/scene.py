"""The path with its loops, where positions are known; else the loops as arcs over time."""

from html import escape
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np

from place_recognition_ros.tools.report.findings import Findings, Pair
from place_recognition_ros.tools.report.plot import SIDE, Axis, Plot, legend, time_axis

TURN, TILT = np.radians(-14.0), 0.58  # rotation and foreshortening of the ground on the page
LIFT = 0.30  # of the extent of the path, by which it rises from the first to the last keyframe
MARGIN = 0.03  # of the width
COLOURS = 24  # steps of the colour along the path
NEW_WORLD = 20  # times the median step: a jump, which is not drawn as a path
_PATH = ((72, 86, 190), (33, 145, 180), (60, 185, 120), (190, 205, 60), (245, 170, 40))  # RGB


def draw(findings: Findings) -> Tuple[str, str]:
    """The drawing, and where the positions are from: "odometry", "ground truth" or "" (there are none)."""
    odometry = [entry.position for entry in findings.run.entries]
    if _known(odometry):
        return _path(findings, odometry), "odometry"
    if findings.judge is not None:
        truth = [None if spot is None else spot.position for spot in findings.judge.spots]
        if _known(truth):
            return _path(findings, truth), "ground truth"
    return _arcs(findings), ""


def look(pair: Pair) -> str:
    """The class of a loop."""
    if pair.verdict is None:
        return "accepted"
    return "right" if pair.verdict.right else "wrong"


def legend_of(pairs: Sequence[Pair], *more: Tuple[str, str]) -> str:
    """The legend for loops."""
    words = {"accepted": "accepted loop", "right": "accepted, right", "wrong": "accepted, wrong"}
    used = {look(each) for each in pairs if each.match is not None}
    return legend(*((name, text) for name, text in words.items() if name in used), *more)


def _known(positions: Sequence[Optional[np.ndarray]]) -> bool:
    return sum(each is not None for each in positions) >= max(2, 0.5 * len(positions))


def _path(findings: Findings, positions: Sequence[Optional[np.ndarray]]) -> str:
    rows = np.array([row for row, each in enumerate(positions) if each is not None])
    places = np.array([each for each in positions if each is not None], float)
    flat = _on_ground(places)
    extent = float(np.ptp(flat, axis=0).max()) or 1.0
    rise = LIFT * extent * findings.times[rows] / max(float(findings.times[-1]), 1e-9)
    ground, line = _projected(flat, np.zeros(len(flat))), _projected(flat, rise + 0.02 * extent)
    everything = np.concatenate([ground, line])
    low, high = everything.min(0), everything.max(0)
    scale = SIDE / max(float(high[0] - low[0]), 1e-9)

    def on_page(points: np.ndarray) -> np.ndarray:
        return np.stack([points[:, 0] - low[0], high[1] - points[:, 1]], 1) * scale

    size = on_page(np.stack([high, low]))[1][1]
    edge = MARGIN * SIDE
    box = f"{-edge:.0f} {-edge:.0f} {SIDE + 2 * edge:.0f} {size + 2 * edge:.0f}"
    shadow, drawn = on_page(ground), on_page(line)
    sessions = np.array([findings.run.entries[row].result.tracking.session for row in rows])
    whole = _continues(places) & (sessions[1:] == sessions[:-1])
    shapes = [f'<path class="line shadow" d="{_polyline(shadow, whole)}"/>']
    row_of = {int(row): number for number, row in enumerate(rows)}
    loops: Dict[str, str] = {}  # look → lines: thousands of elements would take a browser long
    for pair in findings.loops:
        ends = [row_of.get(row) for row in (pair.query, -1 if pair.match is None else pair.match)]
        if ends[0] is not None and ends[1] is not None:
            (a, b), (c, d) = drawn[ends[0]], drawn[ends[1]]
            loops[look(pair)] = loops.get(look(pair), "") + f"M{a:.1f} {b:.1f}L{c:.1f} {d:.1f}"
    shapes += [f'<path class="line loop {name}" d="{lines}"/>' for name, lines in sorted(loops.items())]
    shapes += _coloured(drawn, whole)
    marks = [f'<path class="dots end" d="M{x:.1f} {y:.1f}h0"/>' for x, y in drawn[[0, -1]]]
    labels = "".join(
        _label(text, drawn[row], size + 2 * edge, edge) for text, row in (("start", 0), ("end", -1))
    )
    bar = _scale_bar(extent, scale)
    return (
        f'<div class="scene" style="aspect-ratio:{SIDE + 2 * edge:.0f}/{size + 2 * edge:.0f}">'
        f'<svg role="img" aria-label="path with loops" viewBox="{box}">{"".join(shapes + marks)}</svg>'
        f"{labels}{bar}</div>"
    )


def _on_ground(places: np.ndarray) -> np.ndarray:
    """(N, 2) metres: without the axis along which the path extends least, which is up."""
    spread = places.std(axis=0)
    up = 2 if spread[2] <= spread.max() / 2 else int(np.argmin(spread))
    return np.asarray(np.delete(places, up, axis=1) * ((1, -1) if up == 1 else (1, 1)))


def _projected(flat: np.ndarray, height: np.ndarray) -> np.ndarray:
    """(N, 2): an oblique view from above."""
    across = np.cos(TURN) * flat[:, 0] - np.sin(TURN) * flat[:, 1]
    deep = np.sin(TURN) * flat[:, 0] + np.cos(TURN) * flat[:, 1]
    return np.stack([across, deep * TILT + height], 1)


def _continues(places: np.ndarray) -> np.ndarray:
    """(N − 1,) bool: whether the path goes on to the next place, or jumps."""
    steps = np.linalg.norm(np.diff(places, axis=0), axis=1)
    usual = float(np.median(steps[steps > 0])) if (steps > 0).any() else 1.0
    return np.asarray(steps <= max(2.0, NEW_WORLD * usual))


def _polyline(points: np.ndarray, whole: np.ndarray) -> str:
    parts = [f"M{points[0, 0]:.1f} {points[0, 1]:.1f}"]
    for (x, y), joined in zip(points[1:], whole):
        parts.append(f"{'L' if joined else 'M'}{x:.1f} {y:.1f}")
    return "".join(parts)


def _coloured(points: np.ndarray, whole: np.ndarray) -> List[str]:
    """The path in the colours of time, over a rim of the colour of the page."""
    shapes = [f'<path class="line rim" d="{_polyline(points, whole)}"/>']
    edges = np.linspace(0, len(points) - 1, min(COLOURS, len(points) - 1) + 1).astype(int)
    for number, (first, last) in enumerate(zip(edges, edges[1:])):
        part = _polyline(points[first : last + 1], whole[first:last])
        at = (number + 0.5) / (len(edges) - 1) * (len(_PATH) - 1)
        base = min(int(at), len(_PATH) - 2)
        mixed = [round(a + (at - base) * (b - a)) for a, b in zip(_PATH[base], _PATH[base + 1])]
        shapes.append(
            f'<path class="line path" style="stroke:rgb({mixed[0]},{mixed[1]},{mixed[2]})" d="{part}"/>'
        )
    return shapes


def _label(text: str, point: np.ndarray, height: float, edge: float) -> str:
    left, top = 100 * (point[0] + edge) / (SIDE + 2 * edge), 100 * (point[1] + edge) / height
    side = "right" if left > 85 else "left"
    return f'<span class="mark {side}" style="left:{left:.1f}%;top:{top:.1f}%">{escape(text)}</span>'


def _scale_bar(extent: float, scale: float) -> str:
    power = 10.0 ** np.floor(np.log10(max(extent / 4, 1e-6)))
    metres = next(step * power for step in (5, 2, 1) if step * power <= extent / 3)
    width = 100 * metres * scale / (SIDE * (1 + 2 * MARGIN))
    return f'<span class="scale" style="width:{width:.1f}%">{metres:g} m</span>'


def _arcs(findings: Findings) -> str:
    """Each loop as an arc from the time of the match to that of the query."""
    times = findings.times
    plot = Plot(time_axis(float(times[-1])), Axis(0, 1), "loops over time", "15rem")
    for number, (_, first, last) in enumerate(findings.sessions):
        if number % 2:
            plot.band(float(times[first]), float(times[last]), "session")
    for name in ("accepted", "right", "wrong"):
        some = [each for each in findings.loops if each.match is not None and look(each) == name]
        start = [float(times[each.match]) for each in some if each.match is not None]
        plot.arcs(start, [float(times[each.query]) for each in some], f"loop {name}")
    plot.dots(times, np.zeros(len(times)), "other")
    earlier = sorted({each.query for each in findings.loops if each.match is None})
    plot.dots(times[earlier], np.full(len(earlier), 0.06), "earlier")
    marks = [("earlier", "matched with the map as it was before")] if earlier else []
    return plot.html() + legend(*marks)
