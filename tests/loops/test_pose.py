"""The pose that geometric verification measures, in scenes with a known motion."""

import numpy as np
import pytest
from scipy.stats import chi2

from place_recognition_ros.loops.geometry import (
    REPEATED_TEXTURE,
    Geometry,
    GeometrySettings,
    measure,
)
from place_recognition_ros.loops.refinement import INFLATION
from place_recognition_ros.loops.two_view import (
    AMBIGUOUS,
    LITTLE_PARALLAX,
    ONE_PLANE,
    PLANE_OR_ROTATION,
    PURE_ROTATION,
)
from place_recognition_ros.types import FeatureKind, View
from tests.loops.scenes import MODELS, camera_of

SETTINGS = GeometrySettings(FeatureKind.NETWORK, min_points=12, longer_side=480)
BOTH, QUERY, MATCH = (True, True), (True, False), (False, True)


def within(covariance, error, known):
    """The squared normalised error relative to its 95 % bound."""
    return error @ np.linalg.solve(covariance, error) / chi2.ppf(0.95, 6 if known else 5)


@pytest.mark.parametrize("models", [(model, model) for model in MODELS] + [("equidistant", "plumb_bob")])
def test_rotation_and_direction_through_each_camera_model(make_pair, errors_of, models):
    query, match, rotation, translation = make_pair(cameras=[camera_of(model) for model in models])
    found = measure(query, match, SETTINGS)
    assert found.degenerate == ""
    assert not found.pose.scale_known
    assert np.linalg.norm(found.pose.pose.position) == pytest.approx(1.0)
    error = errors_of(found.pose, rotation, translation)
    assert np.linalg.norm(error[3:]) < np.radians(0.7)
    assert np.linalg.norm(error[:3]) < 0.05


@pytest.mark.parametrize("depth", [BOTH, QUERY, MATCH])
@pytest.mark.parametrize("models", [("", ""), ("equidistant", "plumb_bob"), ("rational_polynomial", "")])
def test_metric_pose(make_pair, errors_of, depth, models):
    cameras = (camera_of(models[0], 1280, 960, 900.0), camera_of(models[1]))
    query, match, rotation, translation = make_pair(depth=depth, cameras=cameras)
    found = measure(query, match, SETTINGS)
    assert found.degenerate == ""
    assert found.pose.scale_known
    error = errors_of(found.pose, rotation, translation)
    assert np.linalg.norm(error[3:]) < np.radians(0.5)
    assert np.linalg.norm(error[:3]) < 0.03


@pytest.mark.parametrize("base", [0.0005, 0.02])
def test_a_rotation_with_depth_has_a_metric_pose(make_pair, errors_of, base):
    query, match, rotation, translation = make_pair(depth=BOTH, base=base)
    found = measure(query, match, SETTINGS)
    assert found.degenerate == ""
    assert np.linalg.norm(errors_of(found.pose, rotation, translation)[:3]) < 0.03


def test_depth_of_another_scale_in_one_image_gives_no_metric_pose(make_pair):
    query, match, _, _ = make_pair(depth=BOTH)
    query.features["depth"] *= 1.5
    found = measure(query, match, SETTINGS)
    assert found.pose is not None
    assert not found.pose.scale_known


@pytest.mark.parametrize("stuck", [2.0, 0.0, -1.0, np.nan, np.inf, 1e30])
def test_a_depth_sensor_that_is_stuck_gives_no_metric_pose(make_pair, stuck):
    query, match, _, _ = make_pair(depth=BOTH)
    for view in (query, match):
        view.features["depth"] = stuck
    found = measure(query, match, SETTINGS)
    assert found.pose is not None
    assert not found.pose.scale_known


def test_random_depths_give_no_metric_pose(make_pair, rng):
    query, match, _, _ = make_pair(depth=BOTH)
    for view in (query, match):
        view.features["depth"] = rng.uniform(1, 10, len(view.features))
    assert not measure(query, match, SETTINGS).pose.scale_known


def test_pure_rotation_is_named_and_its_rotation_is_known(make_pair, errors_of):
    query, match, rotation, translation = make_pair(base=1e-4)
    found = measure(query, match, SETTINGS)
    assert found.degenerate == PURE_ROTATION
    np.testing.assert_array_equal(found.pose.pose.position, 0.0)
    assert np.diag(found.pose.covariance)[:3].min() == 1e6
    assert np.linalg.norm(errors_of(found.pose, rotation, translation)[3:]) < np.radians(0.3)


def test_one_plane_is_named_and_has_no_pose_without_depth(make_pair):
    query, match, _, _ = make_pair(plane=True)
    found = measure(query, match, SETTINGS)
    assert found.degenerate == ONE_PLANE
    assert found.pose is None
    assert found.inliers > 100


def test_one_plane_with_depth_has_a_metric_pose(make_pair, errors_of):
    query, match, rotation, translation = make_pair(plane=True, depth=MATCH)
    found = measure(query, match, SETTINGS)
    assert found.pose.scale_known
    assert np.linalg.norm(errors_of(found.pose, rotation, translation)[:3]) < 0.06


@pytest.mark.parametrize(
    ("scene", "name"), [({"plane": True}, PLANE_OR_ROTATION), ({"base": 1e-4}, PLANE_OR_ROTATION), ({}, "")]
)
def test_models_without_calibration(make_pair, scene, name):
    query, match, _, _ = make_pair(**scene)
    found = measure(View(query.features), View(match.features), SETTINGS)
    assert found.degenerate == name
    assert found.pose is None
    assert found.inliers > 90


def test_too_little_parallax_is_named_and_its_direction_is_not_reported(make_pair, errors_of):
    generator = np.random.default_rng(5)
    names = set()
    for _ in range(12):
        query, match, rotation, translation = make_pair(base=0.06, count=60, noise=1.0, generator=generator)
        found = measure(query, match, SETTINGS)
        names.add(found.degenerate)
        if found.degenerate == LITTLE_PARALLAX and found.pose is not None:
            np.testing.assert_array_equal(found.pose.pose.position, 0.0)
            assert np.linalg.norm(errors_of(found.pose, rotation, translation)[3:]) < np.radians(4)
    assert LITTLE_PARALLAX in names


def test_repeated_texture_is_named(make_pair):
    """A second copy of each detail of the match looks nearly the same."""
    query, match, _, _ = make_pair(wrong=0.0)
    copy = match.features.copy()
    copy["x"] = (copy["x"] + 200) % 640
    copy["descriptor"][:, 0] ^= 1
    match = match._replace(features=np.concatenate([match.features, copy]))
    assert measure(query, match, SETTINGS).degenerate == REPEATED_TEXTURE


def test_pairs_are_rows_of_the_features(make_pair):
    query, match, _, _ = make_pair(wrong=0.0)
    for view in (query, match):
        view.features["x"][3] = np.nan
    found = measure(query, match, SETTINGS)
    assert found.pairs.shape == (found.inliers, 2)
    assert 3 not in found.pairs
    same = query.features["descriptor"][found.pairs[:, 0]] == match.features["descriptor"][found.pairs[:, 1]]
    assert same.all()


def test_a_pose_exchanged_is_its_inverse(make_pair):
    query, match, _, _ = make_pair(depth=BOTH)
    there, back = measure(query, match, SETTINGS).pose, measure(match, query, SETTINGS).pose
    rotation = there.pose.rotation.as_matrix() @ back.pose.rotation.as_matrix()
    np.testing.assert_allclose(rotation, np.eye(3), atol=0.005)
    moved = there.pose.rotation.apply(back.pose.position) + there.pose.position
    np.testing.assert_allclose(moved, 0.0, atol=0.02)


@pytest.mark.parametrize(
    "scene", [{"depth": BOTH}, {"depth": MATCH}, {}, {"wrong": 0.35}], ids=["both", "match", "none", "wrong"]
)
@pytest.mark.parametrize("rounds", [25, pytest.param(400, marks=pytest.mark.stress)])
def test_normalised_errors_are_within_their_bound(make_pair, errors_of, scene, rounds):
    """In at least 90 % of pairs; the short form allows for its few samples.

    The inflation is for errors of real features, which these independent ones do not have.
    """
    generator = np.random.default_rng(7)
    ratios, without_inflation = [], []
    for _ in range(rounds):
        query, match, rotation, translation = make_pair(generator=generator, **scene)
        found = measure(query, match, SETTINGS)
        pose = found.pose
        ratios.append(within(pose.covariance, errors_of(pose, rotation, translation), pose.scale_known))
        ambiguity = 1.0 if pose.scale_known else (AMBIGUOUS / found.inliers) ** 1.5
        without_inflation.append(INFLATION * ambiguity * ratios[-1])
    share = np.mean(np.array(ratios) < 1)
    assert share >= (0.9 if rounds > 100 else 0.8)
    assert np.median(without_inflation) > 0.15, "the covariance is far too large"


def test_a_geometry_without_matches_has_no_pose(make_pair):
    query, match, _, _ = make_pair()
    nothing = match._replace(features=match.features[:0])
    found = measure(query, nothing, SETTINGS)
    assert found[:4] == Geometry(0)[:4]
    assert found.pose is None
