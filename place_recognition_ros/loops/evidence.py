"""The evidence for one match, and the decision that follows from it. Pure functions of numbers."""

from typing import NamedTuple, Optional, Tuple

from place_recognition_ros.config import Config
from place_recognition_ros.loops.geometry import Geometry
from place_recognition_ros.loops.models import MIN_POINTS
from place_recognition_ros.types import Reason, Status, WorldPose

EXPECTED = 0.9  # of the coverage: enough where a keyframe just before was accepted next to the match
ELSEWHERE = 0.7  # of a similarity: an image that is less similar than this shows another place


class Limits(NamedTuple):
    """What the evidence has to reach."""

    min_similarity: float  # cosine
    another_place: float  # cosine below which two images never show the same place, of the model card
    min_margin: float
    min_distance: float  # metres
    min_inliers: int
    min_inlier_ratio: float
    min_coverage: float

    @classmethod
    def from_config(cls, config: Config, card_similarity: float) -> "Limits":
        """The limits of a configuration; ``card_similarity``: the model card's lowest cosine."""
        return cls(
            card_similarity if config.min_similarity == -1 else config.min_similarity,
            card_similarity,
            config.min_margin,
            config.min_loop_distance_m,
            max(config.min_inliers, MIN_POINTS),
            config.min_inlier_ratio,
            config.min_coverage,
        )

    def elsewhere_below(self, similarity: float) -> float:
        """The cosine below which an image shows another place than one of this similarity does."""
        return max(ELSEWHERE * similarity, self.another_place)


class Evidence(NamedTuple):
    """What is known for and against one match; None: not examined, or without meaning for this match."""

    similarity: float  # cosine of the global descriptors
    margin: float  # similarity minus that of the best other place
    travelled: Optional[float] = None  # metres since the match; of a match in the same session
    least_similarity: Optional[float] = None  # of the query to the keyframes since the match; likewise
    sequence: Optional[float] = None  # mean cosine along the keyframes before the query and around the match
    expected: bool = False  # a keyframe just before the query was accepted next to the match
    geometry: Optional[Geometry] = None
    world_pose: Optional[WorldPose] = (
        None  # where the query camera is, if the match is right; decides nothing
    )


def decide(evidence: Evidence, limits: Limits) -> Tuple[Status, Reason]:
    """How far the evidence carries: which checks were passed, or the first that was not."""
    reason = _objection(evidence, limits)
    if reason != Reason.NONE:
        return Status.REJECTED, reason
    if evidence.geometry is not None:
        return Status.VERIFIED, reason
    return (Status.RETRIEVED if evidence.sequence is None else Status.CONSISTENT), reason


def _objection(evidence: Evidence, limits: Limits) -> Reason:
    if evidence.similarity < limits.min_similarity:
        return Reason.LOW_SIMILARITY
    if evidence.margin < limits.min_margin:
        return Reason.AMBIGUOUS
    if evidence.travelled is not None and evidence.travelled < limits.min_distance:
        return Reason.TOO_RECENT
    lowest = evidence.least_similarity
    if lowest is not None and lowest >= limits.elsewhere_below(evidence.similarity):
        return Reason.TOO_RECENT
    if evidence.sequence is not None and evidence.sequence < limits.min_similarity:
        return Reason.NOT_CONSISTENT
    return Reason.NONE if evidence.geometry is None else _geometric_objection(evidence, limits)


def _geometric_objection(evidence: Evidence, limits: Limits) -> Reason:
    geometry = evidence.geometry
    if geometry is None or geometry.matches < limits.min_inliers:
        return Reason.FEW_MATCHES
    if geometry.inliers < max(limits.min_inliers, limits.min_inlier_ratio * geometry.matches):
        return Reason.FEW_INLIERS
    if not geometry.spread:
        return Reason.DEGENERATE
    if geometry.coverage < limits.min_coverage * (EXPECTED if evidence.expected else 1.0):
        return Reason.FEW_INLIERS
    return Reason.NONE
