"""What a match has to reach before it is worth weighing: the checks that need no statistics."""

from typing import NamedTuple

from place_recognition_ros.config import Config
from place_recognition_ros.loops.models import MIN_POINTS
from place_recognition_ros.types import Evidence, Reason

ELSEWHERE = 0.7  # of a similarity: an image that is less similar than this shows another place


class Limits(NamedTuple):
    """What the evidence has to reach."""

    min_similarity: float  # cosine
    another_place: float  # cosine below which two images never show the same place, of the model card
    min_distance: float  # metres
    min_inliers: int

    @classmethod
    def from_config(cls, config: Config, card_similarity: float) -> "Limits":
        """The limits of a configuration; ``card_similarity``: the model card's lowest cosine."""
        return cls(
            card_similarity if config.min_similarity == -1 else config.min_similarity,
            card_similarity,
            config.min_loop_distance_m,
            max(config.min_inliers, MIN_POINTS),
        )

    def elsewhere_below(self, similarity: float) -> float:
        """The cosine below which an image shows another place than one of this similarity does."""
        return max(ELSEWHERE * similarity, self.another_place)


def objection(evidence: Evidence, limits: Limits) -> Reason:
    """The first limit that the evidence does not reach, of what has been examined; NONE: it reaches all."""
    if evidence.similarity < limits.min_similarity:
        return Reason.LOW_SIMILARITY
    if evidence.travelled is not None and evidence.travelled < limits.min_distance:
        return Reason.TOO_RECENT
    lowest = evidence.least_similarity
    if lowest is not None and lowest >= limits.elsewhere_below(evidence.similarity):
        return Reason.TOO_RECENT
    if evidence.matches < 0:
        return Reason.NONE
    if evidence.matches < limits.min_inliers:
        return Reason.FEW_MATCHES
    if evidence.inliers < limits.min_inliers:
        return Reason.FEW_INLIERS
    if not evidence.spread:
        return Reason.DEGENERATE
    return Reason.ODOMETRY_CONFLICT if evidence.possible is False else Reason.NONE
