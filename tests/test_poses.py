import math

import numpy as np
import pytest

from place_recognition_ros.poses import MAX_POSITION, Pose, angle, distance, normalised


def pose(x=0.0, turn=0.0):
    """A pose at ``x`` metres, turned by ``turn`` radians about z."""
    half = turn / 2
    return Pose(np.array([x, 0.0, 0.0]), np.array([0.0, 0.0, math.sin(half), math.cos(half)]))


def test_distance_is_in_metres():
    assert distance(pose(1), pose(4)) == pytest.approx(3)


@pytest.mark.parametrize("turn", [0.0, 0.1, 1.0, math.pi / 2, 3.0, math.pi])
def test_angle_is_in_radians_and_independent_of_the_sign_of_the_quaternion(turn):
    a, b = pose(turn=0.3), pose(turn=0.3 + turn)
    for other in (b, b._replace(orientation=-b.orientation)):
        assert angle(a, other) == pytest.approx(turn, abs=1e-6)
        assert angle(other, a) == pytest.approx(turn, abs=1e-6)


def test_rounding_errors_of_a_quaternion_do_not_make_the_angle_nan():
    long = Pose(np.zeros(3), np.array([0, 0, 0, 1.0000001]))
    assert angle(long, long) == 0


@pytest.mark.parametrize("x", [0.0, -MAX_POSITION, MAX_POSITION])
def test_a_pose_of_a_robot_is_rigid(x):
    assert pose(x, 1.0).is_rigid


@pytest.mark.parametrize("x", [2 * MAX_POSITION, -2 * MAX_POSITION, 1e300, math.inf, math.nan])
def test_a_pose_that_no_robot_has_is_not_rigid(x):
    assert not pose(x).is_rigid


@pytest.mark.parametrize("length", [0.1, 0.7, 1.0, 1.5, 10.0])
def test_a_quaternion_is_normalised(length):
    original = pose(3.0, 1.0)
    found = normalised(Pose(list(original.position), length * original.orientation))
    assert found.is_rigid
    assert found.orientation.dtype == found.position.dtype == np.float64
    assert distance(found, original) == 0
    assert angle(found, original) == pytest.approx(0, abs=1e-7)


NO_ORIENTATIONS = {
    "zero": [0, 0, 0, 0],
    "short": [0, 0, 0, 0.01],
    "long": [0, 0, 0, 1e6],
    "NaN": [0, math.nan, 0, 1],
    "infinite": [0, 0, math.inf, 1],
    "of overflowing length": [0, 0, 1e300, 1e300],
    "of three numbers": [0, 0, 1],
    "text": ["x", "y", "z", "w"],
    "None": None,
}


@pytest.mark.parametrize("orientation", NO_ORIENTATIONS.values(), ids=NO_ORIENTATIONS)
def test_what_is_not_an_orientation_is_not_normalised(orientation):
    assert normalised(Pose(np.zeros(3), orientation)) is None


@pytest.mark.parametrize("x", [2 * MAX_POSITION, math.inf, -math.inf, math.nan])
def test_a_position_that_no_robot_has_is_not_a_pose(x):
    assert normalised(pose(x)) is None
