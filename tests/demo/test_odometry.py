import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from demo.odometry import drifting, with_odometry
from demo.route import drive
from demo.sources import Frame, Source, SourceError
from rendering.camera import camera_pose, heading

STRAIGHT = [camera_pose((float(x), 0, 1.4), heading=0.0) for x in range(101)]


def lengths(odometry):
    return np.array([np.linalg.norm(b.position - a.position) for a, b in zip(odometry, odometry[1:])])


@pytest.mark.parametrize("seed", range(8))
def test_the_heading_turns_by_1_degree_every_10_metres(seed):
    odometry = drifting(STRAIGHT, [True] * 101, seed)
    assert abs(np.degrees(heading(odometry[-1]))) == pytest.approx(10, abs=1)


def test_the_scale_is_wrong_by_2_percent_and_changes_along_the_way():
    errors = np.array([lengths(drifting(STRAIGHT, [True] * 101, seed)) - 1 for seed in range(60)])
    assert np.sqrt(np.mean(errors**2)) == pytest.approx(0.02, abs=0.004)
    near, far = (np.corrcoef(errors[:, 10], errors[:, 10 + step])[0, 1] for step in (2, 80))
    assert near > 0.6
    assert abs(far) < 0.4


@pytest.mark.parametrize("seed", range(8))
def test_a_constant_error_of_the_scale(seed):
    metres = lengths(drifting(STRAIGHT, [True] * 101, seed, constant_scale=True)).sum()
    assert abs(metres - 100) == pytest.approx(2, abs=0.3)


def test_both_signs_occur():
    ends = [drifting(STRAIGHT, [True] * 101, seed)[-1] for seed in range(8)]
    assert {np.sign(heading(end)) for end in ends} == {-1, 1}


def test_the_same_seed_gives_the_same_odometry():
    a, b, other = (drifting(STRAIGHT, [True] * 101, seed) for seed in (3, 3, 4))
    assert all(np.array_equal(x.position, y.position) for x, y in zip(a, b))
    assert not np.allclose(a[-1].position, other[-1].position)


def test_it_begins_at_the_true_pose_and_keeps_the_height_and_the_horizon():
    frames = drive()
    odometry = drifting([frame.pose for frame in frames], [frame.tracking_ok for frame in frames], 0)
    assert odometry[0] == frames[0].pose
    assert np.ptp([pose.position[2] for pose in odometry]) < 2
    tilt = [Rotation.from_quat(pose.orientation).apply([0, 1, 0])[2] for pose in odometry]
    assert max(tilt) < -0.99  # the optical frame's y axis points down


def test_while_tracking_is_lost_the_odometry_does_not_move():
    tracked = [not 40 <= row < 60 for row in range(101)]
    odometry = drifting(STRAIGHT, tracked, 0)
    assert all(np.array_equal(odometry[row].position, odometry[39].position) for row in range(40, 60))
    assert not np.array_equal(odometry[60].position, odometry[59].position)


def test_a_source_without_ground_truth_is_refused():
    source = Source("images", 1, lambda: iter([Frame(0, "a", b"", "jpeg")]))
    with pytest.raises(SourceError, match=r"expected a drive with ground truth .*\. Received: images"):
        with_odometry(source, 0)
