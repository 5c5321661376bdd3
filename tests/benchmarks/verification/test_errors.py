import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from benchmarks.verification.errors import (
    PoseError,
    area_under_curve,
    degrees_between,
    freedom,
    median,
    normalized_error,
    pose_error,
    relative,
    within_bound,
)
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import RelativePose


def pose(position, rotation=(0, 0, 0)):
    return Pose(np.array(position, float), Rotation.from_rotvec(rotation).as_quat())


def measured(position, rotation=(0, 0, 0), scale=True, covariance=None):
    return RelativePose(pose(position, rotation), np.eye(6) if covariance is None else covariance, scale)


def test_errors_of_a_metric_pose():
    error = pose_error(measured((2, 0, 0), (0, 0, np.radians(3))), pose((2, 0.1, 0), (0, 0, np.radians(1))))
    assert error.rotation == pytest.approx(2)
    assert error.direction == pytest.approx(np.degrees(np.arctan2(0.1, 2)))
    assert error.metres == pytest.approx(0.1)
    assert error.share == pytest.approx(0.1 / np.hypot(2, 0.1))
    assert error.right


def test_without_scale_only_the_angles_are_known():
    error = pose_error(measured((1, 0, 0), scale=False), pose((7, 0, 0)))
    assert (error.rotation, error.direction) == pytest.approx((0, 0))
    assert np.isnan([error.metres, error.share]).all()


def test_a_direction_to_the_opposite_side_is_wrong():
    assert pose_error(measured((-1, 0, 0), scale=False), pose((1, 0, 0))).direction == pytest.approx(180)


@pytest.mark.parametrize(("rotation", "direction", "right"), [(4.9, 4.9, True), (5, 1, False), (1, 5, False)])
def test_both_angles_must_be_below_five_degrees(rotation, direction, right):
    assert PoseError(rotation, direction).right == right


def test_a_pair_without_a_pose_is_not_right():
    error = pose_error(None, pose((1, 0, 0)))
    assert not error.right
    assert np.isnan(error).all()


def test_a_pose_without_a_direction_is_not_right():
    error = pose_error(measured((0, 0, 0), scale=False), pose((1, 0, 0)))
    assert error.rotation == 0
    assert np.isnan(error.direction)
    assert not error.right


def test_the_normalized_error_of_a_rotation_alone_is_that_of_its_angles():
    found = measured((0, 0, 0), scale=False, covariance=np.diag([1e6] * 3 + [1e-4] * 3))
    assert freedom(found) == 3
    assert normalized_error(found, pose((1, 0, 0), (0.02, 0, 0))) == pytest.approx(4)


def test_small_angles_are_exact():
    assert degrees_between(np.array([1, 0, 0]), np.array([1, 1e-9, 0])) == pytest.approx(np.degrees(1e-9))


@pytest.mark.parametrize("scale", [True, False])
def test_the_normalized_error_has_its_degrees_of_freedom_as_mean(scale):
    """Poses are drawn with the covariance that is published for them."""
    random = np.random.default_rng(0)
    factor = random.normal(size=(6, 6))
    covariance = factor @ factor.T * 1e-6
    if not scale:
        covariance[0, :] = covariance[:, 0] = 0.0
        covariance[0, 0] = 1e6  # along the translation, nothing is known
    truth = measured((1, 0, 0), (0.3, -0.2, 0.1), scale, covariance)
    values, inside = [], []
    for _ in range(4000):
        noise = random.multivariate_normal(np.zeros(6), np.where(covariance == 1e6, 0.0, covariance))
        position = truth.pose.position + noise[:3]
        if not scale:
            position = 4.0 * position / np.linalg.norm(position)
        rotation = Rotation.from_rotvec(noise[3:]) * truth.pose.rotation
        drawn = Pose(position, rotation.as_quat())
        values.append(normalized_error(truth, drawn))
        inside.append(within_bound(truth, drawn))
    assert np.mean(values) == pytest.approx(freedom(truth), rel=0.05)
    assert np.mean(inside) == pytest.approx(0.95, abs=0.015)


def test_the_rotation_error_is_about_the_axes_of_the_match():
    covariance = np.diag([1.0, 1, 1, 1e-4, 1, 1])
    estimate = measured((1, 0, 0), (0, 0, np.pi / 2), covariance=covariance)
    about_x = Rotation.from_rotvec((0.01, 0, 0)) * estimate.pose.rotation
    truth = Pose(estimate.pose.position, about_x.as_quat())
    assert normalized_error(estimate, truth) == pytest.approx(1.0)


def test_area_under_the_curve():
    assert area_under_curve([2, 3], [0, 1]) == 1.0
    assert area_under_curve([0, 1], [2, 3]) == 0.0
    assert area_under_curve([1, 1], [1, 1]) == 0.5
    assert area_under_curve([1, 3], [2]) == 0.5


def test_what_was_not_measured_makes_the_median_worse():
    nan = float("nan")
    assert median([1.0, 2.0, nan]) == 2.0
    assert median([1.0, nan, nan]) == np.inf
    assert np.isnan(median([]))


def test_the_relative_pose_of_two_cameras_moves_a_point_from_one_to_the_other():
    random = np.random.default_rng(1)
    worlds = Rotation.random(2, random_state=1).as_matrix()
    centers = random.normal(size=(2, 3))
    point = random.normal(size=3)
    here, there = (world.T @ (point - center) for world, center in zip(worlds, centers))
    found = relative(centers[0], worlds[0], centers[1], worlds[1])
    assert found.rotation.apply(here) + found.position == pytest.approx(there)
