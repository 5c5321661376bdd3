import numpy as np
import pytest

from rendering.camera import camera_pose, direction, heading, pitch


def axes(*angles):
    """The optical axes right, down, forward of a camera at the origin."""
    return camera_pose((0, 0, 0), *angles).rotation.as_matrix().T


@pytest.mark.parametrize(
    ("angles", "expected"),
    [
        ((0, 0, 0), ((0, -1, 0), (0, 0, -1), (1, 0, 0))),
        ((np.pi / 2, 0, 0), ((1, 0, 0), (0, 0, -1), (0, 1, 0))),  # to the left: along +y
        ((0, np.pi / 2, 0), ((0, -1, 0), (1, 0, 0), (0, 0, 1))),  # upwards
        ((0, 0, np.pi / 2), ((0, 0, -1), (0, 1, 0), (1, 0, 0))),  # clockwise: its right side points down
    ],
)
def test_the_optical_axes_follow_heading_pitch_and_roll(angles, expected):
    assert axes(*angles) == pytest.approx(np.array(expected), abs=1e-12)


def test_rotations_are_applied_in_the_order_heading_pitch_roll():
    right, _, forward = axes(np.pi / 2, 0.1, 0.2)
    assert forward == pytest.approx([0, np.cos(0.1), np.sin(0.1)])
    level, down = np.array([1, 0, 0]), np.array([0, np.sin(0.1), -np.cos(0.1)])
    assert right == pytest.approx(np.cos(0.2) * level + np.sin(0.2) * down)


def test_heading_and_pitch_are_recovered_from_a_pose():
    random = np.random.default_rng(0)
    for _ in range(50):
        h, p, r = random.uniform((-np.pi, -1.5, -np.pi), (np.pi, 1.5, np.pi))
        pose = camera_pose((1, 2, 3), h + 2 * np.pi, p, r)
        assert (heading(pose), pitch(pose)) == (pytest.approx(h), pytest.approx(p))
        assert direction(pose) == pytest.approx([np.cos(h) * np.cos(p), np.sin(h) * np.cos(p), np.sin(p)])
        assert pose.position.tolist() == [1, 2, 3]


def test_of_the_two_quaternions_of_a_rotation_the_one_with_positive_w_is_used():
    for h in np.linspace(-10, 10, 41):
        assert camera_pose((0, 0, 0), h, 0.1, 0.2).orientation[3] >= 0
