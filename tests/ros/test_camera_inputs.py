"""camera_info, depth and tf, as a node receives them."""

import os
import sqlite3
import struct

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import PoseWithCovarianceStamped

from benchmarks.scenes import FOCAL_LENGTH, Place
from tests.ros.camera import BACK, NODE, PARAMETERS, THERE, changed, to_depth
from tests.ros.rig import HEIGHT, WIDTH, K, Rig, flat, info, static_transform

MEASURING_NODE = os.path.join(os.path.dirname(__file__), "measuring_node.py")
NAN = float("nan")


def rows(path, query):
    connection = sqlite3.connect(path)
    found = connection.execute(query).fetchall()
    connection.close()
    return found


def depths(path):
    """Keyframe id → median depth of its features, metres; NaN: not known."""
    found = {}
    for number, features in rows(path, "SELECT id, features FROM views"):
        depth = np.frombuffer(features, np.dtype([("point", "<f4", 2), ("depth", "<f4"), ("rest", "u1", 32)]))
        known = depth["depth"][np.isfinite(depth["depth"])]
        found[number] = float(np.median(known)) if len(known) else NAN
    return found


def test_the_pose_in_the_message_and_in_the_world_comes_from_camera_info_depth_odometry_and_tf(
    ros, start_node, tmp_path
):
    path = str(tmp_path / "map.db")
    node = start_node(program=MEASURING_NODE, map_path=path, **PARAMETERS)
    rig = Rig(ros)
    static_transform(ros)
    poses = ros.subscribe(NODE + "/pose", PoseWithCovarianceStamped)
    rig.publish(THERE[0], info(), flat(2.0), odometry=10.0)
    rig.wait(tf="ok", camera_info="ok", depth="100 %")
    for number, image in enumerate(THERE[1:]):
        rig.publish(image, info(), flat(2.0), odometry=11.0 + number)
    result = rig.publish(BACK[0], info([310.0, *K[1:4], 310, *K[5:]]), flat(3.0), odometry=11.0)
    found = next(each for each in result.candidates if each.match_id == 1)
    assert (found.pose_valid, found.scale_known, found.reason) == (True, True, 0)
    position = found.pose_match_query.pose.position
    assert (position.x, position.y, position.z) == pytest.approx((310.0, 3.0, 2.0), abs=1e-6)
    pose = poses.wait_for(lambda each: each.header.stamp == result.header.stamp)
    assert pose.header.frame_id == "odom"
    # right, down, forward of the match camera are −y, −z, x of the world; it is 0.5 m ahead of the robot
    position = pose.pose.pose.position
    assert (position.x, position.y, position.z) == pytest.approx((10.5 + 2, -310.0, -3.0), abs=1e-6)
    assert np.diag(np.reshape(pose.pose.covariance, (6, 6))) == pytest.approx([3, 1, 2, 6, 4, 5])
    rig.wait(camera_info="ok; changed 1 times")
    assert node.stop() == 0
    cameras = [struct.unpack("<9d", each)[0] for (each,) in rows(path, "SELECT intrinsics FROM cameras")]
    assert cameras == [300.0, 310.0]
    assert set(depths(path).values()) == {2.0, 3.0}


def test_a_map_recorded_with_depth_gives_a_later_camera_without_depth_its_depth(ros, start_node, tmp_path):
    path = str(tmp_path / "map.db")
    first = start_node(program=MEASURING_NODE, map_path=path, **PARAMETERS)
    rig = Rig(ros)
    for image in THERE:
        rig.publish(image, info(), flat(2.0))
    assert first.stop() == 0
    start_node(program=MEASURING_NODE, map_path=path, **PARAMETERS)
    again = Rig(ros)
    again.camera.now = 2000.0
    found = again.publish(THERE[0], info()).candidates[0]
    position = found.pose_match_query.pose.position
    assert (found.match_id, position.y, position.z) == (1, 0.0, 2.0)


RIGHT, FORWARD = 0.2, 0.2  # metres: where the images of BACK were taken
CALIBRATION = [FOCAL_LENGTH, 0, WIDTH / 2, 0, FOCAL_LENGTH, HEIGHT / 2, 0, 0, 1]


def test_the_measured_pose_of_a_revisit_is_metric(ros, start_node):
    start_node(max_depth_m=20.0, **PARAMETERS)
    rig = Rig(ros)
    static_transform(ros)
    poses = ros.subscribe(NODE + "/pose", PoseWithCovarianceStamped)
    for number, image in enumerate(THERE):
        rig.publish(image, info(CALIBRATION), Place(number).depth(), odometry=float(number))
    rig.wait(tf="ok")
    result = rig.publish(BACK[0], info(CALIBRATION), Place(0).depth(RIGHT, FORWARD), odometry=0.0)
    found = result.candidates[0]
    assert (found.match_id, found.reason, found.pose_valid, found.scale_known) == (1, 0, True, True)
    position = found.pose_match_query.pose.position
    assert (position.x, position.y, position.z) == pytest.approx((RIGHT, 0.0, FORWARD), abs=0.06)
    pose = poses.wait_for(lambda each: each.header.stamp == result.header.stamp).pose
    position = pose.pose.position
    assert (position.x, position.y, position.z) == pytest.approx((0.5 + FORWARD, -RIGHT, 0.0), abs=0.06)
    deviation = np.sqrt(np.diag(np.reshape(pose.covariance, (6, 6))))
    assert (deviation > 0).all()
    assert deviation.max() < 0.1


def test_the_pose_of_a_revisit_without_depth_is_up_to_scale(ros, start_node):
    start_node(**PARAMETERS)
    rig = Rig(ros)
    poses = ros.subscribe(NODE + "/pose", PoseWithCovarianceStamped)
    for number, image in enumerate(THERE):
        rig.publish(image, info(CALIBRATION), odometry=float(number))
    found = rig.publish(BACK[0], info(CALIBRATION), odometry=12.0).candidates[0]
    assert (found.match_id, found.pose_valid, found.scale_known) == (1, True, False)
    position = found.pose_match_query.pose.position
    direction = np.array([position.x, position.y, position.z])
    assert np.linalg.norm(direction) == pytest.approx(1.0)
    assert direction @ (np.sqrt(0.5), 0, np.sqrt(0.5)) > np.cos(np.radians(30))
    assert poses.messages == []


def test_all_inputs_are_optional(ros, start_node):
    start_node(**PARAMETERS)
    rig = Rig(ros)
    result = [rig.publish(image) for image in (*THERE, BACK[0])][-1]
    assert result.candidates[0].reason == 0
    assert not result.candidates[0].pose_valid
    level, message = rig.wait(camera_info="missing", depth="missing", tf="no odom")
    assert (level, message) == (DiagnosticStatus.OK, "ok")


HOSTILE_INFOS = {
    "K of the form": {"K": [0.0] * 9},
    "Received: [nan": {"K": [NAN] * 9},
    "focal lengths": {"K": [-1.0, *K[1:]]},
    "principal point": {"K": [*K[:2], 1e9, *K[3:]]},
    "the width of the image": {"width": WIDTH + 1},
    "the height of the image": {"height": 10 * HEIGHT},
    "a size of the camera": {"width": 0},
    "distortion models": {"distortion_model": "no such model"},
    "numbers in D": {"D": [0.1, 0.2]},
    "finite numbers in D": {"D": [NAN] * 5},
    "binning 3": {"binning_x": 3},
}


def test_a_camera_info_that_cannot_be_used_is_reported_and_the_images_are_used(ros, start_node, tmp_path):
    path = str(tmp_path / "map.db")
    node = start_node(map_path=path, **PARAMETERS)
    rig = Rig(ros)
    for (reason, fields), image in zip(HOSTILE_INFOS.items(), THERE):
        assert rig.publish(image, info(**fields)).query_id > 0
        level, message = rig.wait(camera_info=reason)
        assert level == DiagnosticStatus.WARN
        assert message.startswith("camera_info: expected")
        assert f"camera_info cannot be used: {message[len('camera_info: ') :].split('.')[0]}" in node.log
    rig.publish(THERE[11], info())
    assert rig.wait(camera_info="ok") == (DiagnosticStatus.OK, "ok")
    assert node.stop() == 0
    query = (
        "SELECT k.id, c.intrinsics IS NULL FROM keyframes k JOIN cameras c ON k.camera = c.id ORDER BY k.id"
    )
    assert rows(path, query) == [*((number, 1) for number in range(1, 12)), (12, 0)]


def cut(message):
    return changed(message, data=message.data[:-1])


HOSTILE_DEPTHS = {
    "one of the encodings 16UC1, mono16, 32FC1": lambda: to_depth(flat(2.0), 0, encoding="rgb8"),
    "aspect ratio": lambda: to_depth(np.ones((HEIGHT, 2 * WIDTH), np.float32), 0),
    "step · ": lambda: cut(to_depth(flat(2.0), 0)),
    "Received: step=7": lambda: to_depth(flat(2.0), 0, step=7),
    "expected 1 to": lambda: to_depth(flat(2.0), 0, height=0),
    "Received: width=4294967295": lambda: to_depth(flat(2.0), 0, width=2**32 - 1),
}


def test_a_depth_image_that_cannot_be_used_is_reported_and_the_images_are_used(ros, start_node, tmp_path):
    path = str(tmp_path / "map.db")
    node = start_node(map_path=path, **PARAMETERS)
    rig = Rig(ros)
    for (reason, make), image in zip(HOSTILE_DEPTHS.items(), THERE):
        assert rig.publish(image, depth=changed(make())).query_id > 0
        level, message = rig.wait(depth=reason)
        assert (level, message[:6]) == (DiagnosticStatus.WARN, "depth:")
    rig.publish(THERE[10], depth=to_depth(flat(2.0), rig.camera.now - 500.0))
    rig.wait(depth="no depth image at the stamps of the images")
    values = np.where(np.arange(WIDTH) % 2, NAN, np.inf).astype(np.float32) * flat(1.0)
    rig.publish(THERE[11], depth=values)  # a valid message without a valid pixel
    rig.publish(BACK[0], depth=np.full((HEIGHT // 2, WIDTH // 2), 1500, np.uint16))
    assert rig.wait(depth="%") == (DiagnosticStatus.OK, "ok")
    assert node.stop() == 0
    known = {number: depth for number, depth in depths(path).items() if np.isfinite(depth)}
    assert known == pytest.approx({len(HOSTILE_DEPTHS) + 3: 1.5})


def test_a_fault_with_other_numbers_each_time_is_logged_once(ros, start_node):
    node = start_node(**PARAMETERS)
    rig = Rig(ros)
    for step, image in zip((5, 6, 7), THERE):
        rig.publish(image, depth=changed(to_depth(flat(2.0), 0, step=step, width=WIDTH + step)))
        rig.wait(depth=f"Received: step={step}")
    assert node.stop() == 0
    assert node.log.count("depth cannot be used: expected step") == 1


def test_an_image_waits_for_its_depth(ros, start_node, tmp_path):
    path = str(tmp_path / "map.db")
    node = start_node(map_path=path, **PARAMETERS)
    rig = Rig(ros)
    rig.publish(THERE[0], depth=flat(2.0))
    for image in THERE[1:6]:
        rig.publish_late(image, flat(3.0), seconds=0.02)
    assert node.stop() == 0
    found = [each for number, each in sorted(depths(path).items())]
    assert found[0] == 2.0
    assert found.count(3.0) >= 4, "an image may miss its depth where the machine is busy"


def test_images_whose_depth_never_comes_do_not_wait_for_ever(ros, start_node):
    start_node(**PARAMETERS)
    rig = Rig(ros)
    rig.publish(THERE[0], depth=flat(2.0))
    for image in THERE[1:]:
        assert rig.publish(image).query_id > 0
    rig.wait(depth="8 %")


def stored_mountings(path):
    found = rows(path, "SELECT base_to_camera FROM keyframes ORDER BY id")
    return [each and struct.unpack("<7d", each) for (each,) in found]


def test_without_tf_the_mounting_is_not_known_until_it_is_published(ros, start_node, tmp_path):
    path = str(tmp_path / "map.db")
    node = start_node(map_path=path, **PARAMETERS)
    rig = Rig(ros)
    rig.publish(THERE[0], odometry=1.0)
    level, message = rig.wait(tf="from base_link to camera_optical:")
    assert (level, message) == (DiagnosticStatus.OK, "ok")
    static_transform(ros)
    for number in range(1, 6):
        rig.publish(THERE[number], odometry=float(number))
    rig.wait(tf="ok")
    rig.publish(THERE[6])
    assert node.stop() == 0
    first, *_, fifth, last = stored_mountings(path)
    assert (first, last) == (None, None), "the last one has no odometry"
    assert fifth == (0.5, 0, 0, -0.5, 0.5, -0.5, 0.5)


def test_tf_can_be_switched_off(ros, start_node, tmp_path):
    path = str(tmp_path / "map.db")
    node = start_node(map_path=path, use_tf=False, **PARAMETERS)
    rig = Rig(ros)
    rig.publish(THERE[0], odometry=1.0)
    rig.wait(tf="not used")
    assert node.stop() == 0
    assert stored_mountings(path) == [None]
