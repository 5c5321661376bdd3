"""Poses of odom: which are used, and which one belongs to an image."""

import logging
import math
import threading

import pytest

from place_recognition_ros.stream import stamped_buffer
from place_recognition_ros.stream.odometry import KEPT
from place_recognition_ros.types import Count
from tests.fakes.robot import AHEAD, MS, NONE, START, Robot, turned

NAN = math.nan


@pytest.fixture(autouse=True)
def _do_not_wait(monkeypatch):
    monkeypatch.setattr(stamped_buffer, "PATIENCE", 0.0)


@pytest.fixture
def robot():
    """Ten poses, one every 20 ms; x = 0 to 9 m."""
    robot = Robot()
    for number in range(10):
        robot.move(20 * number, number)
    return robot


@pytest.mark.parametrize(
    "ms, x", [(0, 0), (20, 1), (28, 1), (32, 2), (180, 9), (280, 9), (-100, 0), (281, None), (-101, None)]
)
def test_the_nearest_pose_within_0_1_s_is_returned(robot, ms, x):
    assert robot.x(ms) == x


def test_without_odometry_there_is_no_pose():
    assert Robot().x(0) is None


def test_the_oldest_poses_are_dropped():
    robot = Robot()
    for number in range(KEPT + 3):
        robot.move(1000 * number, number)
    assert [robot.x(1000 * number) for number in range(5)] == [None, None, None, 3, 4]
    assert len(robot.odometry) == KEPT


def test_an_image_waits_for_the_pose_of_its_own_time(robot, monkeypatch):
    monkeypatch.setattr(stamped_buffer, "PATIENCE", 60.0)
    thread = threading.Timer(0.05, lambda: robot.move(200, 10))
    thread.start()
    assert robot.x(200) == 10
    thread.join()


def test_an_image_does_not_wait_if_the_poses_before_it_suffice(robot, monkeypatch):
    monkeypatch.setattr(stamped_buffer, "PATIENCE", 1e6)
    found = robot.odometry.at(START + 200 * MS, lambda pose: pose.pose.position[0] == 9)
    assert found.stamp == START + 180 * MS


def test_when_the_clock_is_set_back_the_poses_before_are_forgotten(robot):
    robot.move(-10000, 99)
    assert robot.x(0) == 0, "one pose does not show that the clock was set back"
    robot.move(-9980, 99)
    assert robot.x(0) is None
    assert robot.x(-10000) == 99


BAD = {
    "NaN": (0, (NAN, *AHEAD)),
    "infinite": (0, (math.inf, *AHEAD)),
    "too far": (0, (1e12, *AHEAD)),
    "quaternion NaN": (0, (0.0, NAN, 0.0, 0.0, 1.0)),
    "quaternion infinite": (0, (0.0, 0.0, 0.0, math.inf, 1.0)),
    "quaternion too long": (0, (0.0, 0.0, 0.0, 0.0, 1000.0)),
}


@pytest.mark.parametrize("position, orientation", [(x, rest) for _, (x, *rest) in BAD.values()], ids=BAD)
def test_a_bad_pose_is_dropped_counted_and_logged_once(robot, caplog, position, orientation):
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            robot.move(200, position, orientation)
    assert robot.odometry.counts[Count.BAD_POSE] == 5
    assert robot.x(200) == 9
    assert len(caplog.records) == 1
    assert "/odom: expected finite positions" in caplog.text


def test_a_pose_without_a_stamp_is_dropped_counted_and_logged(caplog):
    robot = Robot()
    robot.move(-START // MS, 1.0)
    assert (len(robot.odometry), robot.odometry.counts[Count.BAD_POSE]) == (0, 1)
    assert "header.stamp" in caplog.text


@pytest.mark.parametrize("bad", [(0,), (0, 1, 2, 3), (500,), tuple(range(0, 1000, 2))])
def test_bad_poses_do_not_change_how_keyframes_are_picked(bad):
    """100 m at 1 m/s, a keyframe per metre."""
    robot = Robot(min_motion_m=0.95)
    positions = [NAN if number in bad else 0.1 * number for number in range(1000)]
    assert robot.drive(positions) == pytest.approx(100, abs=4)
    assert robot.odometry.counts[Count.BAD_POSE] == len(bad)


UNUSUAL = {
    "zero": [NONE],
    "not normalised": [(0.0, 0.0, 1.4, 1.4)],
    "of changing length": [tuple(scale * each for each in turned(1.0)) for scale in (0.5, 1.0, 3.0)],
    "of changing sign": [turned(1.0), tuple(-each for each in turned(1.0))],
    "real, then zero": [turned(2.0), NONE],
    "real, zero and NaN": [turned(2.0), NONE, (NAN, 0, 0, 1)],
    "zero, then real": [NONE, turned(2.0), NONE, NONE],
}


@pytest.mark.parametrize("limits", [{"min_rotation_rad": 0.3}, {}], ids=["rotation", "motion only"])
@pytest.mark.parametrize("orientations", UNUSUAL.values(), ids=UNUSUAL)
def test_a_standing_robot_does_not_turn(orientations, limits):
    robot = Robot(min_motion_m=1.0, **limits)
    assert robot.drive([5.0] * 100, orientations * 100) == 1


def test_a_robot_that_turns_is_seen_to_turn_though_quaternions_are_not_normalised():
    robot = Robot(min_motion_m=1.0, min_rotation_rad=0.45)
    quaternions = [tuple(2.0 * each for each in turned(0.1 * number)) for number in range(51)]
    assert robot.drive([5.0] * 51, quaternions) == 11


@pytest.mark.parametrize("jump", [1e6, -500.0, 50.0])
def test_a_wrong_pose_makes_no_keyframe(jump, caplog):
    robot = Robot(min_motion_m=1.0)
    assert robot.drive([0.0] * 10 + [jump] + [0.0] * 10) == 1
    assert robot.odometry.counts[Count.POSE_JUMPED] == 1
    assert "/odom: the pose or its frame or stamp jumps" in caplog.text


@pytest.mark.parametrize("jump", [1e6, -500.0, 50.0])
def test_a_jump_of_odometry_makes_one_keyframe_and_motion_is_measured_from_there(jump):
    robot = Robot(min_motion_m=0.95)
    positions = [0.0] * 10 + [jump] * 10 + [jump + 0.1 * number for number in range(1, 51)]
    assert robot.drive(positions) == 1 + 1 + 5
    assert robot.odometry.counts[Count.POSE_JUMPED] == 1


@pytest.mark.parametrize("kind", ["position", "frame", "clock"])
def test_of_two_odometries_on_one_topic_the_first_one_is_used(kind):
    robot = Robot(min_motion_m=1.0)
    keyframes = 0
    for number in range(100):
        robot.move(100 * number, 1.0)
        if kind == "position":
            robot.move(100 * number + 50, 900.0)
        elif kind == "frame":
            robot.move(100 * number + 50, 1.0, frame="visual_odom")
        else:
            robot.move(100 * number - 3600000, 900.0)
        keyframes += robot.see(100 * number)
        assert robot.odometry.at(START + 100 * number * MS, bool).world_frame == "odom"
    assert keyframes == 1
    assert robot.odometry.counts[Count.POSE_JUMPED] == 100


def test_fast_robots_and_corrections_by_slam_are_not_jumps():
    robot = Robot(min_motion_m=1.0)
    robot.drive([8.0 * number + (0.9 if number % 20 > 10 else 0.0) for number in range(100)])  # 80 m/s
    assert robot.odometry.counts[Count.POSE_JUMPED] == 0


@pytest.mark.parametrize("outage", [100, 1000, 600000])
def test_odometry_that_begins_again_at_its_origin_has_jumped(outage):
    robot = Robot()
    robot.move(0, 40.0)
    robot.move(100, 41.0)
    assert robot.odometry.at(START + 100 * MS, bool).jumps == 0
    robot.move(100 + outage, 0.0)
    robot.move(200 + outage, 0.01)
    found = robot.odometry.at(START + (200 + outage) * MS, bool)
    assert (found.pose.position[0], found.jumps) == (0.01, 1)


def test_no_outage_explains_a_pose_kilometres_away():
    robot = Robot()
    for stamp, x in ((0, 0.0), (600000, 40000.0), (600100, 40001.0)):
        robot.move(stamp, x)
    assert robot.odometry.at(START + 600100 * MS, bool).jumps == 1


def test_when_the_clock_of_the_images_is_set_back_older_poses_are_forgotten(robot):
    robot.odometry.forget_after(START + 100 * MS)
    assert robot.x(180) == 9, "a second is no jump of the clock"
    robot.odometry.forget_after(START - 10000 * MS)
    assert robot.x(180) is None
