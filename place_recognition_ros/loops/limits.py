"""What a match has to reach before it is worth weighing: the checks that need no statistics."""

from typing import NamedTuple

from place_recognition_ros.config import Config
from place_recognition_ros.loops.models import MIN_POINTS
from place_recognition_ros.types import Evidence, Reason


class Limits(NamedTuple):
    """What the evidence has to reach."""

    min_similarity: float  # cosine
    min_inliers: int

    @classmethod
    def from_config(cls, config: Config, card_similarity: float) -> "Limits":
        """The limits of a configuration; ``card_similarity``: the model card's lowest cosine."""
        return cls(
            card_similarity if config.min_similarity == -1 else config.min_similarity,
            max(config.min_inliers, MIN_POINTS),
        )


def objection(evidence: Evidence, limits: Limits) -> Reason:
    """The first limit that the evidence does not reach, of what has been examined; NONE: it reaches all."""
    if evidence.similarity < limits.min_similarity:
        return Reason.LOW_SIMILARITY
    if evidence.matches < 0:
        return Reason.NONE
    if evidence.matches < limits.min_inliers:
        return Reason.FEW_MATCHES
    if evidence.inliers < limits.min_inliers:
        return Reason.FEW_INLIERS
    if not evidence.spread:
        return Reason.DEGENERATE
    return Reason.ODOMETRY_CONFLICT if evidence.possible is False else Reason.NONE
