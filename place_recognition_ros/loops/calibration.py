"""Adapt the decision to one robot, from its own map: how similar do right and wrong matches look here?

Keyframes that follow each other show one place: their coverage is what this camera reaches. The most similar
keyframes that odometry places far apart show different places: their strength is what look-alikes reach. Only
the bias and the typical strength of wrong matches change, within bounds and in proportion to the number of
matches; the others need many buildings, see ``python -m training.calibrate``.
"""

import json
from collections import deque
from typing import Deque, List, NamedTuple, Tuple

import numpy as np
from scipy.optimize import minimize_scalar

from place_recognition_ros.errors import CalibrationError
from place_recognition_ros.loops.evidence import Coefficients, log_odds, strength
from place_recognition_ros.loops.geometry import GeometrySettings, measure
from place_recognition_ros.memory.store import KeyframeStore, StoredKeyframe
from place_recognition_ros.poses import Pose, angle, distance
from place_recognition_ros.types import Evidence, FeatureKind

NOTE = "decision"  # of the map: its coefficients
LEAST = 30  # matches of each kind
NEWEST = 2000  # keyframes that are looked at
MOST = 100  # matches of each kind: some seconds of work
NEAR, TURNED = 2.0, 0.5  # metres, radians: keyframes that follow each other and show one place
FAR = 20.0  # metres, beside the drift: different places
SIMILAR = 20  # most similar keyframes, among which one of a different place is looked for
SHIFT = (-3.0, 1.0)  # log odds by which the bias may change: more readily to caution
CONFIDENCE = 100.0  # matches of each kind that the shipped coefficients count as


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


def calibrate(store: KeyframeStore, weights: Coefficients, kind: FeatureKind, drift: float) -> Calibration:
    """Fit the coefficients to the keyframes of a map.

    Args:
        store: the keyframes.
        weights: the shipped coefficients.
        kind: of the local features.
        drift: of odometry, metres per metre.

    Raises:
        CalibrationError: without odometry, or with too few matches; the message says how many there are.
    """
    places = _places(store)
    if not places:
        raise CalibrationError("expected keyframes with poses: odometry. Received: a map without poses")
    right = _measured(store, _followers(places), kind)
    wrong = _measured(store, _look_alikes(places, drift), kind)
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


class _Place(NamedTuple):
    """A keyframe with a pose."""

    keyframe: StoredKeyframe
    pose: Pose
    travelled: float  # metres since its session began


Pair = Tuple[_Place, _Place]


def _places(store: KeyframeStore) -> List[_Place]:
    """The newest keyframes with a pose, in order."""
    found: Deque[_Place] = deque(maxlen=NEWEST)
    for keyframe in store.keyframes():
        if keyframe.pose is not None:
            last = found[-1] if found else None
            travelled = 0.0
            if last is not None and last.keyframe.session == keyframe.session:
                travelled = last.travelled + distance(last.pose, keyframe.pose)
            found.append(_Place(keyframe, keyframe.pose, travelled))
    return list(found)


def _followers(places: List[_Place]) -> List[Pair]:
    """Keyframes that follow each other closely."""
    return _sampled([(a, b) for a, b in zip(places, places[1:]) if _same_session(a, b) and _is_near(a, b)])


def _look_alikes(places: List[_Place], drift: float) -> List[Pair]:
    """Keyframes, each with the most similar one that odometry places far from it."""
    vectors = np.array([place.keyframe.descriptor for place in places], np.float32)
    found = []
    for place in places[:: max(1, len(places) // (2 * MOST))]:
        order = np.argsort(-(vectors @ place.keyframe.descriptor), kind="stable")[:SIMILAR]
        similar = (places[int(row)] for row in order)
        apart = (each for each in similar if _same_session(place, each) and _is_far(place, each, drift))
        other = next(apart, None)
        if other is not None:
            found.append((place, other))
    return _sampled(found)


def _sampled(pairs: List[Pair]) -> List[Pair]:
    """At most ``MOST`` of them, evenly distributed."""
    return [pairs[int(row)] for row in np.linspace(0, len(pairs) - 1, min(MOST, len(pairs)))]


def _same_session(a: _Place, b: _Place) -> bool:
    return a.keyframe.session == b.keyframe.session


def _is_near(a: _Place, b: _Place) -> bool:
    return distance(a.pose, b.pose) <= NEAR and angle(a.pose, b.pose) <= TURNED


def _is_far(a: _Place, b: _Place, drift: float) -> bool:
    return distance(a.pose, b.pose) > FAR + drift * abs(a.travelled - b.travelled)


def _measured(store: KeyframeStore, pairs: List[Pair], kind: FeatureKind) -> List[Evidence]:
    """The evidence of each pair."""
    found = []
    for query, match in ((a.keyframe, b.keyframe) for a, b in pairs):
        geometry = measure(store.view(query.id), store.view(match.id), GeometrySettings(kind))
        similarity = float(query.descriptor @ match.descriptor)
        evidence = Evidence(similarity, 0.0, matches=geometry.matches, inliers=geometry.inliers)
        found.append(evidence._replace(coverage=geometry.coverage, spread=geometry.spread))
    return found
