"""The poses of SLAM systems, through their launch files, become poses of the camera."""

import os
import sys
import time

import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped, TwistStamped
from nav_msgs.msg import Odometry
from sensor_msgs.msg import Image

from benchmarks.scenes import HEIGHT, WIDTH, Place
from examples.pose_graph import rigid
from place_recognition_ros.memory import schema
from place_recognition_ros.memory.map_reader import MapReader
from place_recognition_ros.msg import LoopCandidates
from place_recognition_ros.types import Camera
from tests.examples.messages import to_pose, to_transform
from tests.examples.paths import MOUNTING
from tests.ros.camera import FRAME, changed, to_image
from tests.ros.conftest import ROOT, wait_until

ADAPTER = [sys.executable, os.path.join(ROOT, "nodes", "camera_odometry")]
IMAGE = Place(3).image()


def test_the_pose_of_the_camera_of_orb_slam3_becomes_odometry_of_the_camera(ros, start_process):
    process = start_process([*ADAPTER, "pose:=/orb_slam3/camera_pose"])
    odometry = ros.subscribe("camera_odometry/odom", Odometry)
    poses = ros.publisher("/orb_slam3/camera_pose", PoseStamped)
    poses.publish(to_pose(PoseStamped, 10**9, "world"))
    wait_until(lambda: "no image has come" in process.log, 10, lambda: process.log)
    images = ros.publisher("image", Image)
    images.publish(to_image(IMAGE, 1.0))
    wait_until(lambda: not images.get_num_connections(), 10, "the end of the subscription of images")
    poses.publish(to_pose(PoseStamped, 2 * 10**9, "world", (1, 2, 3)))
    received = odometry.wait(1)[0]
    assert (received.header.frame_id, received.child_frame_id) == ("world", FRAME)
    assert received.header.stamp.to_nsec() == 2 * 10**9
    assert received.pose.pose == to_pose(PoseStamped, 0, "", (1, 2, 3)).pose


def test_a_pose_of_another_type_is_refused_by_name(ros, start_process):
    process = start_process(ADAPTER)
    ros.publisher("pose", TwistStamped).publish(TwistStamped())
    wait_until(lambda: "Received: geometry_msgs/TwistStamped" in process.log, 10, lambda: process.log)


SYSTEMS = {
    "openvins": ("/ov_msckf/odomimu", Odometry, "imu"),
    "odometry": ("/Odometry", Odometry, "body"),  # FAST-LIO
    "orb_slam3": ("/orb_slam3/camera_pose", PoseStamped, None),
}
"""Launch file → its topic of poses, their type, and the frame whose pose it is; None: the camera's."""


def test_the_poses_of_each_system_become_those_of_the_camera(ros, start_process, tmp_path):
    tf_messages = pytest.importorskip("tf2_msgs.msg", reason="needs tf2_msgs")
    values = {"map_path": f"{tmp_path}/$.db", "image": "/image", "python": sys.executable}
    arguments = "".join(f'<arg name="{key}" value="{value}"/>' for key, value in values.items())
    found = "$(find place_recognition_ros)/launch/connect/$.launch"
    include = f'<include ns="$" file="{found}">{arguments}</include>'
    files = "".join(include.replace("$.", f"{name}.").replace('"$"', f'"{name}"') for name in SYSTEMS)
    (tmp_path / "all.launch").write_text(f"<launch>{files}</launch>")
    launched = start_process(["roslaunch", str(tmp_path / "all.launch")])
    mountings = ros.publisher("/tf_static", tf_messages.TFMessage, latch=True, connected=False)
    tree = [to_transform("imu", "body", np.eye(4)), to_transform("body", FRAME, MOUNTING)]
    mountings.publish(tf_messages.TFMessage(tree))
    poses = {topic: ros.publisher(topic, kind) for topic, kind, _ in SYSTEMS.values()}
    queries = [ros.subscribe(f"/{name}/place_recognition/queries", LoopCandidates) for name in SYSTEMS]
    odometry = ros.subscribe("/orb_slam3/camera_odometry/odom", Odometry)
    images = ros.publisher("/image", Image)
    wait_until(lambda: images.get_num_connections() == 4, 40, lambda: launched.log)
    for second in (1, 2):  # with the first image camera_odometry learns the frame of the camera
        for topic, kind, frame in SYSTEMS.values():
            pose = to_pose(kind, second * 10**9, "world", (second, 0, 0))
            poses[topic].publish(changed(pose, child_frame_id=frame) if frame else pose)
        odometry.wait(second - 1)
        time.sleep(0.1)  # nothing tells when the nodes have the poses
        images.publish(to_image(Place(second).image(), float(second)))
        for received in queries:
            received.wait(second, 20)
        wait_until(lambda: images.get_num_connections() == 3, 10, "the end of a subscription")
    assert launched.stop(timeout=30) == 0
    for name, (*_, frame) in SYSTEMS.items():
        found = poses_of_cameras(tmp_path / f"{name}.db")[-1]
        assert found is not None, name
        expected = rigid([2, 0, 0], [0, 0, 0, 1]) @ (MOUNTING if frame else np.eye(4))
        assert np.allclose(found.position, expected[:3, 3]), name
        assert np.allclose(found.rotation.as_matrix(), expected[:3, :3]), name


def poses_of_cameras(path):
    """The poses of the camera at the keyframes of a map."""
    with MapReader(str(path)) as reader:
        camera = Camera(WIDTH, HEIGHT, FRAME)
        rows = [row[:7] for row in reader.whole_keyframes()]
    return [
        schema.in_camera(schema.unpack_pose(row[3]), row[4], schema.unpack_pose(row[6]), camera)
        for row in rows
    ]
