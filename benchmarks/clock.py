"""Durations and memory of a block of code."""

from __future__ import annotations

import os
import time

import numpy as np

from benchmarks.figures import Figure


class Clock:
    """Durations of a block of code, and the processor time of it, which other processes disturb less."""

    def __init__(self) -> None:
        self.durations: list[float] = []
        """Times of the clock, milliseconds."""
        self.work: list[float] = []
        """Processor times, milliseconds."""

    def __enter__(self) -> None:
        self._begun = time.perf_counter(), time.thread_time()

    def __exit__(self, *_: object) -> None:
        self.durations.append(1e3 * (time.perf_counter() - self._begun[0]))
        self.work.append(1e3 * (time.thread_time() - self._begun[1]))

    def figures(self, what: str, high: float | None = None, median: float | None = None) -> list[Figure]:
        """Their median, 99th percentile and maximum, milliseconds; targets of the second and the first."""
        return [
            Figure(f"{what}, median", float(np.median(self.durations)), "ms", median),
            Figure(f"{what}, 99th percentile", float(np.percentile(self.durations, 99)), "ms", high),
            Figure(f"{what}, longest", max(self.durations), "ms"),
            Figure("processor time of it, median", float(np.median(self.work)), "ms"),
            Figure("processor time of it, 99th percentile", float(np.percentile(self.work, 99)), "ms"),
        ]


def resident() -> float:
    """Memory of this process that is in RAM, MB."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
