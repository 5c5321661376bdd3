import math

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from demo.judge import Accepted, Score, Verdict, judge, percent, pose_error, revisits, score
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import Kind
from rendering.camera import camera_pose

SECOND = 10**9


def looking(x, y, degrees):
    """A camera 1.4 m up with a level view, ``degrees`` counter-clockwise from +x."""
    return camera_pose((x, y, 1.4), math.radians(degrees))


@pytest.mark.parametrize(
    ("pose", "right"),
    [
        (looking(0, 0, 0), True),
        (looking(9.9, 0, 0), True),
        (looking(10.1, 0, 0), False),
        (looking(0, 0, 49), True),
        (looking(0, 0, 51), False),
        (looking(0, 0, 180), False),
    ],
)
def test_right_means_near_and_turned_the_same_way(pose, right):
    assert judge(looking(0, 0, 0), pose).right is right


def test_a_verdict_has_distance_and_angle():
    verdict = judge(looking(0, 0, 10), looking(3, 4, 30))
    assert (verdict.distance, verdict.angle) == (pytest.approx(5), pytest.approx(20))


def test_the_error_of_a_relative_pose():
    query, match = looking(5, 2, 90), looking(5, 0, 90)
    assert pose_error(query, match, Pose(np.array([0, 0, 2.0]), np.array([0, 0, 0, 1.0]))) == pytest.approx(
        (0, 0)
    )
    turned = Rotation.from_euler("y", 3, degrees=True).as_quat()
    assert pose_error(query, match, Pose(np.array([0, 0.4, 2.3]), turned)) == pytest.approx((0.5, 3))


def test_a_revisit_is_close_to_an_old_frame_and_tracked():
    poses = [looking(0, 0, 0), looking(30, 0, 0), looking(1, 1, 5), looking(1, 1, 90), looking(2, 0, 0)]
    stamps = [0, 10 * SECOND, 20 * SECOND, 21 * SECOND, 22 * SECOND]
    assert revisits(stamps, poses, [True] * 5, 10 * SECOND) == [2, 4]
    assert revisits(stamps, poses, [True] * 5, 21 * SECOND) == [4]
    assert revisits(stamps, poses, [True, True, True, True, False], 10 * SECOND) == [2]
    assert revisits(stamps, poses, [False, True, True, True, True], 10 * SECOND) == []


def accepted(query, right):
    return Accepted(query, 0, Kind.LOOP_CLOSURE, 0.9, 50, Verdict(right, 1.0, 1.0))


def test_score_counts_candidates_for_precision_and_revisits_for_recall():
    result = score([accepted(5, True), accepted(5, False), accepted(7, True)], expected=[5, 6, 8, 9])
    assert result == Score(right=2, wrong=1, revisits=4, recognised=1)
    assert (result.precision, result.recall) == (pytest.approx(2 / 3), pytest.approx(1 / 4))


def test_precision_is_nan_without_accepted_candidates():
    result = score([], expected=[])
    assert math.isnan(result.precision)
    assert percent(result.precision) == "–"
    assert percent(0.987) == "99 %"
