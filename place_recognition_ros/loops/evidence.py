"""The evidence for one match, and how strongly each part of it speaks for the match. Functions of numbers."""

from typing import Dict, NamedTuple, Tuple

import numpy as np

from place_recognition_ros.types import Evidence

MAX_INLIERS = 200  # more of them say nothing more
FEW_INLIERS = 15  # what a match without a common scene counts as


class Coefficients(NamedTuple):
    """How the parts of the evidence are weighed, fitted by ``python -m training.calibrate``.

    The log odds of one view are linear in them (logistic regression; Cox, J. R. Stat. Soc. B, 1958).
    """

    bias: float = -5.245
    coverage: float = 11.911  # per 1 of the share of features in the common region that fit the scene
    inliers: float = 1.316  # per factor of e in their number
    aliasing: float = -1.0  # per 1 of the strength that wrong matches of this map typically have
    typical: float = 3.239  # this strength, before a map is known
    correlation: float = 0.591  # between the errors of two views of one run, 0 to 1
    prior: float = -0.6  # log odds that a candidate is right before anything is measured


def strength(evidence: Evidence, weights: Coefficients) -> float:
    """How well two images fit each other, whatever the map, and however the camera was rolled."""
    coverage, inliers = geometry_of(evidence)
    return weights.coverage * coverage + weights.inliers * inliers


def geometry_of(evidence: Evidence) -> Tuple[float, float]:
    """The coverage, and the logarithm of the inliers that count.

    Inliers that are not spread, such as those of one object, say nothing about a place: there is no common
    scene.
    """
    if not evidence.spread:
        return 0.0, float(np.log(FEW_INLIERS))
    return evidence.coverage, float(np.log(min(max(evidence.inliers, FEW_INLIERS), MAX_INLIERS)))


def parts(evidence: Evidence, weights: Coefficients) -> Dict[str, float]:
    """What each part of the evidence of one view adds to its log odds.

    Args:
        evidence: with geometry.
        weights: the coefficients.

    Returns:
        Name of the part → log odds; their sum is :func:`log_odds`.
    """
    coverage, inliers = geometry_of(evidence)
    return {
        "base rate": weights.bias,
        "coverage": weights.coverage * (coverage + evidence.rolled * evidence.spread),
        "inliers": weights.inliers * inliers,
        "look-alikes in this map": weights.aliasing * evidence.aliasing,
    }


def log_odds(evidence: Evidence, weights: Coefficients) -> float:
    """The log odds of one view that it shows the place of the match, where geometry found a scene."""
    return sum(parts(evidence, weights).values())


def probability(odds: float) -> float:
    """Log odds → probability."""
    return float(1.0 / (1.0 + np.exp(-np.clip(odds, -500.0, 500.0))))


def odds_of(share: float) -> float:
    """Probability → log odds."""
    return float(np.log(share) - np.log1p(-share))
