import numpy as np
import pytest

from place_recognition_ros.loops.witness import MARGIN, VIEW, allows
from place_recognition_ros.memory.timeline import Entry
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import RelativePose


def pose(x):
    return Pose(np.array([x, 0.0, 0.0]), np.array([0.0, 0, 0, 1]))


@pytest.fixture
def entry():
    """A keyframe after 100 m, at the origin."""
    values = {"id": 1, "session": 1, "stamp": 1, "pose": pose(0.0), "travelled": 100.0}
    return Entry(**{name: values.get(name) for name in Entry._fields})


@pytest.mark.parametrize(
    "metres, expected", [(VIEW + 0.05 * 200 - 0.1, True), (VIEW + 0.05 * 200 + 0.1, False)]
)
def test_a_jump_is_possible_within_the_drift_since_the_match(entry, metres, expected):
    assert allows(pose(metres), entry, None, 300.0, 0.05) is expected


@pytest.mark.parametrize("scale_known, expected", [(True, False), (False, True)])
def test_a_metric_pose_says_how_far_the_cameras_are_apart(entry, scale_known, expected):
    relative = RelativePose(pose(1.0), np.eye(6), scale_known)
    assert allows(pose(1.5 + MARGIN), entry, relative, 100.0, 0.05) is expected


def test_without_poses_or_drift_odometry_says_nothing(entry):
    assert allows(None, entry, None, 300.0, 0.05) is None
    assert allows(pose(1000.0), entry._replace(pose=None), None, 300.0, 0.05) is None
    assert allows(pose(1000.0), entry, None, 300.0, 0.0) is None
