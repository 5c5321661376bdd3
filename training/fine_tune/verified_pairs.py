"""Pairs of images of a walk that show the same place, found without labels and verified by geometry.

As in TF-VPR (Chen et al., arXiv 2208.09315), neighbours in time and neighbours in descriptor space are
candidates, and those that show one rigid scene are pairs. Places that look alike can show one too. A pair
that is apart in time must therefore fit better than the wrong matches of these walks, see ``loops.evidence``.
"""

from typing import Dict, List, NamedTuple, Tuple

import numpy as np

from place_recognition_ros.loops.evidence import Coefficients, log_odds, strength
from place_recognition_ros.loops.geometry import GeometrySettings, measure
from place_recognition_ros.types import Evidence, FeatureKind, View

NEAR_SECONDS, APART_SECONDS = 2.0, 10.0  # neighbours in time; closer ones differ by little more than noise
NEAREST = 5  # most similar images that are apart in time
LEAST_INLIERS, LEAST_COVERAGE = 30, 0.15  # of neighbours in time, which are likely to show the same place
LEAST_ODDS = 0.0  # log odds of a return to a place of the same walk,
LEAST_ODDS_BETWEEN = 2.0  # and of a place of another walk: there are more places that look alike


class Walks(NamedTuple):
    """N images of one or several walks, in order."""

    walk: np.ndarray  # (N,) int, number of the walk
    seconds: np.ndarray  # (N,) float64, in the walk
    descriptors: np.ndarray  # (N, D) float32, unit norm
    views: List[View]  # N


def seconds_apart(walks):
    """(N, N) float64, seconds between two images of a walk; infinite between two walks."""
    apart = np.abs(walks.seconds[:, None] - walks.seconds)
    return np.where(walks.walk[:, None] == walks.walk, apart, np.inf)


def verified_pairs(walks, kind=FeatureKind.NETWORK, weights=Coefficients()):  # noqa: B008  does not change
    """Find pairs of images that show the same place.

    Args:
        walks: a :class:`Walks`.
        kind: FeatureKind of the features of its views.
        weights: the coefficients of the evidence that these features give.

    Returns:
        (P, 2) int, pairs of rows, the first one lower: neighbours in time; (Q, 2) likewise, returns.
    """
    apart, settings = seconds_apart(walks), GeometrySettings(kind, LEAST_INLIERS)
    close = np.triu((apart >= NEAR_SECONDS) & (apart <= APART_SECONDS))
    near = [(first, second) for first, second in np.argwhere(close).tolist()]
    neighbours = [pair for pair in near if _is_neighbour(_examined(walks.views, pair, settings))]
    far = {pair: _examined(walks.views, pair, settings) for pair in _similar(walks.descriptors, apart)}
    returns = _returns(far, apart, weights)
    return _rows(neighbours), _rows(returns)


def _similar(descriptors, apart):
    """Pairs of each image with the images most similar to it that are apart in time: sorted list."""
    similarity = np.where(apart > APART_SECONDS, descriptors @ descriptors.T, -np.inf)
    pairs = set()
    for row, others in enumerate(np.argsort(-similarity, axis=1)[:, :NEAREST].tolist()):
        pairs |= {(min(row, other), max(row, other)) for other in others if similarity[row, other] > -np.inf}
    return sorted(pairs)


def _examined(views, pair, settings):
    first, second = pair
    found = measure(views[second], views[first], settings)
    return Evidence(0.0, 0.0, found.matches, found.inliers, found.coverage, found.spread)


def _is_neighbour(evidence):
    return evidence.spread and evidence.inliers >= LEAST_INLIERS and evidence.coverage >= LEAST_COVERAGE


def _returns(far, apart, weights):
    """The pairs that fit better than wrong matches of these walks do."""
    aliasing = _aliasing(far, apart, weights)
    found = []
    for pair, evidence in far.items():
        least = LEAST_ODDS if np.isfinite(apart[pair]) else LEAST_ODDS_BETWEEN
        if evidence.spread and log_odds(evidence._replace(aliasing=aliasing), weights) > least:
            found.append(pair)
    return found


def _aliasing(far, apart, weights):
    """Mean strength of the second best place of an image, as in ``loops.aliasing``: at most one is right."""
    matches: Dict[int, List[Tuple[float, int]]] = {}
    for (first, second), evidence in far.items():
        fits = strength(evidence, weights)
        matches.setdefault(first, []).append((fits, second))
        matches.setdefault(second, []).append((fits, first))
    nothing, wrong = strength(Evidence(0.0, 0.0), weights), []
    for found in matches.values():
        _, best = max(found)
        wrong.append(
            max((fits for fits, other in found if apart[best, other] > APART_SECONDS), default=nothing)
        )
    return float(np.mean(wrong)) if wrong else weights.typical


def _rows(pairs):
    return np.array(pairs, int).reshape(-1, 2)
