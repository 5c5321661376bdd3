import numpy as np
import pytest

from place_recognition_ros.errors import CalibrationError
from place_recognition_ros.loops import calibration
from place_recognition_ros.loops.calibration import (
    CONFIDENCE,
    LEAST,
    MOST,
    SHIFT,
    calibrate,
    fit,
    from_text,
    to_text,
)
from place_recognition_ros.loops.evidence import Coefficients, strength
from place_recognition_ros.loops.geometry import Geometry
from place_recognition_ros.memory.store import StoredKeyframe
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import Evidence, FeatureKind

SHIPPED = Coefficients(-4.0, 5.4, 1.6, -0.8, 6.5, 0.3, 0.0)
STRONG, WEAK = (
    Evidence(0.9, 0.0, matches=200, inliers=180, coverage=0.7, spread=True),
    Evidence(0.4, 0.0, matches=30, inliers=20, coverage=0.1, spread=True),
)


def straight(count, poses=True):
    """Keyframes one metre apart on a straight line; the second half looks like the first."""
    orientation = np.array([0.0, 0.0, 0.0, 1.0])
    angles = 2 * np.pi * (np.arange(count) % (count // 2)) / (count // 2)
    return [
        StoredKeyframe(
            n + 1, 1, (n + 1) * 10**9, Pose(np.array([n, 0.0, 0.0]), orientation) if poses else None,
            np.array([np.cos(angles[n]), np.sin(angles[n])], np.float32),
        )
        for n in range(count)
    ]  # fmt: skip


class FakeStore:
    """Keyframes without features: the id takes the place of the view."""

    def __init__(self, keyframes):
        self._keyframes = keyframes

    def keyframes(self):
        return iter(self._keyframes)

    def view(self, keyframe_id):
        return keyframe_id


@pytest.fixture
def pairs(monkeypatch):
    """The ids of the pairs that were compared; followers are found again, others are not."""
    compared = []

    def measure(query, match, settings):
        compared.append((query, match))
        near = abs(query - match) <= 2
        return Geometry(200, 180 if near else 20, True, 0.7 if near else 0.1)

    monkeypatch.setattr(calibration, "measure", measure)
    return compared


def test_followers_are_right_and_similar_keyframes_far_apart_are_wrong(pairs):
    found = calibrate(FakeStore(straight(400)), SHIPPED, FeatureKind.NETWORK, 0.05)
    assert (found.right, found.wrong) == (MOST, MOST)
    assert {abs(a - b) for a, b in pairs} == {1, 200}
    assert len(pairs) == 2 * MOST


def test_without_poses_calibration_is_refused(pairs):
    with pytest.raises(CalibrationError, match="Received: a map without poses"):
        calibrate(FakeStore(straight(400, poses=False)), SHIPPED, FeatureKind.NETWORK, 0.05)
    assert pairs == []


def test_a_short_path_is_refused_with_the_numbers_of_pairs(pairs):
    with pytest.raises(CalibrationError, match=r"expected at least 30 pairs .* Received: 19 and 0"):
        calibrate(FakeStore(straight(20)), SHIPPED, FeatureKind.NETWORK, 0.05)


def test_keyframes_within_the_drift_are_not_known_to_be_far_apart(pairs):
    with pytest.raises(CalibrationError, match="Received: 100 and 0"):
        calibrate(FakeStore(straight(400)), SHIPPED, FeatureKind.NETWORK, 1.0)


def test_too_few_matches_are_refused():
    with pytest.raises(CalibrationError, match="Received: 30 and 29"):
        fit(SHIPPED, [STRONG] * LEAST, [WEAK] * (LEAST - 1))


def test_look_alikes_raise_the_typical_strength_and_never_the_bias():
    found = fit(SHIPPED, [STRONG] * MOST, [STRONG._replace(coverage=0.65)] * MOST)
    assert found.typical > SHIPPED.typical
    assert found.bias < SHIPPED.bias


def test_the_typical_strength_is_shrunk_towards_the_shipped_one():
    few, many = (fit(SHIPPED, [STRONG] * n, [WEAK] * n).typical for n in (LEAST, MOST))
    measured = strength(WEAK, SHIPPED)
    assert measured < many < few < SHIPPED.typical
    assert many == pytest.approx((CONFIDENCE * SHIPPED.typical + MOST * measured) / (CONFIDENCE + MOST))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [([WEAK] * 10000, [WEAK] * 10000), ([STRONG] * 10000, [STRONG] * 10000)],
)
def test_the_bias_stays_within_its_bounds(right, wrong):
    shift = fit(SHIPPED, right, wrong).bias - SHIPPED.bias
    assert SHIFT[0] <= shift <= SHIFT[1]


def test_only_the_bias_and_the_typical_strength_change():
    found = fit(SHIPPED, [STRONG] * MOST, [WEAK] * MOST)
    assert found._replace(bias=SHIPPED.bias, typical=SHIPPED.typical) == SHIPPED


def test_coefficients_are_stored_as_text():
    found = fit(SHIPPED, [STRONG] * MOST, [WEAK] * MOST)
    assert from_text(to_text(found, SHIPPED), SHIPPED) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"shipped": 3}',
        to_text(SHIPPED._replace(bias=-1.0), SHIPPED._replace(prior=-3.0)),
        to_text(SHIPPED._replace(bias=float("nan")), SHIPPED),
    ],
)
def test_a_text_that_cannot_be_used_leaves_the_shipped_coefficients(text):
    assert from_text(text, SHIPPED) == SHIPPED
