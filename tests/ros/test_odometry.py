"""Odometry as a node receives it: bad poses, late ones, and none."""

import time

import pytest
from diagnostic_msgs.msg import DiagnosticStatus

from tests.ros.camera import PARAMETERS, THERE, Camera, Diagnostics, stored, to_image
from tests.ros.rig import Rig

NAN = float("nan")
ZERO = (0.0, 0.0, 0.0, 0.0)


def see(rig, number):
    """Publish an image 0.1 s after the one before, without waiting for its result."""
    rig.camera.now += 0.1
    rig.camera.publish(to_image(THERE[number % len(THERE)], rig.camera.now))
    time.sleep(0.1)  # else the next one replaces it in the queue


def test_a_first_pose_of_nan_does_not_end_keyframes(ros, start_node, tmp_path):
    path = str(tmp_path / "map.db")
    node = start_node(map_path=path, min_motion_m=1.0, **PARAMETERS)
    rig, diagnostics = Rig(ros), Diagnostics(ros)
    for number, image in enumerate(THERE):
        rig.publish(image, odometry=NAN if number == 0 else 2.0 * number)
    level, message, _ = diagnostics.wait({"poses that cannot be used": 1})
    assert (level, "1 poses that cannot be used" in message) == (DiagnosticStatus.WARN, True)
    assert node.stop() == 0
    assert [pose and pose[0] for *_, pose in stored(path)] == [None, *(2.0 * n for n in range(1, 12))]


def test_a_standing_robot_without_orientation_makes_one_keyframe(ros, start_node):
    start_node(min_motion_m=1.0, min_rotation_rad=0.3, **PARAMETERS)
    rig, diagnostics = Rig(ros), Diagnostics(ros)
    for number in range(12):
        orientation = ZERO if number % 2 else (0.0, 0.0, 1.5, 1.5)
        rig.publish_odometry(rig.camera.now + 0.1, 5.0, orientation)
        see(rig, number)
    values = diagnostics.next()
    assert values["keyframes"] == "1"
    assert int(values["not moved"]) + int(values["dropped"]) == 11


def test_an_image_waits_for_its_pose(ros, start_node, tmp_path):
    path = str(tmp_path / "map.db")
    node = start_node(map_path=path, **PARAMETERS)
    rig = Rig(ros)
    rig.publish(THERE[0], odometry=1.0)
    rig.camera.now += 1.0
    rig.camera.publish(to_image(THERE[1], rig.camera.now))
    time.sleep(0.02)
    rig.publish_odometry(rig.camera.now, 2.0)
    rig.camera.result(rig.camera.now)
    assert node.stop() == 0
    assert [pose[0] for *_, pose in stored(path)] == [1.0, 2.0]


REASONS = {
    "missing": "nothing was received on /odom",
    "stopped": "the newest pose on /odom is",
    "stamped 1 s early": "s older than the image",
    "of another clock": "s older than the image",
}


@pytest.mark.parametrize("kind", REASONS)
def test_picking_by_motion_without_poses_is_reported_within_10_seconds(ros, start_node, kind):
    node = start_node(min_motion_m=1.0, **PARAMETERS)
    rig, diagnostics = Rig(ros), Diagnostics(ros)
    offset = {"stamped 1 s early": 1.0, "of another clock": 990.0}.get(kind, 0.0)
    if kind == "stopped":
        rig.publish(THERE[0], odometry=0.0)
        rig.camera.now += 1.0
    for number in range(12):
        if offset:
            rig.publish_odometry(rig.camera.now + 0.1 - offset, 0.0)
        see(rig, number)
    diagnostics.wait_message("; keyframes are picked by rate, not by motion", DiagnosticStatus.WARN)
    diagnostics.wait_message(REASONS[kind], DiagnosticStatus.WARN)
    values = diagnostics.next()
    assert int(values["keyframes"]) + int(values["dropped"]) >= 12
    assert int(values["images without a pose"]) + int(values["dropped"]) >= 12
    assert node.log.count("keyframes are picked by rate") == 1


def test_a_topic_of_odometry_without_a_publisher_is_named(ros, start_node):
    start_node(min_motion_m=1.0, **PARAMETERS)
    camera, diagnostics = Camera(ros), Diagnostics(ros)
    for image in THERE[:4]:
        assert camera.publish_and_wait(image).query_id > 0
    diagnostics.wait_message("nothing is published on /odom, remap odom", DiagnosticStatus.WARN)
