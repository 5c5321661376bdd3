"""Warnings where images have no poses."""

import math

import pytest

from place_recognition_ros.stream import stamped_buffer
from place_recognition_ros.types import Count
from tests.fakes.robot import NONE, Robot


@pytest.fixture(autouse=True)
def _do_not_wait(monkeypatch):
    monkeypatch.setattr(stamped_buffer, "PATIENCE", 0.0)


def test_without_picking_by_motion_odometry_may_be_missing():
    robot = Robot(published=False)
    assert [robot.see(100 * number) for number in range(20)] == [True] * 20
    assert robot.complaint == ""
    assert robot.odometry.counts[Count.NO_POSE] == 0


@pytest.mark.parametrize("limit", ["min_motion_m", "min_rotation_rad"])
@pytest.mark.parametrize(
    "published, reason",
    [(False, "nothing is published on /odom, remap odom"), (True, "nothing was received on /odom")],
)
def test_picking_by_motion_without_odometry_picks_by_rate_with_a_warning(limit, published, reason):
    robot = Robot(published, **{limit: 1.0})
    assert [robot.see(100 * number) for number in range(20)] == [True] * 20
    assert reason in robot.complaint
    assert robot.complaint.startswith("20 of the last 20 images have no pose: ")
    assert robot.complaint.endswith("; keyframes are picked by rate, not by motion")
    assert robot.odometry.counts[Count.NO_POSE] == 20


def test_odometry_that_gives_only_bad_poses_is_named():
    robot = Robot(min_motion_m=1.0)
    robot.drive([math.nan] * 20)
    assert "no pose that can be used was received on /odom" in robot.complaint


def test_odometry_that_stops_is_named(monkeypatch):
    robot = Robot(min_motion_m=1.0)
    robot.drive([0.1 * number for number in range(10)])
    assert robot.complaint == ""
    now = stamped_buffer.time.monotonic
    monkeypatch.setattr(stamped_buffer.time, "monotonic", lambda: now() + 12.0)
    for number in range(50):
        robot.see(2000 + 100 * number)
    assert "the last pose that can be used was received on /odom 12 s ago" in robot.complaint


@pytest.mark.parametrize(
    "ms, text",
    [(-1000, "1.00 s older"), (-300, "0.30 s older"), (6 * 10**8, "600000.00 s newer")],
)
@pytest.mark.parametrize("limits", [{}, {"min_motion_m": 1.0}], ids=["not needed", "needed"])
def test_the_offset_between_the_stamps_of_odometry_and_images_is_named(ms, text, limits):
    robot = Robot(**limits)
    for number in range(20):
        robot.move(100 * number + ms, 0.1 * number)
        assert robot.see(100 * number)
    assert f"the newest pose on /odom is {text} than the image" in robot.complaint
    assert ("picked by rate" in robot.complaint) == bool(limits)


def test_odometry_that_is_too_rare_is_named():
    robot = Robot(min_motion_m=1.0)
    for number in range(100):
        if number % 10 == 0:
            robot.move(100 * number, 0.0)
        robot.see(100 * number)
    assert "expected: 10 Hz or more" in robot.complaint


def test_a_warning_ends_when_poses_come(monkeypatch):
    robot = Robot(min_motion_m=1.0)
    robot.see(0)
    robot.see(100)
    robot.see(200)
    assert robot.complaint
    assert robot.odometry.new_complaint(stamped_buffer.time.monotonic())
    assert not robot.odometry.new_complaint(stamped_buffer.time.monotonic())
    for number in range(3, 20):
        robot.move(100 * number, 0.0)
        robot.see(100 * number)
    assert robot.complaint == ""


def test_where_only_rotation_picks_keyframes_and_is_not_known_they_are_picked_by_rate_with_a_warning():
    robot = Robot(min_rotation_rad=0.3)
    assert robot.drive([5.0] * 20, [NONE] * 20) == 20
    assert "/odom has no orientation, set min_motion_m" in robot.complaint
