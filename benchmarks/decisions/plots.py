"""Plots of the documentation. SVG is written directly, because that of a plotting library is too large."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

import numpy as np

from benchmarks.decisions.figures import Curve
from benchmarks.verification.plots import COLORS
from training.calibrate.reliability import Reliability

PANEL, GAP, TOP, COLUMNS = 110, 34, 40, 4  # pixels; panels side by side
MAX_POINTS = 15  # of a curve


def precision_recall(curves: Mapping[str, Mapping[str, Curve]]) -> str:
    """Small multiples: one panel per set, one line per stage.

    Args:
        curves: set → stage → curve; empty curves are not drawn.
    """
    rows = -(-len(curves) // COLUMNS)
    filled = {title: {s: c for s, c in each.items() if c.recall} for title, each in curves.items()}
    names = list(dict.fromkeys(stage for each in filled.values() for stage in each))
    parts = [
        f'<text x="{GAP + 95 * i}" y="14" fill="{COLORS[i % len(COLORS)]}">{escape(name)}</text>'
        for i, name in enumerate(names)
    ]
    for number, (title, stages) in enumerate(filled.items()):
        x, y = GAP + (number % COLUMNS) * (PANEL + GAP), TOP + (number // COLUMNS) * (PANEL + GAP)
        parts.append(_panel(x, y, title, "recall" if number // COLUMNS == rows - 1 else ""))
        for stage, curve in stages.items():
            color = COLORS[names.index(stage) % len(COLORS)]
            parts.append(_line(x, y, thinned(curve.recall, curve.precision), color))
    parts.append(_upright(GAP - 20, TOP + PANEL, "precision"))
    return _document(GAP + COLUMNS * (PANEL + GAP), TOP + rows * (PANEL + GAP), parts)


def reliability_diagram(found: Reliability) -> str:
    """Share of right matches against confidence; a calibrated confidence follows the diagonal."""
    x, y = 2 * GAP, TOP
    points = list(zip(found.confidence, found.share))
    dots = [
        f'<circle cx="{x + PANEL * a:.1f}" cy="{y + PANEL * (1 - b):.1f}" r="{_radius(n):.1f}" '
        f'fill="{COLORS[1]}"/>'
        for (a, b), n in zip(points, found.numbers)
    ]
    title = f"ECE {found.error:.3f}" if points else "no calibrated confidence"
    diagonal = _line(x, y, [(0.0, 0.0), (1.0, 1.0)], "#999999")
    parts = [_panel(x, y, title, "confidence"), diagonal, *dots, _upright(x - 20, y + PANEL, "share right")]
    return _document(2 * x + PANEL, TOP + PANEL + GAP, parts)


def thinned(x: Sequence[float], y: Sequence[float]) -> list[tuple[float, float]]:
    """At most ``MAX_POINTS`` points of a curve, with its first and last."""
    if len(x) <= MAX_POINTS:
        return list(zip(x, y))
    rows = np.unique(np.linspace(0, len(x) - 1, MAX_POINTS).astype(int))
    return [(x[row], y[row]) for row in rows]


def _radius(count: int) -> float:
    return 2.0 + float(np.log10(count))


def _panel(x: int, y: int, title: str, below: str) -> str:
    middle = x + PANEL // 2
    texts = [
        f'<text x="{x}" y="{y - 5}">{escape(title)}</text>',
        f'<text x="{x - 3}" y="{y + 4}" text-anchor="end">1</text>',
        f'<text x="{x - 3}" y="{y + PANEL}" text-anchor="end">0</text>',
    ]
    if below:
        texts.append(f'<text x="{middle}" y="{y + PANEL + 12}" text-anchor="middle">{below}</text>')
    frame = f'<rect x="{x}" y="{y}" width="{PANEL}" height="{PANEL}" fill="none" stroke="#cccccc"/>'
    return frame + "".join(texts)


def _upright(x: int, y: int, text: str) -> str:
    return f'<text transform="translate({x},{y - PANEL // 2}) rotate(-90)" text-anchor="middle">{text}</text>'


def _line(x: int, y: int, points: Sequence[tuple[float, float]], color: str) -> str:
    places = " ".join(f"{x + PANEL * a:.1f},{y + PANEL * (1 - b):.1f}" for a, b in points)
    return f'<polyline points="{places}" stroke="{color}"/>'


def _document(width: int, height: int, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" '
        'font-size="9" fill="#222222"><style>polyline{fill:none;stroke-width:1.4}</style>'
        '<rect width="100%" height="100%" fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )
