"""What the verification of one pair found."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from place_recognition_ros.loops.geometry import Geometry
from place_recognition_ros.types import RelativePose


class Outcome(NamedTuple):
    """Result for one pair of images."""

    matches: int
    inliers: int = 0
    pose: RelativePose | None = None
    degenerate: str = ""
    pairs: np.ndarray | None = None  # (inliers, 2) int, rows of the features of either image
    geometry: Geometry | None = None  # of the package's estimation

    def largest_threshold(self) -> int:
        """Inliers up to which a verification that needs that many accepts the pair; 0: never.

        The package's estimation also needs inliers that spread over both images; the plain one has only its
        inliers.
        """
        usable = self.geometry is None or self.geometry.spread
        return self.inliers if usable else 0
