"""The query camera in the world of the match."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from place_recognition_ros.loops.world_pose import world_pose
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import RelativePose

OPTICAL = Rotation.from_quat([-0.5, 0.5, -0.5, 0.5])  # z forward: the world's x; x right: the world's −y
FORWARD = RelativePose(
    Pose(np.array([0, 0, 2.0]), np.array([0, 0, 0, 1.0])), np.diag([1.0, 4, 9, 2, 3, 5]), True
)
MATCH = Pose(np.array([10.0, 20, 1]), OPTICAL.as_quat())


def test_a_camera_further_ahead_is_further_ahead_in_the_world():
    found = world_pose(FORWARD, MATCH, "map")
    np.testing.assert_allclose(found.pose.position, [12, 20, 1], atol=1e-12)
    np.testing.assert_allclose(found.pose.rotation.as_matrix(), OPTICAL.as_matrix(), atol=1e-12)
    assert found.frame_id == "map"


def test_the_covariance_is_along_the_axes_of_the_world():
    found = world_pose(FORWARD, MATCH, "map")
    np.testing.assert_allclose(np.diag(found.covariance), [9, 1, 4, 5, 2, 3], atol=1e-12)


def test_a_general_covariance_is_that_of_sampled_errors(rng):
    """Errors are of the position and of the rotation about the axes of the match's frame."""
    root = 1e-3 * rng.standard_normal((6, 6))
    turn, match_turn = (
        Rotation.from_rotvec(rng.standard_normal(3)),
        Rotation.from_rotvec(rng.standard_normal(3)),
    )
    position, match_position = rng.standard_normal((2, 3))
    relative = RelativePose(Pose(position, turn.as_quat()), root @ root.T, True)
    found = world_pose(relative, Pose(match_position, match_turn.as_quat()), "map")
    errors = []
    for sample in (root @ rng.standard_normal((6, 2000))).T:
        moved = Pose(position + sample[:3], (Rotation.from_rotvec(sample[3:]) * turn).as_quat())
        true = Pose(
            match_position + match_turn.apply(moved.position), (match_turn * moved.rotation).as_quat()
        )
        difference = (true.rotation * found.pose.rotation.inv()).as_rotvec()
        errors.append([*(true.position - found.pose.position), *difference])
    np.testing.assert_allclose(np.cov(np.array(errors).T), found.covariance, atol=2e-6)


@pytest.mark.parametrize(
    "relative, match",
    [(None, MATCH), (FORWARD, None), (FORWARD._replace(scale_known=False), MATCH)],
    ids=["no relative pose", "no pose of the match", "no scale"],
)
def test_what_is_not_known_gives_no_pose(relative, match):
    assert world_pose(relative, match, "map") is None
