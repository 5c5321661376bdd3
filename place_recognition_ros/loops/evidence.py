"""The evidence for one match, and how strongly each part of it speaks for the match. Functions of numbers."""

from typing import Dict, NamedTuple

import numpy as np

from place_recognition_ros.types import Evidence

NO_SCENE = -6.0  # log odds where too few features match, or no rigid scene was found
MAX_LOG_ODDS = 8.0  # of one view, for or against: no image is more certain than that
MAX_INLIERS = 200  # more of them say nothing more


class Coefficients(NamedTuple):
    """How the parts of the evidence are weighed, fitted by ``python -m training.calibrate``.

    The log odds of one view are linear in them (logistic regression; Cox, J. R. Stat. Soc. B, 1958). They are
    those of equal numbers of right and wrong matches; ``prior`` is what the detector adds once.
    """

    bias: float = -12.6
    coverage: float = 9.1  # per 1 of the share of features in the common region that fit the scene
    inliers: float = 2.35  # per factor of e in their number
    aliasing: float = 0.0  # per 1 of the log odds that wrong matches of this map typically have
    correlation: float = 0.3  # between the errors of two views of one run, 0 to 1
    prior: float = -1.0  # log odds that a candidate is right before anything is measured


def parts(evidence: Evidence, weights: Coefficients) -> Dict[str, float]:
    """What each part of the evidence of one view adds to the log odds, without odometry and the prior.

    Args:
        evidence: with geometry.
        weights: the coefficients.

    Returns:
        Name of the part → log odds; their sum is :func:`log_odds` where it is within the limits.
    """
    inliers = min(max(evidence.inliers, 1), MAX_INLIERS)
    return {
        "base rate": weights.bias,
        "coverage": weights.coverage * evidence.coverage,
        "inliers": weights.inliers * float(np.log(inliers)),
        "look-alikes in this map": weights.aliasing * evidence.aliasing,
    }


def log_odds(evidence: Evidence, weights: Coefficients) -> float:
    """The log odds that one view adds to a hypothesis; ``NO_SCENE`` where geometry found none."""
    if evidence.inliers < 0 or not evidence.spread:
        return NO_SCENE
    total = sum(parts(evidence, weights).values())
    return float(np.clip(total, NO_SCENE, MAX_LOG_ODDS))


def probability(odds: float) -> float:
    """Log odds → probability."""
    return float(1.0 / (1.0 + np.exp(-np.clip(odds, -500.0, 500.0))))


def odds_of(share: float) -> float:
    """Probability → log odds."""
    return float(np.log(share) - np.log1p(-share))
