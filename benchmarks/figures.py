"""Measured figures and their targets."""

from __future__ import annotations

import os
import platform
import sqlite3
import time
from collections.abc import Callable, Iterable
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
    rows = [HEADINGS, *(figure.cells for figure in figures)]
    if markdown:
        lines = ["| " + " | ".join(row) + " |" for row in rows]
        lines.insert(1, "|---|---:|---:|---|")
        return "\n".join(lines)
    widths = [max(len(cell) for cell in column) for column in zip(*rows)]
    return "\n".join(
        f"{a:<{widths[0]}}  {b:>{widths[1]}}  {c:>{widths[2]}}  {d}".rstrip() for a, b, c, d in rows
    )


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
