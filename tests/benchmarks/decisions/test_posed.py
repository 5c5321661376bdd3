import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from benchmarks.decisions.posed import NEAR_TO_FAR, overlaps
from benchmarks.verification.errors import relative
from benchmarks.verification.sets import common
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import Camera

CAMERA = Camera(100, 80, intrinsics=np.array([[50.0, 0, 49.5], [0, 50.0, 39.5], [0, 0, 1]]))


def test_overlaps_are_those_of_the_verification_benchmark():
    random = np.random.default_rng(0)
    poses = [Pose(random.normal(0, 1, 3), Rotation.random(random_state=i).as_quat()) for i in range(6)]
    poses += [Pose(poses[0].position + 0.1, poses[0].orientation)]
    found = overlaps(poses, [CAMERA] * 7, [3.0] * 7)
    turns = [pose.rotation.as_matrix() for pose in poses]
    for row, factor in enumerate(NEAR_TO_FAR):
        expected = [
            [
                (A[:, 2] @ B[:, 2] > 0)
                * common(relative(a.position, A, b.position, B), CAMERA, CAMERA, 3.0 * factor)
                for b, B in zip(poses, turns)
            ]
            for a, A in zip(poses, turns)
        ]
        assert found[row] == pytest.approx(np.array(expected), abs=1e-9)
    assert found[1, 0, 6] > 0.5
