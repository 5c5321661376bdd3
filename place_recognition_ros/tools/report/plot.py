"""Charts as inline SVG that stretches with the page, with labels in HTML that do not."""

from html import escape
from typing import List, NamedTuple, Sequence, Tuple

import numpy as np

SIDE = 1000  # units of the drawing on each axis
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)  # seconds


class Axis(NamedTuple):
    """A linear axis; it may run downwards."""

    low: float
    high: float
    ticks: Sequence[Tuple[float, str]] = ()
    label: str = ""

    def place(self, values: "np.ndarray | Sequence[float]") -> np.ndarray:
        """0 to 1 along the axis."""
        return (np.asarray(values, float) - self.low) / (self.high - self.low or 1.0)


def clock(seconds: float, whole: float = 0.0) -> str:
    """Seconds as "5 s", "1:05" or "1:02:03"; ``whole``: the longest time beside it, whose form is used."""
    total, longest = round(seconds), max(whole, seconds)
    if longest < 120:
        return f"{total} s"
    if longest < 3600:
        return f"{total // 60}:{total % 60:02d}"
    return f"{total // 3600}:{total // 60 % 60:02d}:{total % 60:02d}"


def time_axis(seconds: float, count: int = 6) -> Axis:
    """From 0 to ``seconds``, with at most ``count`` steps."""
    step = next((step for step in _STEPS if seconds / step <= count), 10 * _STEPS[-1])
    ticks = [(float(tick), clock(tick, seconds)) for tick in range(0, int(seconds) + 1, step)]
    return Axis(0.0, max(seconds, 1e-3), ticks)


class Plot:
    """A chart.

    Args:
        x, y: its axes.
        label: what it shows, for those who cannot see it.
        height: CSS length; empty: the chart is a square without lines at its ticks.
    """

    def __init__(self, x: Axis, y: Axis, label: str, height: str = "13rem") -> None:
        self._x, self._y, self._label, self._height = x, y, label, height
        self._shapes: List[str] = []
        self._notes: List[str] = []

    def band(self, start: float, end: float, look: str) -> None:
        """Shade a range of x."""
        left, right = SIDE * self._x.place([start, end])
        self._shapes.append(
            f'<rect class="{look}" x="{left:.1f}" y="0" width="{max(right - left, 1):.1f}" height="{SIDE}"/>'
        )

    def rule(self, value: float, look: str, text: str = "") -> None:
        """A horizontal line across the chart, with a label at its left end."""
        y = SIDE * (1 - float(self._y.place([value])[0]))
        self._shapes.append(f'<path class="line {look}" d="M0 {y:.1f}H{SIDE}"/>')
        if text:
            self._notes.append(f'<span class="rule" style="top:{y / 10:.1f}%">{escape(text)}</span>')

    def dots(self, x: "np.ndarray | Sequence[float]", y: "np.ndarray | Sequence[float]", look: str) -> None:
        """A dot for each point; those that are not finite are left out."""
        path = "".join(f"M{a} {b}h0" for a, b in self._points(x, y))
        if path:
            self._shapes.append(f'<path class="dots {look}" d="{path}"/>')

    def line(self, x: "np.ndarray | Sequence[float]", y: "np.ndarray | Sequence[float]", look: str) -> None:
        """A line through the points."""
        path = "L".join(f"{a} {b}" for a, b in self._points(x, y))
        if path:
            self._shapes.append(f'<path class="line {look}" d="M{path}"/>')

    def arcs(self, start: Sequence[float], end: Sequence[float], look: str) -> None:
        """An arc from one x to another, above the lower edge; the farther apart, the higher."""
        pairs = zip(SIDE * self._x.place(start), SIDE * self._x.place(end))
        path = "".join(
            f"M{a:.1f} {SIDE}Q{(a + b) / 2:.1f} {SIDE - 2 * abs(b - a) * 0.95:.1f} {b:.1f} {SIDE}"
            for a, b in pairs
        )
        if path:
            self._shapes.append(f'<path class="line {look}" d="{path}"/>')

    def bars(self, x: np.ndarray, width: float, low: np.ndarray, high: np.ndarray, look: str) -> None:
        """A bar for each x, from ``low`` to ``high``."""
        left, right = SIDE * self._x.place(x), SIDE * self._x.place(x + width)
        top, bottom = SIDE * (1 - self._y.place(high)), SIDE * (1 - self._y.place(low))
        path = "".join(
            f"M{a:.1f} {d:.1f}V{c:.1f}H{b:.1f}V{d:.1f}z"
            for a, b, c, d in zip(left, right, top, bottom)
            if d > c
        )
        if path:
            self._shapes.append(f'<path class="{look}" d="{path}"/>')

    def html(self) -> str:
        """The chart."""
        ticks = []
        for value, text in self._x.ticks:
            share = float(self._x.place([value])[0])
            ticks.append(f'<span class="tick x" style="left:{100 * share:.2f}%">{escape(text)}</span>')
        for value, text in self._y.ticks:
            share = 1 - float(self._y.place([value])[0])
            ticks.append(f'<span class="tick y" style="top:{100 * share:.2f}%">{escape(text)}</span>')
            if self._height:
                self._shapes.insert(0, f'<path class="line grid" d="M0 {SIDE * share:.1f}H{SIDE}"/>')
        for axis, side in ((self._x, "x"), (self._y, "y")):
            if axis.label:
                ticks.append(f'<span class="axis {side}">{escape(axis.label)}</span>')
        size = f"height:{self._height}" if self._height else "aspect-ratio:1"
        return (
            f'<div class="plot" style="{size}"><svg role="img" aria-label="{escape(self._label)}" '
            f'viewBox="0 0 {SIDE} {SIDE}" preserveAspectRatio="none">{"".join(self._shapes)}</svg>'
            f"{''.join(self._notes)}{''.join(ticks)}</div>"
        )

    def _points(
        self, x: "np.ndarray | Sequence[float]", y: "np.ndarray | Sequence[float]"
    ) -> List[Tuple[str, str]]:
        across, up = SIDE * self._x.place(x), SIDE * (1 - np.clip(self._y.place(y), 0, 1))
        known = np.isfinite(across) & np.isfinite(up)
        return [(f"{a:.1f}", f"{b:.1f}") for a, b in zip(across[known], up[known])]


def legend(*entries: Tuple[str, str]) -> str:
    """A line of (look, text); empty without any."""
    if not entries:
        return ""
    items = "".join(f'<span><i class="{look}"></i>{escape(text)}</span>' for look, text in entries)
    return f'<p class="legend">{items}</p>'
