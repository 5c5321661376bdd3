import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from benchmarks.trajectory_error import align, trajectory_error

TRUE = np.random.default_rng(0).normal(0, 5, (40, 3))


def moved(points):
    return points @ Rotation.from_euler("xyz", (0.3, -2, 1)).as_matrix().T + [4, -9, 2]


def test_a_rigid_motion_is_no_error():
    assert trajectory_error(moved(TRUE), TRUE) == pytest.approx(0, abs=1e-9)
    assert np.allclose(align(moved(TRUE), TRUE), TRUE)


def test_a_mirrored_path_is_an_error():
    assert trajectory_error(TRUE * [1, 1, -1], TRUE) > 1


def test_a_wrong_scale_is_an_error_unless_the_alignment_has_a_scale():
    spread = np.sqrt(np.mean(np.sum((TRUE - TRUE.mean(0)) ** 2, axis=1)))
    assert trajectory_error(moved(1.1 * TRUE), TRUE) == pytest.approx(0.1 * spread)
    assert trajectory_error(moved(1.1 * TRUE), TRUE, with_scale=True) == pytest.approx(0, abs=1e-9)


def test_the_error_is_the_root_of_the_mean_square():
    path = np.array([[0.0, 0, 0], [1, 0, 0], [2, 0, 0], [3, 0, 0]])
    errors = np.array([0.1, -0.1, -0.1, 0.1])  # along y; no rotation and no shift reduces them
    assert trajectory_error(path + np.outer(errors, [0, 1, 0]), path) == pytest.approx(0.1, rel=1e-3)
