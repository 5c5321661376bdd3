"""How well confidences are calibrated."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

BINS = 15  # of the confidence


class Reliability(NamedTuple):
    """Calibration of confidences in ``BINS`` bins of equal width; empty bins are left out."""

    confidence: list[float]  # mean of each bin
    share: list[float]  # that is right, of each bin
    numbers: list[int]  # of matches in each bin

    @property
    def error(self) -> float:
        """Expected calibration error (ECE); NaN without a confidence."""
        if not self.numbers:
            return float("nan")
        gap = np.abs(np.subtract(self.confidence, self.share))
        return float(np.average(gap, weights=self.numbers))


def reliability(confident: Iterable[tuple[float, bool]]) -> Reliability:
    """Calibration of confidences.

    Args:
        confident: confidence, 0–1, and whether the match is right; NaN is left out.
    """
    pairs = np.array([each for each in confident if not np.isnan(each[0])], float).reshape(-1, 2)
    bins = np.minimum((pairs[:, 0] * BINS).astype(int), BINS - 1)
    filled = [pairs[bins == number] for number in range(BINS) if (bins == number).any()]
    return Reliability(
        [float(each[:, 0].mean()) for each in filled],
        [float(each[:, 1].mean()) for each in filled],
        [len(each) for each in filled],
    )
