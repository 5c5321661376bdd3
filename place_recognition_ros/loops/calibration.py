"""Adapt the decision to one robot, from its own map: how similar do right and wrong matches look here?

Keyframes that follow each other show one place: their coverage is what this camera reaches. The most similar
keyframes that odometry places far apart show different places: their strength is what look-alikes reach. Only
the bias and the typical strength of wrong matches change, within bounds and in proportion to the number of
matches; the others need many buildings, see ``python -m training.calibrate``.
"""

import json
from typing import List, NamedTuple, Optional, Tuple

import numpy as np
from scipy.optimize import minimize_scalar

from place_recognition_ros.errors import CalibrationError
from place_recognition_ros.loops.evidence import Coefficients, log_odds, strength
from place_recognition_ros.loops.geometry import GeometrySettings, measure
from place_recognition_ros.memory.keyframe_map import KeyframeMap
from place_recognition_ros.memory.timeline import Entry
from place_recognition_ros.poses import angle, distance
from place_recognition_ros.types import Evidence, FeatureKind

NOTE = "decision"  # of the map: its coefficients
LEAST = 30  # matches of each kind
MOST = 100  # matches of each kind: some seconds of work
NEAR, TURNED = 2.0, 0.5  # metres, radians: keyframes that follow each other and show one place
FAR = 20.0  # metres, beside the drift: different places
SIMILAR = 20  # most similar keyframes, among which one of a different place is looked for
SHIFT = (-3.0, 1.0)  # log odds by which the bias may change: more readily to caution
CONFIDENCE = 100.0  # matches of each kind that the shipped coefficients count as

Pair = Tuple[Entry, Entry]


class Calibration(NamedTuple):
    """Coefficients of one map, and what they were fitted on."""

    weights: Coefficients
    right: int  # matches of one place
    wrong: int  # matches of different places


def to_text(weights: Coefficients, shipped: Coefficients) -> str:
    """Coefficients of a map, to be stored with it."""
    return json.dumps({"shipped": list(shipped), "weights": list(weights)})


def from_text(text: str, shipped: Coefficients) -> Coefficients:
    """The coefficients of a map.

    Args:
        text: as stored; empty: the map was not calibrated.
        shipped: used where nothing usable is stored, or it was fitted with other shipped coefficients.
    """
    try:
        stored = json.loads(text) if text else {}
        if stored.get("shipped") != list(shipped):
            return shipped
        weights = Coefficients(*(float(value) for value in stored["weights"]))
    except (ValueError, TypeError, KeyError, AttributeError):
        return shipped
    return weights if all(np.isfinite(weights)) else shipped


def calibrate(memory: KeyframeMap, weights: Coefficients, kind: FeatureKind, drift: float) -> Calibration:
    """Fit the coefficients to the keyframes of a map.

    Args:
        memory: the keyframes.
        weights: the shipped coefficients.
        kind: of the local features.
        drift: of odometry, metres per metre.

    Raises:
        CalibrationError: without odometry, or with too few matches; the message says how many there are.
    """
    entries = _entries(memory)
    if not entries:
        raise CalibrationError("expected keyframes with poses: odometry. Received: a map without poses")
    settings = GeometrySettings(kind)
    right = _measured(memory, _followers(entries), settings)
    wrong = _measured(memory, _look_alikes(memory, entries, drift), settings)
    return Calibration(fit(weights, right, wrong), len(right), len(wrong))


def fit(weights: Coefficients, right: List[Evidence], wrong: List[Evidence]) -> Coefficients:
    """Coefficients for given matches.

    Args:
        weights: the shipped coefficients.
        right: evidence of matches of one place.
        wrong: evidence of matches of different places.

    Raises:
        CalibrationError: with fewer than ``LEAST`` matches of either kind.
    """
    if min(len(right), len(wrong)) < LEAST:
        raise CalibrationError(
            f"expected at least {LEAST} pairs of keyframes of one place and as many of places far apart. "
            f"Received: {len(right)} and {len(wrong)}"
        )
    found = sum(strength(each, weights) for each in wrong)
    typical = (CONFIDENCE * weights.typical + found) / (CONFIDENCE + len(wrong))
    weights = weights._replace(typical=typical)
    positive, negative = (
        np.array([log_odds(each._replace(aliasing=typical), weights) for each in group])
        for group in (right, wrong)
    )
    count = float(min(len(right), len(wrong)))

    def loss(shift: float) -> float:
        fitted = np.logaddexp(0.0, -positive - shift).mean() + np.logaddexp(0.0, negative + shift).mean()
        return count * float(fitted) + 0.5 * CONFIDENCE * shift**2 / SHIFT[0] ** 2

    best = minimize_scalar(loss, bounds=SHIFT, method="bounded")
    return weights._replace(bias=weights.bias + float(best.x))


def _entries(memory: KeyframeMap) -> List[Entry]:
    """All keyframes with a pose, in order."""
    sessions = range(1, memory.session.id + 1)
    found = [entry for session in sessions for entry in memory.sample(session, max(1, len(memory)))]
    return [entry for entry in found if entry.pose is not None]


def _followers(entries: List[Entry]) -> List[Pair]:
    """Keyframes that follow each other closely."""
    found = [(a, b) for a, b in zip(entries, entries[1:]) if a.session == b.session and _is_near(a, b)]
    return _sampled(found)


def _look_alikes(memory: KeyframeMap, entries: List[Entry], drift: float) -> List[Pair]:
    """Keyframes, each with the most similar one that odometry places far from it."""
    found = []
    for entry in entries[:: max(1, len(entries) // (2 * MOST))]:
        other = _look_alike(memory, entry, drift)
        if other is not None:
            found.append((entry, other))
    return _sampled(found)


def _look_alike(memory: KeyframeMap, entry: Entry, drift: float) -> Optional[Entry]:
    for match in memory.search(memory.vector(entry.id), SIMILAR):
        if match.entry.session == entry.session and _is_far(entry, match.entry, drift):
            return match.entry
    return None


def _sampled(pairs: List[Pair]) -> List[Pair]:
    """At most ``MOST`` of them, evenly distributed."""
    return [pairs[int(row)] for row in np.linspace(0, len(pairs) - 1, min(MOST, len(pairs)))]


def _is_near(a: Entry, b: Entry) -> bool:
    if a.pose is None or b.pose is None:
        return False
    return distance(a.pose, b.pose) <= NEAR and angle(a.pose, b.pose) <= TURNED


def _is_far(a: Entry, b: Entry, drift: float) -> bool:
    if a.pose is None or b.pose is None:
        return False
    return distance(a.pose, b.pose) > FAR + drift * abs(a.travelled - b.travelled)


def _measured(memory: KeyframeMap, pairs: List[Pair], settings: GeometrySettings) -> List[Evidence]:
    """The evidence of each pair."""
    found = []
    for query, match in pairs:
        geometry = measure(memory.view(query.id), memory.view(match.id), settings)
        similarity = float(memory.vector(query.id) @ memory.vector(match.id))
        evidence = Evidence(similarity, 0.0, matches=geometry.matches, inliers=geometry.inliers)
        found.append(evidence._replace(coverage=geometry.coverage, spread=geometry.spread))
    return found
