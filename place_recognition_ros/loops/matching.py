"""Matching of local features: mutual nearest neighbours.

Binary descriptors also pass Lowe's ratio test (IJCV 2004).
"""

from typing import NamedTuple, Tuple

import cv2
import numpy as np

from place_recognition_ros.types import FeatureKind

RATIO = 0.85
MAX_HAMMING = 64  # of 256 bits
MIN_COSINE = 0.77  # of rendered pairs, 99 % of the right matches are above, by night 98 %
NEAR_EQUAL = 0.03  # difference of cosine or, as a share of 256 bits, of Hamming distance
APART = 0.05  # of the extent of the features: neighbours closer than this show the same detail
_NORM = 127.0**2  # of int8 descriptors


class Matches(NamedTuple):
    """Features that look alike, one to one, the most similar first."""

    query: np.ndarray  # (M,) int, rows of the query's features
    match: np.ndarray  # (M,) int, rows of the match's features
    repeated: np.ndarray  # (M,) bool: something elsewhere in the match looks nearly the same


def match_features(
    query: np.ndarray, match: np.ndarray, kind: FeatureKind, with_repeated: bool = True
) -> Matches:
    """Match the features of two images.

    Args:
        query: (N,) FEATURE.
        match: (K,) FEATURE.
        kind: of the features of both.
        with_repeated: False: ``repeated`` is not computed, and False.

    Returns:
        The matches.
    """
    if len(query) < 2 or len(match) < 2:
        nothing = np.zeros(0, int)
        return Matches(nothing, nothing, np.zeros(0, bool))
    similar = _similar_bits if kind == FeatureKind.ORB else _similar_vectors
    return similar(query, match, with_repeated)


def _similar_vectors(query: np.ndarray, match: np.ndarray, with_repeated: bool) -> Matches:
    a, b = (
        np.ascontiguousarray(each["descriptor"]).view(np.int8).astype(np.float32) for each in (query, match)
    )
    product = a @ b.T
    forward = product.argmax(axis=1)
    best = product[np.arange(len(a)), forward]
    kept = np.flatnonzero((best >= product.max(axis=0)[forward]) & (best >= MIN_COSINE * _NORM))
    backward = np.full(len(b), -1)
    backward[forward[kept[::-1]]] = kept[::-1]  # of equal ones the first
    kept = backward[backward >= 0]
    kept = kept[np.argsort(-best[kept], kind="stable")]
    first, second = kept, forward[kept]
    if not with_repeated:
        return Matches(first, second, np.zeros(len(first), bool))
    near_equal = product[first] >= (best[first] - np.float32(NEAR_EQUAL * _NORM))[:, None]
    return Matches(first, second, _is_repeated(near_equal, match, second))


def _similar_bits(query: np.ndarray, match: np.ndarray, with_repeated: bool) -> Matches:
    a, b = (np.ascontiguousarray(each["descriptor"]) for each in (query, match))
    distances, nearest = cv2.batchDistance(a, b, cv2.CV_32S, normType=cv2.NORM_HAMMING, K=2)
    _, back = cv2.batchDistance(b, a, cv2.CV_32S, normType=cv2.NORM_HAMMING, K=1)
    first, second = _mutual(nearest[:, 0], back[:, 0])
    best = distances[first, 0]
    kept = np.flatnonzero((best <= MAX_HAMMING) & (best < RATIO * distances[first, 1]))
    kept = kept[np.argsort(best[kept], kind="stable")]
    first, second = first[kept], second[kept]
    if not with_repeated:
        return Matches(first, second, np.zeros(len(first), bool))
    near_equal = np.zeros((len(first), len(match)), bool)  # only the second nearest is known
    near = distances[first, 1] - distances[first, 0] <= 256 * NEAR_EQUAL
    near_equal[np.flatnonzero(near), nearest[first[near], 1]] = True
    return Matches(first, second, _is_repeated(near_equal, match, second))


def _mutual(forward: np.ndarray, backward: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Rows that are each other's nearest; ``forward`` (N,), ``backward`` (K,): the nearest of each row."""
    first = np.flatnonzero(backward[forward] == np.arange(len(forward)))
    return first, forward[first]


def _is_repeated(near_equal: np.ndarray, match: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(M,) bool: whether one of the ``near_equal``, (M, K) bool, is apart from ``second``."""
    row, column = np.divmod(np.flatnonzero(near_equal), len(match))
    x, y = np.ascontiguousarray(match["x"]), np.ascontiguousarray(match["y"])
    extent = max(np.ptp(x[second]), np.ptp(y[second])) if len(second) else 0.0
    apart = np.hypot(x[column] - x[second[row]], y[column] - y[second[row]]) > APART * extent
    return np.bincount(row[apart], minlength=len(second)) > 0
