from collections import namedtuple

import cv2
import numpy as np
import pytest

from place_recognition_ros.loops.geometry import FEW_POINTS, GeometrySettings, measure
from place_recognition_ros.loops.limits import Limits, objection
from place_recognition_ros.loops.models import MIN_POINTS
from place_recognition_ros.types import FEATURE, Camera, Evidence, FeatureKind, Reason, View

COVERED = 0.15  # of the features in the common region: with fewer inliers a view speaks against the match
Verification = namedtuple("Verification", "matches inliers coverage reason")
NOT_VERIFIED = (Reason.FEW_MATCHES, Reason.FEW_INLIERS, Reason.DEGENERATE)


def verify(query, match, min_inliers=20):
    """Measure the features of two images, and compare with the limits of a single image."""
    geometry = measure(View(query), View(match), GeometrySettings(FeatureKind.ORB, min_inliers))
    evidence = Evidence(
        *(1.0, 2.0),
        matches=geometry.matches,
        inliers=geometry.inliers,
        coverage=geometry.coverage,
        spread=geometry.spread,
    )
    reason = objection(evidence, Limits(0.0, min_inliers))
    return Verification(geometry.matches, geometry.inliers, geometry.coverage, reason)


def features_at(points, descriptors):
    """(N,) FEATURE at (N, 2) pixels."""
    features = np.zeros(len(points), FEATURE)
    features["x"], features["y"] = np.asarray(points, np.float32).reshape(-1, 2).T
    features["depth"] = np.nan
    features["descriptor"] = descriptors
    return features


def project(points, turn, position):
    """(N, 3) points → (N, 2) pixels; the camera is at ``position`` (m), its yaw is ``turn`` (rad)."""
    rotation = cv2.Rodrigues(np.array([0.0, turn, 0.0]))[0]
    in_camera = (points - np.asarray(position)) @ rotation.T
    return 300 * in_camera[:, :2] / in_camera[:, 2:] + (160, 120)


@pytest.fixture
def descriptors(rng):
    """``descriptors(count)`` → (count, 32) uint8, random."""
    return lambda count: rng.integers(0, 256, (count, 32)).astype(np.uint8)


@pytest.fixture
def two_views(rng, descriptors):
    """``two_views(count)`` → features of one rigid scene, seen from two positions."""

    def two_views(count):
        points = rng.uniform((-3, -2, 4), (3, 2, 10), (count, 3))
        appearance = descriptors(count)
        first = features_at(project(points, 0.0, (0, 0, 0)), appearance)
        second = features_at(project(points, 0.1, (0.6, 0.1, 0.3)), appearance ^ 1)
        return first, second[rng.permutation(count)]

    return two_views


def test_two_views_of_a_rigid_scene_are_verified(two_views):
    found = verify(*two_views(100))
    assert found.reason == Reason.NONE
    assert found.matches == 100
    assert found.inliers >= 95


def test_identical_images_are_verified(two_views):
    """Its fundamental matrix is undetermined; the homography is not."""
    first, _ = two_views(100)
    found = verify(first, first.copy())
    assert (found.reason, found.inliers) == (Reason.NONE, 100)


def test_pure_rotation_is_verified(rng, descriptors):
    points = rng.uniform((-3, -2, 4), (3, 2, 10), (100, 3))
    appearance = descriptors(100)
    views = [features_at(project(points, turn, (0, 0, 0)), appearance) for turn in (0.0, 0.2)]
    assert verify(*views).reason == Reason.NONE


def test_25_percent_moving_features_are_tolerated(two_views, rng):
    first, second = two_views(120)
    moved = rng.choice(120, 30, replace=False)
    second["x"][moved], second["y"][moved] = rng.uniform(0, 320, 30), rng.uniform(0, 240, 30)
    found = verify(first, second)
    assert found.reason == Reason.NONE
    assert 90 <= found.inliers < 110


def test_matches_at_random_positions_have_few_inliers(two_views, rng):
    first, second = two_views(100)
    second["x"], second["y"] = rng.uniform(0, 320, 100), rng.uniform(0, 240, 100)
    found = verify(first, second)
    assert found.matches == 100
    assert found.reason == Reason.FEW_INLIERS


def test_different_features_do_not_match(two_views):
    found = verify(two_views(100)[0], two_views(100)[0])
    assert found == Verification(found.matches, 0, 0.0, Reason.FEW_MATCHES)
    assert found.matches < 20


def test_the_limit_of_inliers_is_applied(two_views):
    first, second = two_views(60)
    inliers = verify(first, second).inliers
    assert verify(first, second, min_inliers=inliers).reason == Reason.NONE
    assert verify(first, second, min_inliers=61).reason == Reason.FEW_MATCHES


@pytest.mark.parametrize("x", [np.nan, np.inf, -np.inf, 1e30, -5.0, 1e6])
def test_unmatched_features_with_invalid_coordinates_are_ignored(two_views, descriptors, x):
    first, second = two_views(60)
    invalid = features_at([(x, 50.0), (50.0, x)], descriptors(2))
    assert verify(np.concatenate([first, invalid]), second).inliers >= 55


def rolled(features, degrees):
    """The features of a camera that is rolled about its optical axis."""
    turn, turned = np.radians(degrees), features.copy()
    x, y = features["x"] - 160, features["y"] - 120
    turned["x"], turned["y"] = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
    turned["x"] += 160
    turned["y"] += 120
    return turned


@pytest.mark.parametrize("degrees, share", [(0, 0.0), (2, 0.0), (10, 1.0), (-20, 1.0)])
def test_where_a_camera_was_rolled_the_image_with_fewer_other_features_counts(
    two_views, descriptors, rng, degrees, share
):
    first, second = two_views(60)
    clutter = features_at(rng.uniform((80, 60), (240, 180), (300, 2)), descriptors(300))
    cluttered = np.concatenate([rolled(second, degrees), clutter])
    found = [
        measure(View(query), View(match), GeometrySettings(FeatureKind.ORB))
        for query, match in ((first, cluttered), (cluttered, first), (first, rolled(second, degrees)))
    ]
    assert max(found[0].coverage, found[1].coverage) < 0.5 < found[2].coverage
    for each in found[:2]:
        gained = found[2].coverage - each.coverage
        assert each.rolled == pytest.approx(share * gained, abs=0.08)


def test_inliers_among_many_unmatched_features_have_a_low_coverage(two_views, descriptors, rng):
    first, second = two_views(60)
    clutter = features_at(rng.uniform((40, 40), (280, 200), (540, 2)), descriptors(540))
    cluttered = np.concatenate([second, clutter])
    assert verify(first, second).coverage > 0.9
    assert verify(first, cluttered).coverage < 0.5
    assert verify(cluttered, first).coverage < 0.5


@pytest.mark.parametrize("axis", ["x", "y"])
def test_inliers_on_a_narrow_strip_are_degenerate(two_views, descriptors, rng, axis):
    first, second = two_views(80)
    for view in (first, second):
        view[axis] = 100 + view[axis] / 50
    others = [features_at(rng.uniform(0, 240, (80, 2)), descriptors(80)) for _ in range(2)]
    found = verify(np.concatenate([first, others[0]]), np.concatenate([second, others[1]]))
    assert found.reason == Reason.DEGENERATE


@pytest.mark.parametrize("size", [(320, 240), (1280, 960), (5120, 3840)])
def test_tolerances_do_not_depend_on_the_resolution(two_views, rng, size):
    """The same scene at several resolutions, with position noise proportional to the image size."""
    scale = size[0] / 320
    views = []
    for features in two_views(200):
        features = features.copy()
        for axis in ("x", "y"):
            features[axis] = (features[axis] + rng.normal(0, 0.7, len(features)) + 0.5) * scale - 0.5
        views.append(View(features, Camera(*size)))
    settings = GeometrySettings(min_points=20, longer_side=320)
    found = measure(*views, settings)
    assert found.inliers >= 120
    assert found.spread
    small = measure(*[View(view.features) for view in views], settings)
    assert (small.inliers < 0.75 * found.inliers) is (scale > 1), (
        "the inliers do not depend on the resolution even without the image size"
    )


@pytest.mark.parametrize("count", [0, 1, 2, MIN_POINTS - 1])
def test_too_few_features_give_few_matches(two_views, count):
    first, second = two_views(100)
    for few in ((first[:count], second), (first, second[:count]), (first[:count], first[:count])):
        found = verify(*few, min_inliers=8)
        assert found.reason == Reason.FEW_MATCHES
        assert measure(View(few[0]), View(few[1]), GeometrySettings()).degenerate == FEW_POINTS
        assert 0 <= found.matches <= count
        assert found.inliers == 0
