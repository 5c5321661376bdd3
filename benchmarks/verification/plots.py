"""Plots of the documentation, small SVG files."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from benchmarks.verification.section import Section

COLORS = ("#d1495b", "#30638e", "#edae49", "#00798c", "#8d6a9f", "#6b705c")
SIZE = (5.6, 3.4)  # inches


def draw(section: Section) -> bytes:
    """The plot of a section, as SVG.

    Raises:
        KeyError: if nothing is plotted of it.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure  # without pyplot: no window, no state

    settings = {"svg.fonttype": "none", "svg.hashsalt": "verification", "font.size": 8.5}
    with mpl.rc_context(settings):
        figure = Figure(figsize=SIZE, layout="constrained")
        axes = figure.subplots()
        PLOTS[section.name](axes, section)
        axes.grid(color="#e6e6e6", linewidth=0.7)
        axes.set_axisbelow(True)
        axes.legend(fontsize=7, frameon=False)
        for spine in axes.spines.values():
            spine.set_visible(False)
        content = io.BytesIO()
        figure.savefig(content, format="svg", facecolor="white", metadata={"Date": None})
    return content.getvalue()


def _by_angle(axes: Any, section: Section) -> None:
    for color, (name, (x, y)) in zip(COLORS * 3, section.curves.items()):
        axes.plot(x, y, "o-", color=color, label=name, linewidth=1.4, markersize=3.5)
    axes.set(xlabel="angle between the views, degrees", ylabel="pose within 5°, % of pairs", ylim=(0, 102))
    axes.set(xticks=[7.5, 22.5, 37.5, 52.5], xticklabels=["0–15", "15–30", "30–45", "45–60"])


def _honesty(axes: Any, section: Section) -> None:
    axes.plot([0, 100], [0, 100], color="#999999", linewidth=0.8, label="honest")
    for color, (name, (x, y)) in zip(COLORS * 3, section.curves.items()):
        axes.plot(x, y, color=color, label=name, linewidth=1.4)
    axes.set(xlabel="bound from the covariance, % of errors", ylabel="errors within it, % of verified pairs")


def _sweep(axes: Any, section: Section) -> None:
    colors: dict[str, str] = {}
    for name, (x, y) in section.curves.items():
        wrong = name.endswith(" wrong")
        color = colors.setdefault(name.replace(" wrong", ""), COLORS[len(colors) % len(COLORS)])
        style = {"linestyle": ":"} if wrong else {"label": name}
        axes.plot(x, y, color=color, linewidth=1.4, **style)
    axes.set(xlabel="inliers needed", ylabel="verified, % (dotted: pairs of different landmarks)")


PLOTS: dict[str, Callable[[Any, Section], None]] = {
    "strecha": _by_angle,
    "rendered": _honesty,
    "night": _sweep,
}
