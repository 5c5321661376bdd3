"""Plots of precision over recall, and of similarities."""

import io
import math

import numpy as np

_COLORS = ("#d1495b", "#30638e", "#edae49", "#00798c", "#8d6a9f", "#6b705c")
_COLUMNS = 4
_PALETTE = 32  # number of colours in a PNG file
_LABELLED = 40  # maximum number of labels that are legible
_CORNERS = (("right", "top"), ("left", "bottom"), ("right", "bottom"))  # of a panel, for its text
_TEXT = (0.55, 0.08)  # width, and height of a line, as a share of the panel


def plot_curves(evaluations, kind="png", dpi=110):
    """Plot the :class:`training.evaluation.retrieval.Curve` of each task and model.

    Each panel lists the models in their colours, best first, with the area under the curve.

    Args:
        evaluations: list of :class:`training.evaluation.table.Evaluation` on the same tasks.
        kind: file format, "png", "svg" or "pdf".
        dpi: pixels per inch.

    Returns:
        bytes of the file.
    """
    from matplotlib.figure import Figure  # without pyplot: no window, no state

    tasks = list(evaluations[0].figures)
    columns = min(_COLUMNS, len(tasks))
    rows = math.ceil(len(tasks) / columns)
    figure = Figure(figsize=(2.6 * columns + 0.5, 2.5 * rows + 0.5), dpi=dpi, layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel()
    for panel, task in zip(panels, tasks):
        _draw(panel, task, evaluations)
    for panel in panels[len(tasks) :]:
        panel.set_axis_off()
    for panel in panels[max(0, len(tasks) - columns) : len(tasks)]:
        panel.set_xlabel("recall, %")
        panel.xaxis.set_tick_params(labelbottom=True)
    for panel in panels[::columns]:
        panel.set_ylabel("precision, %")
    return _save(figure, kind)


def plot_similarity(similarity, labels, kind="png", dpi=110):
    """Plot a matrix of similarities, with labels if they are few.

    Args:
        similarity: (N, N) float.
        labels: N names.
        kind: file format, "png", "svg" or "pdf".
        dpi: pixels per inch.

    Returns:
        bytes of the file.
    """
    from matplotlib.figure import Figure

    named = len(labels) <= _LABELLED
    side = 2.5 + 0.2 * len(labels) if named else 7.0
    figure = Figure(figsize=(side + 1.0, side), dpi=dpi, layout="constrained")
    panel = figure.subplots()
    image = panel.imshow(similarity, cmap="magma", vmin=min(0.0, float(np.min(similarity))), vmax=1.0)
    figure.colorbar(image, label="cosine", shrink=0.8)
    if named:
        panel.set_xticks(range(len(labels)), labels, rotation=90, fontsize=7)
        panel.set_yticks(range(len(labels)), labels, fontsize=7)
    return _save(figure, kind)


def _save(figure, kind):
    content = io.BytesIO()
    try:
        figure.savefig(content, format=kind, facecolor="white")
    except ValueError as error:
        raise ValueError(
            f"expected a file name that ends in .png, .svg or .pdf. Received: '.{kind}'"
        ) from error
    return _fewer_colors(content) if kind == "png" else content.getvalue()


def _fewer_colors(png):
    """The same PNG with a palette, a third of the size."""
    from PIL import Image  # comes with matplotlib

    content = io.BytesIO()
    Image.open(png).convert("RGB").quantize(_PALETTE).save(content, "PNG", optimize=True)
    return content.getvalue()


def _draw(panel, task, evaluations):
    panel.set_title(f"{task}, {evaluations[0].figures[task].queries} queries", loc="left", fontsize=9)
    areas: list = []
    points: list = []
    for number, evaluation in enumerate(evaluations):
        curve = evaluation.figures[task].curve
        color = _COLORS[number % len(_COLORS)]
        recall = np.concatenate([[0.0], curve.recall])
        precision = np.concatenate([curve.precision[:1], curve.precision])
        panel.plot(
            100 * recall, 100 * precision, color=color, linewidth=1.6, zorder=len(evaluations) - number
        )
        panel.plot(100 * recall[-1], 100 * precision[-1], "o", color=color, markersize=3.5, zorder=9)
        areas.append((curve.area, evaluation.name, color))
        along = np.linspace(0.0, recall[-1], 100)
        points += zip(along, np.interp(along, recall, precision))
    drawn = np.array(points)
    side, edge = min(_CORNERS, key=lambda corner: _covered(drawn, corner, len(areas)))
    down = edge == "top"
    for line, (area, name, color) in enumerate(sorted(areas, reverse=not down)):
        panel.annotate(
            f"{name} {100 * area:.0f}",
            (0.97 if side == "right" else 0.04, 0.95 if down else 0.05),
            xycoords="axes fraction",
            xytext=(0, (-1 if down else 1) * 9.5 * (len(areas) - 1 - line)),
            textcoords="offset points",
            ha=side,
            va=edge,
            color=color,
            fontsize=7.5,
            fontweight="bold",
            zorder=20,
            bbox={"facecolor": "white", "alpha": 0.7, "linewidth": 0, "pad": 0.5},
        )
    panel.set(xlim=(-2, 103), ylim=(-2, 104), xticks=range(0, 101, 25), yticks=range(0, 101, 25))
    panel.tick_params(length=0, labelsize=8, colors="#555555")
    panel.grid(color="#e6e6e6", linewidth=0.7)
    panel.set_axisbelow(True)
    for spine in panel.spines.values():
        spine.set_visible(False)


def _covered(points, corner, lines):
    """Number of points of curves under a text in a corner.

    Args:
        points: (N, 2) recall and precision.
        corner: out of ``_CORNERS``.
        lines: of the text.
    """
    across = 1.0 - points[:, 0] if corner[0] == "right" else points[:, 0]
    down = 1.0 - points[:, 1] if corner[1] == "top" else points[:, 1]
    return np.count_nonzero((across < _TEXT[0]) & (down < _TEXT[1] * lines))
