"""Measured figures and their targets."""

from __future__ import annotations

import argparse
import os
import platform
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import cv2
import faiss
import numpy as np
import onnxruntime


class Figure(NamedTuple):
    """One line of the table."""

    what: str
    value: float
    unit: str
    target: float | None = None  # maximum; None: no target

    @property
    def met(self) -> bool:
        """Whether the target is met; True without a target."""
        return self.target is None or self.value <= self.target

    @property
    def cells(self) -> tuple[str, str, str, str]:
        """One row of the table."""
        measured = f"{self.value:.3g} {self.unit}" if self.unit else f"{self.value:.3f}"
        if self.target is None:
            return self.what, measured, "", ""
        return self.what, measured, f"≤ {self.target:g} {self.unit}".strip(), "yes" if self.met else "NO"


HEADINGS = ("figure", "measured", "target", "met")


def table(figures: Iterable[Figure], markdown: bool) -> str:
    """The figures as aligned text, or as a Markdown table."""
    return grid(HEADINGS, [figure.cells for figure in figures], markdown, right=(1, 2))


def grid(
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    markdown: bool = False,
    right: Iterable[int] | None = None,
) -> str:
    """Cells as aligned text, or as a Markdown table.

    Args:
        headings: of the columns.
        rows: their cells, as many as headings.
        markdown: which of the two.
        right: numbers of the columns that are aligned to the right; None: all but the first.
    """
    rows = [headings, *rows]
    right = set(range(1, len(headings)) if right is None else right)
    if markdown:
        lines = ["| " + " | ".join(row) + " |" for row in rows]
        rules = ("---:" if column in right else "---" for column in range(len(headings)))
        lines.insert(1, "|" + "|".join(rules) + "|")
        return "\n".join(lines)
    widths = [max(len(cell) for cell in column) for column in zip(*rows)]
    signs = [">" if column in right else "<" for column in range(len(headings))]
    return "\n".join(
        "  ".join(f"{cell:{sign}{width}}" for cell, sign, width in zip(row, signs, widths)).rstrip()
        for row in rows
    )


def spread(values: Sequence[float], digits: int = 3) -> str:
    """Median and quartiles: ``0.10 (0.09–0.12)``."""
    low, middle, high = (f"{value:.{digits}g}" for value in np.percentile(values, (25, 50, 75)))
    return f"{middle} ({low}–{high})"


def command(name: str, description: str | None) -> argparse.ArgumentParser:
    """The arguments that all of ``python -m benchmarks.NAME`` have; the program's docstring describes it."""
    parser = argparse.ArgumentParser(
        prog=f"python -m benchmarks.{name}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    return parser


def finish(figures: Sequence[Figure], on: str, markdown: bool) -> int:
    """Print the table and what it was measured on.

    Returns:
        Exit code: 1 if a target is not met.
    """
    print(table(figures, markdown))
    print(f"\n{on}")
    return int(not all(figure.met for figure in figures))


def machine() -> str:
    """Processor, load and library versions of this machine."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    versions = {
        "Python": platform.python_version(),
        "NumPy": np.__version__,
        "OpenCV": cv2.__version__,
        "FAISS": faiss.__version__,
        "ONNX Runtime": onnxruntime.__version__,
        "SQLite": sqlite3.sqlite_version,
    }
    return (
        f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores, "
        f"load {os.getloadavg()[0]:.1f} at the start; "
        + ", ".join(f"{name} {version}" for name, version in versions.items())
    )


def timed(action: Callable[..., Any], *arguments: object) -> tuple[float, Any]:
    """Duration of a call, in seconds, and its result."""
    start = time.perf_counter()
    result = action(*arguments)
    return time.perf_counter() - start, result


def latency(
    what: str, durations: list[float], median: float | None = None, high: float | None = None
) -> list[Figure]:
    """Median and 95th percentile of durations in seconds, with their targets in milliseconds."""
    middle, upper = 1e3 * np.percentile(durations, (50, 95))
    return [
        Figure(f"{what}, median", middle, "ms", median),
        Figure(f"{what}, 95th percentile", upper, "ms", high),
    ]
