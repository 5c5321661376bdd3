"""What the verification of one pair found."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from place_recognition_ros.types import RelativePose


class Outcome(NamedTuple):
    """Result for one pair of images."""

    matches: int
    inliers: int = 0
    pose: RelativePose | None = None
    degenerate: str = ""
    pairs: np.ndarray | None = None  # (inliers, 2) int, rows of the features of either image
