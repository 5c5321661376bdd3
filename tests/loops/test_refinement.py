import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from place_recognition_ros.loops.refinement import INFLATION, Freedom, improve, refine
from place_recognition_ros.loops.residuals import (
    Correspondences,
    Motion,
    epipolar,
    into_match,
    into_query,
)

FOCAL = 400.0
MOTION = Motion(Rotation.from_rotvec([0.1, -0.2, 0.05]).as_matrix(), np.array([0.3, 0.5, 0.8]))


def scene(rng, count, noise):
    """Correspondences of a unit baseline, and the points in both frames."""
    points = rng.uniform((-2, -2, 3), (2, 2, 9), (count, 3))
    motion = MOTION._replace(translation=MOTION.translation / np.linalg.norm(MOTION.translation))
    moved = points @ motion.rotation.T + motion.translation
    seen = []
    for each in (points, moved):
        rays = each / each[:, 2:]
        rays[:, :2] += rng.normal(0, noise / FOCAL, (count, 2))
        seen.append(rays)
    per_pixel = np.broadcast_to(np.eye(2) / FOCAL, (count, 2, 2))
    unknown = np.full(count, np.nan)
    return Correspondences(*seen, per_pixel, per_pixel, unknown, unknown), points, moved, motion


def residuals_of(rng, name, count=40, noise=0.7):
    pairs, points, moved, motion = scene(rng, count, noise)
    to_pixels = np.broadcast_to(np.eye(2) * FOCAL, (count, 2, 2))
    if name == "epipolar":
        return epipolar(pairs, np.ones(count)), motion
    if name == "into match":
        return into_match(points, pairs.match[:, :2], to_pixels), motion
    return into_query(moved, pairs.query[:, :2], to_pixels), motion


def moved_by(motion, step):
    return Motion(Rotation.from_rotvec(step[3:]).as_matrix() @ motion.rotation, motion.translation + step[:3])


@pytest.mark.parametrize("name", ["epipolar", "into match", "into query"])
def test_derivatives_equal_differences(rng, name):
    residuals, motion = residuals_of(rng, name)
    _, slopes = residuals(motion)
    for axis, step in enumerate(1e-6 * np.eye(6)):
        difference = (residuals(moved_by(motion, step))[0] - residuals(moved_by(motion, -step))[0]) / 2e-6
        np.testing.assert_allclose(slopes[:, :, axis], difference, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["epipolar", "into match", "into query"])
def test_a_disturbed_motion_returns_to_the_true_one(rng, name):
    residuals, motion = residuals_of(rng, name, noise=0.0)
    start = moved_by(motion, np.array([0.02, -0.03, 0.01, 0.02, -0.01, 0.02]))
    start = start._replace(translation=start.translation / np.linalg.norm(start.translation))
    freedom = Freedom.DIRECTION if name == "epipolar" else Freedom.METRIC
    found = refine(residuals, improve(residuals, start, freedom), freedom).motion
    np.testing.assert_allclose(found.rotation, motion.rotation, atol=1e-4)
    np.testing.assert_allclose(found.translation, motion.translation, atol=1e-3)


@pytest.mark.parametrize("name", ["epipolar", "into match"])
def test_independent_errors_have_the_size_of_the_covariance_without_its_inflation(rng, name):
    freedom = Freedom.DIRECTION if name == "epipolar" else Freedom.METRIC
    errors, variances = [], []
    for _ in range(60):
        residuals, motion = residuals_of(rng, name, count=80)
        found = refine(residuals, motion, freedom)
        turn = Rotation.from_matrix(motion.rotation @ found.motion.rotation.T).as_rotvec()
        errors.append(np.concatenate([motion.translation - found.motion.translation, turn]))
        variances.append(np.diag(found.covariance))
    ratio = np.mean(np.square(errors), axis=0) / np.mean(variances, axis=0)
    assert (INFLATION * ratio > 0.3).all()
    assert (INFLATION * ratio < 1.6).all()


def test_mismatches_hardly_move_the_motion(rng):
    pairs, _, _, motion = scene(rng, 80, 0.5)
    pairs.match[:8, :2] += 3.0 / FOCAL
    found = refine(epipolar(pairs, np.ones(80)), motion, Freedom.DIRECTION)
    assert np.linalg.norm(found.motion.translation - motion.translation) < 0.03


def test_a_covariance_is_symmetric_and_positive(rng):
    covariance = refine(*residuals_of(rng, "into match"), Freedom.METRIC).covariance
    np.testing.assert_array_equal(covariance, covariance.T)
    assert np.linalg.eigvalsh(covariance).min() > 0


@pytest.mark.parametrize("count", [0, 1, 5, 11])
def test_too_few_residuals_determine_nothing(rng, count):
    residuals, motion = residuals_of(rng, "epipolar", count=count)
    assert refine(residuals, motion, Freedom.DIRECTION) is None


def test_equal_points_determine_nothing(rng):
    pairs, _, _, motion = scene(rng, 1, 0.5)
    same = pairs.subset(np.zeros(30, int))
    assert refine(epipolar(same, np.ones(30)), motion, Freedom.DIRECTION) is None


def test_residuals_that_are_not_finite_determine_nothing(rng):
    pairs, _, _, motion = scene(rng, 30, 0.5)
    pairs.match[0, 0] = np.nan
    assert refine(epipolar(pairs, np.ones(30)), motion, Freedom.DIRECTION) is None
