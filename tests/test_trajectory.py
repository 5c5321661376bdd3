"""Where a trajectory ends: gaps, covered lenses, jumps of odometry, other worlds."""

import numpy as np
import pytest

from place_recognition_ros.poses import Pose
from place_recognition_ros.trajectory import BLIND, Trajectory
from place_recognition_ros.types import Keyframe, Loss, TrackingState

SECOND = 10**9
IMAGE = np.zeros((4, 4), np.uint8)
POSE = Pose(np.zeros(3), np.array([0.0, 0.0, 0.0, 1.0]))


@pytest.fixture
def trajectory():
    return Trajectory(60 * SECOND)


def play(trajectory, stamps, seen=True, **fields):
    """Images at these seconds; returns the seconds at which a session began."""
    began = []
    for stamp in stamps:
        keyframe = Keyframe(IMAGE, round(stamp * SECOND), **fields)
        if trajectory.arrives(keyframe) | trajectory.add(keyframe, seen):
            began.append(stamp)
            trajectory.begin()
            trajectory.add(keyframe, seen)
    return began


def state(trajectory):
    return trajectory.tracking.state, trajectory.tracking.cause


def test_a_long_gap_ends_the_session(trajectory):
    assert play(trajectory, (1, 2, 3, 62, 63)) == []
    assert play(trajectory, (124, 125)) == [124]
    assert state(trajectory) == (TrackingState.TRACKING, Loss.IMAGES)
    assert trajectory.tracking.recovery_pending
    assert trajectory.tracking.since == 124 * SECOND


def test_a_gap_is_noticed_before_the_next_image(trajectory):
    play(trajectory, (1, 2, 3))
    assert not trajectory.is_settled
    assert not trajectory.update(63 * SECOND)
    assert trajectory.update(64 * SECOND)
    trajectory.begin()
    assert (state(trajectory), trajectory.tracking.since) == ((TrackingState.LOST, Loss.IMAGES), 3 * SECOND)
    assert not trajectory.update(99 * SECOND)
    assert trajectory.is_settled
    assert play(trajectory, (100,)) == []
    assert trajectory.tracking.state == TrackingState.TRACKING


def test_the_time_without_images_may_be_told(trajectory):
    """The clock of a bag that is played fast, or was paused, says nothing about it."""
    play(trajectory, (1, 2, 3))
    assert not trajectory.update(500 * SECOND, silent=60 * SECOND)
    assert trajectory.update(4 * SECOND, silent=61 * SECOND)


def test_the_pause_before_an_image_may_be_told(trajectory):
    """Images came that nobody looked at, or the clock was set."""
    play(trajectory, (1, 2, 3))
    later, latest = (Keyframe(IMAGE, stamp * SECOND) for stamp in (3603, 3604))
    assert not trajectory.arrives(later, pause=60 * SECOND)
    trajectory.add(later, True)
    assert state(trajectory) == (TrackingState.TRACKING, Loss.NONE)
    assert trajectory.arrives(latest, pause=61 * SECOND)


def test_the_latest_image_is_known_when_a_session_begins(trajectory):
    assert trajectory.latest == 0
    play(trajectory, (1, 2, 3))
    trajectory.begin()
    assert (trajectory.newest, trajectory.latest) == (-1, 3 * SECOND)


@pytest.mark.parametrize("period", [30, 50, 100, 500])
def test_a_slow_camera_has_no_gaps(trajectory, period):
    assert play(trajectory, range(1, 40 * period, period)) == []


def test_poses_bridge_a_gap(trajectory):
    assert play(trajectory, (1, 2, 3, 500, 501), pose=POSE) == []
    assert trajectory.is_settled


def test_a_front_end_bridges_a_gap_and_a_covered_lens(trajectory):
    trajectory.tracking.report(True, 0, Loss.FRONT_END)
    assert play(trajectory, (1, 2, 3, 500, 501)) == []
    assert play(trajectory, range(502, 520), seen=False) == []


def test_without_a_gap_nothing_is_one():
    trajectory = Trajectory(0)
    assert play(trajectory, (1, 2, 3, 5000)) == []
    assert trajectory.is_settled


def test_a_covered_lens_is_a_loss_within_a_second(trajectory):
    play(trajectory, np.arange(1, 3, 0.1))
    (began,) = play(trajectory, np.arange(3, 6, 0.1), seen=False)
    assert began - 3 <= 1
    assert state(trajectory) == (TrackingState.LOST, Loss.VIEW)
    assert trajectory.tracking.since == 3 * SECOND
    assert play(trajectory, np.arange(6, 7.5, 0.1)) == []
    assert trajectory.tracking.state == TrackingState.LOST, "seen again, but not for long"
    assert play(trajectory, np.arange(7.5, 8.5, 0.1)) == []
    assert trajectory.tracking.state == TrackingState.TRACKING


@pytest.mark.parametrize("step", [0.1, 1.0, 10.0])
def test_a_few_bad_images_are_no_loss(trajectory, step):
    now = 1.0
    for _ in range(10):
        assert play(trajectory, now + step * np.arange(3)) == []
        assert play(trajectory, now + step * np.arange(3, 3 + BLIND - 1), seen=False) == []
        now += step * (2 + BLIND)


def test_images_without_features_are_no_loss_where_poses_are_known(trajectory):
    assert play(trajectory, (1, 2, 3), pose=POSE) == []
    assert play(trajectory, range(4, 30), seen=False, pose=POSE) == []


def test_a_jump_of_odometry_ends_the_session(trajectory):
    play(trajectory, (1, 2, 3), pose=POSE, world_frame="odom")
    assert play(trajectory, (4, 5), pose=POSE, world_frame="odom", jumps=1) == [4]
    assert state(trajectory) == (TrackingState.TRACKING, Loss.ODOMETRY)
    assert trajectory.tracking.recovery_pending
    assert play(trajectory, (6, 7), pose=POSE, world_frame="odom", jumps=2) == [6]


@pytest.mark.parametrize("jumps", [0, 1])  # odometry counts the change as one
@pytest.mark.parametrize("frames", [("map", "base_link"), ("odom", "base_footprint"), ("map", "imu")])
def test_another_frame_of_the_world_or_the_robot_ends_the_session_but_is_no_loss(trajectory, frames, jumps):
    """Poses of one session can be compared."""
    fields = {"world_frame": frames[0], "pose_frame": frames[1], "jumps": jumps}
    play(trajectory, (1, 2), pose=POSE, world_frame="odom", pose_frame="base_link")
    assert play(trajectory, (3, 4), pose=POSE, **fields) == [3]
    assert state(trajectory) == (TrackingState.TRACKING, Loss.NONE)
    assert not trajectory.tracking.recovery_pending


def test_a_jump_is_noticed_across_an_image_without_a_pose(trajectory):
    play(trajectory, (1, 2), pose=POSE, world_frame="odom")
    assert play(trajectory, (3,)) == []
    assert play(trajectory, (4,), pose=POSE, world_frame="odom", jumps=1) == [4]


def test_a_gap_after_which_no_pose_is_known_ends_the_session(trajectory):
    play(trajectory, (1, 2, 3), pose=POSE, world_frame="odom")
    assert play(trajectory, (500,)) == [500]
