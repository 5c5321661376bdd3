"""Look-ups of the mounting of the camera in tf."""

import sys

import pytest
import rospy
from geometry_msgs.msg import TransformStamped

from place_recognition_ros.ros.mounting import Mounting

START = 10**12  # nanoseconds
MS = 10**6


@pytest.fixture
def mounting(ros):
    return Mounting(True)


def transform(x, milliseconds=0, w=1.0, child="camera"):
    message = TransformStamped(child_frame_id=child)
    message.header.frame_id = "base"
    message.header.stamp = rospy.Time(nsecs=START + milliseconds * MS)
    message.transform.translation.x, message.transform.rotation.w = x, w
    return message


def x_at(mounting, milliseconds, base="base", camera="camera"):
    found = mounting.at(START + milliseconds * MS, base, camera)
    return None if found is None else found.position[0]


def test_a_static_transform_is_valid_at_any_time(mounting):
    mounting._buffer.set_transform_static(transform(0.5), "test")
    assert x_at(mounting, -(10**5)) == x_at(mounting, 10**7) == 0.5
    assert mounting.state == "ok"


def test_of_a_moving_camera_the_pose_is_that_of_the_image(mounting):
    for milliseconds in (0, 100, 200):
        mounting._buffer.set_transform(transform(milliseconds / 1000, milliseconds), "test")
    assert x_at(mounting, 150) == pytest.approx(0.15)
    assert x_at(mounting, 100) == pytest.approx(0.1)


def test_a_transform_that_is_a_little_late_is_not_waited_for(mounting):
    for milliseconds in (0, 100):
        mounting._buffer.set_transform(transform(milliseconds / 1000, milliseconds), "test")
    assert x_at(mounting, 190) == pytest.approx(0.1)
    assert x_at(mounting, 210) is None
    assert "extrapolation" in mounting.state.lower()


def test_a_chain_of_frames_is_followed(mounting):
    mounting._buffer.set_transform_static(transform(0.5, child="head"), "test")
    link = transform(0.25)
    link.header.frame_id = "head"
    mounting._buffer.set_transform_static(link, "test")
    assert x_at(mounting, 0) == 0.75


def test_a_leading_slash_is_ignored(mounting):
    mounting._buffer.set_transform_static(transform(0.5), "test")
    assert x_at(mounting, 0, "/base", "/camera") == 0.5


@pytest.mark.parametrize(
    "base, camera, reason",
    [
        ("base", "unknown", "from base to unknown"),
        ("", "camera", "child_frame_id in odom"),
        ("base", "", "frame_id in the images"),
        ("/", "camera", "child_frame_id in odom"),
        ("camera", "camera", "not needed: odom is the pose of camera"),
        ("a b\n", "c//d", "from a b"),
        ("base\0", "camera", "null character"),
        ("base", "camera\0", "null character"),
    ],
)
def test_what_is_not_known_gives_no_pose_and_a_reason(mounting, base, camera, reason):
    assert x_at(mounting, 0, base, camera) is None
    assert reason in mounting.state


@pytest.mark.parametrize("x", [1e10, float("inf"), float("nan")])
def test_a_transform_that_no_robot_has_gives_no_pose(mounting, x):
    """A keyframe with such a pose would be refused."""
    mounting._buffer.set_transform_static(transform(x), "test")
    assert x_at(mounting, 0) is None
    assert mounting.state != "ok"


def test_a_loop_of_frames_gives_no_pose(mounting):
    mounting._buffer.set_transform_static(transform(0.5), "test")
    back = transform(0.5, child="base")
    back.header.frame_id = "camera"
    mounting._buffer.set_transform_static(back, "test")
    assert x_at(mounting, 0, "base", "other") is None


def test_without_tf2_ros_the_reason_is_reported(monkeypatch):
    monkeypatch.setitem(sys.modules, "tf2_ros", None)
    mounting = Mounting(True)
    assert x_at(mounting, 0) is None
    assert mounting.state.startswith("tf2_ros cannot be imported")


def test_switched_off_nothing_is_looked_up(monkeypatch):
    monkeypatch.setitem(sys.modules, "tf2_ros", None)
    mounting = Mounting(False)
    assert x_at(mounting, 0) is None
    assert mounting.state == "not used"
