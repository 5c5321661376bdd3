"""What the verification of one pair found."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from place_recognition_ros.config import Config
from place_recognition_ros.loops.evidence import Evidence, Limits, decide
from place_recognition_ros.loops.geometry import Geometry
from place_recognition_ros.loops.models import MIN_POINTS
from place_recognition_ros.types import Reason, RelativePose


class Outcome(NamedTuple):
    """Result for one pair of images."""

    matches: int
    inliers: int = 0
    pose: RelativePose | None = None
    degenerate: str = ""
    pairs: np.ndarray | None = None  # (inliers, 2) int, rows of the features of either image
    geometry: Geometry | None = None  # of the package's estimation

    def largest_threshold(self) -> int:
        """Inliers up to which the package's decision, with that many needed, accepts the pair; 0: never.

        All other limits are those of the configuration. The plain estimation has only its inliers.
        """
        if self.geometry is None:
            return self.inliers
        limits = Limits.from_config(Config(), -1.0)._replace(min_inliers=MIN_POINTS)
        evidence = Evidence(similarity=1.0, margin=1.0, geometry=self.geometry)
        return self.inliers if decide(evidence, limits)[1] == Reason.NONE else 0
