"""The checks of the doctor, each on an observation with one fault; no node and no master is needed."""

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus, KeyValue
from nav_msgs.msg import Odometry
from rosgraph_msgs.msg import Log

from place_recognition_ros.ros.doctor import file_checks, image_checks, node_checks, pose_checks, topic_checks
from place_recognition_ros.ros.doctor import graph as graphs
from place_recognition_ros.ros.doctor.__main__ import findings
from place_recognition_ros.ros.doctor.decision_checks import check_parameters, check_thresholds
from place_recognition_ros.ros.doctor.graph import (
    CAMERA_INFO,
    COMPRESSED,
    IMAGE,
    ODOMETRY,
    Graph,
    Inputs,
    Node,
)
from place_recognition_ros.ros.doctor.listener import Observation, Recording
from place_recognition_ros.types import Count
from tests.ros.camera import THERE, to_camera_info, to_depth, to_image, to_time

NODE = "/place_recognition"
TOPICS = {"/keyframe": IMAGE, "/depth": IMAGE, "/camera_info": CAMERA_INFO, "/odom": ODOMETRY}
K = [300.0, 0, 160, 0, 300, 120, 0, 0, 1]
STAMPS = [100.0 + 0.1 * row for row in range(10)]  # seconds


def observation(topics=None, subscribed=None, publishers=None, types=None, parameters=None, **more):
    """What was observed of a node; ``topics``: name → messages."""
    recordings = {}
    for topic, messages in (topics or {}).items():
        recordings[topic] = Recording()
        for message in messages:
            recordings[topic].take(message)
    subscribed = TOPICS if subscribed is None else subscribed
    node = Node(NODE, True, True, True, subscribed, parameters or {})
    publishers = {topic: ["/driver"] for topic in recordings} if publishers is None else publishers
    graph = Graph(publishers, more.pop("subscribers", {}), {**TOPICS, **(types or {})}, False, [node])
    values = {
        "seconds": 1.0,
        "now": 101 * 10**9,
        "clock": [],
        "reports": [],
        "log": [],
        "queries": Recording(),
    }
    return Observation(graph=graph, node=node, topics=recordings, **{**values, **more})


def images(stamps=STAMPS):
    return [to_image(THERE[0], stamp) for stamp in stamps]


def poses(xs, shift=0.0, **orientation):
    """Odometry at the stamps of the images."""
    for stamp, x in zip(STAMPS, xs):
        message = Odometry(child_frame_id="base_link")
        message.header.stamp = to_time(stamp + shift)
        message.pose.pose.position.x = x
        message.pose.pose.orientation.w = orientation.get("w", 1.0)
        yield message


@pytest.mark.parametrize(
    "subscribed, expected",
    [
        (TOPICS, Inputs("/keyframe", "", "/camera_info", "/depth", "/odom")),
        (
            {"/rgb": IMAGE, "/d/depth_raw": IMAGE, NODE + "/mask": IMAGE},
            Inputs("/rgb", "", "", "/d/depth_raw"),
        ),
        ({"/camera/depth": IMAGE, "/depth": IMAGE}, Inputs("/camera/depth", "", "", "/depth")),
        ({"/a": IMAGE, "/z": IMAGE, "/masks/robot": IMAGE, "/c": COMPRESSED}, Inputs("/a", "/c", "", "/z")),
        ({}, Inputs()),
    ],
)
def test_which_topic_is_what(subscribed, expected):
    assert Node(NODE, True, True, True, subscribed, {}).inputs == expected


def test_all_is_in_order():
    topics = {
        "/keyframe": images(),
        "/camera_info": [to_camera_info(K, 320, 240)],
        "/depth": [to_depth(np.ones((240, 320), np.float32), stamp) for stamp in STAMPS],
        "/odom": list(poses(range(10))),
    }
    report = DiagnosticStatus(name=NODE + ": place recognition", message="2.0 keyframes/s")
    seen = observation(topics, reports=[report], parameters={"map_path": "none"})
    found = list(findings(seen.graph, [seen]))
    assert {each.name for each in found if each.level != "OK"} == {"map"}, found
    assert {"depth alignment", "odometry", "stamps", "image content", "/diagnostics"} < {
        each.name for each in found
    }


FAULTS = [
    (
        topic_checks.check_image_topic,
        {"topics": {}, "publishers": {}, "types": {"/cam": IMAGE}},
        "ERROR",
        "no images",
    ),
    (
        topic_checks.check_image_topic,
        {"topics": {"/keyframe": images()}, "types": {"/keyframe": COMPRESSED}},
        "ERROR",
        "/keyframe is a sensor_msgs/CompressedImage, and the node expects a sensor_msgs/Image",
    ),
    (
        topic_checks.check_image_topic,
        {"topics": {}, "publishers": {"/keyframe": ["/driver"]}},
        "ERROR",
        "/keyframe: no image from /driver within 1 s",
    ),
    (
        topic_checks.check_image_topic,
        {"topics": {"/keyframe": images([0.0] * 3)}},
        "ERROR",
        "3 of 3 images have no stamp",
    ),
    (
        topic_checks.check_image_topic,
        {"topics": {"/keyframe": images([1.0, 2.0, 1.5, 2.5])}},
        "ERROR",
        "1 of 3 stamps are not newer",
    ),
    (
        topic_checks.check_image_topic,
        {"topics": {"/keyframe": images([50.0, 51.0])}},
        "WARN",
        "-50.0 s from ROS time",
    ),
    (
        topic_checks.check_optional_topics,
        {"publishers": {"/robot/odom": ["/driver"]}, "types": {"/robot/odom": ODOMETRY}},
        "WARN",
        "nothing is published on /odom, but on /robot/odom",
    ),
    (
        pose_checks.check_camera_info,
        {"topics": {"/keyframe": images(), "/camera_info": [to_camera_info(K, 640, 480)]}},
        "ERROR",
        "/camera_info cannot be that of the images on /keyframe: expected",
    ),
    (
        pose_checks.check_depth_images,
        {"topics": {"/keyframe": images(), "/depth": [to_depth(np.ones((240, 424), np.float32), 100.0)]}},
        "ERROR",
        "aspect ratio 320:240. Received: 424×240",
    ),
    (
        pose_checks.check_depth_images,
        {"topics": {"/keyframe": images(), "/depth": [to_depth(np.ones((240, 320), np.float32), 200.0)]}},
        "WARN",
        "for 0 % of the images within ±0.02 s; median +99.550 s",
    ),
    (
        pose_checks.check_odometry,
        {"topics": {"/odom": list(poses([0, 0, 500, 500]))}},
        "ERROR",
        "up to 5000 m/s",
    ),
    (
        pose_checks.check_odometry,
        {"topics": {"/odom": list(poses([0, 0], w=0.0))}},
        "ERROR",
        "quaternion of another",
    ),
    (
        pose_checks.check_odometry,
        {"topics": {"/keyframe": images(), "/odom": list(poses(range(10), shift=3600.0))}},
        "WARN",
        "for 0 % of the images within ±0.1 s; median",
    ),
    (check_thresholds, {"parameters": {"accept_confidence": 0.9999}}, "WARN", "recommended is 0.99"),
    (check_parameters, {"parameters": {"min_similarty": 0.5}}, "ERROR", "unknown parameter 'min_similarty'"),
    (
        check_parameters,
        {"parameters": {"top_k": 0}},
        "ERROR",
        "'top_k': expected a value from 1 to 1000",
    ),
    (check_thresholds, {"parameters": {"min_loop_interval_s": 600.0}}, "WARN", "the default is 10"),
    (file_checks.check_files, {"parameters": {"model": "/no/model.onnx"}}, "ERROR", "/no/model.onnx"),
    (
        node_checks.check_log,
        {"log": [Log(name=NODE, level=Log.FATAL, msg="ConfigError: x")]},
        "ERROR",
        "ConfigError: x",
    ),
    (node_checks.check_diagnostics, {"seconds": 5.0}, "ERROR", "no report of /place_recognition within 5 s"),
    (
        node_checks.check_diagnostics,
        {
            "reports": [
                DiagnosticStatus(
                    name=NODE + ": camera inputs", level=DiagnosticStatus.WARN, message="depth: x"
                )
            ]
        },
        "WARN",
        "camera inputs: depth: x",
    ),
]


@pytest.mark.parametrize("run, seen, level, words", FAULTS)
def test_a_fault_is_reported_with_its_fix(run, seen, level, words):
    (finding,) = [each for each in run(observation(**seen)) if each.level != "OK"]
    assert finding.level == level
    assert words in finding.found
    assert finding.fix


def test_too_many_features_are_needed():
    values = [KeyValue(key=Count.FEW_FEATURES.value, value=str(count)) for count in (3, 7)]
    reports = [
        DiagnosticStatus(name=NODE),
        *(DiagnosticStatus(name=NODE, values=[value]) for value in values),
    ]
    (finding,) = check_thresholds(observation(parameters={"min_features": 300}, reports=reports))
    assert finding.level == "ERROR"
    assert "min_features is 300, the default is 40: 7 images were not used" in finding.found


def test_a_node_that_was_killed_does_not_respond():
    seen = observation()
    killed = seen._replace(node=seen.node._replace(responds=False))
    (finding,) = node_checks.check_node(killed)
    assert (finding.level, finding.fix) == ("ERROR", "rosnode cleanup")


def test_without_a_node_the_command_that_starts_it_has_the_topic_of_the_camera():
    topics = {"/cam/depth/image": IMAGE, "/cam/rgb/image": IMAGE, "/cam/rgb/image/compressed": COMPRESSED}
    graph = Graph({topic: ["/driver"] for topic in topics}, {}, topics, False, [])
    (finding,) = findings(graph, [])
    assert finding.fix == "roslaunch place_recognition_ros desktop.launch image:=/cam/rgb/image"
    compressed = graph._replace(publishers={"/cam/rgb/image/compressed": ["/driver"]})
    assert graphs.images_argument(compressed) == "compressed:=/cam/rgb/image/compressed"


def test_a_check_that_raises_is_reported():
    seen = observation({"/odom": list(poses([0, 1]))})
    seen.topics["/odom"].samples[0].pose = None
    found = [each for each in findings(seen.graph, [seen]) if each.name == "check_odometry"]
    assert [each.level for each in found] == ["WARN"]
    assert "could not be checked" in found[0].found


@pytest.mark.parametrize(
    "image, expected",
    [
        (THERE[0], ""),
        (THERE[0] // 50, "dark"),
        (np.full((240, 320), 250, np.uint8), "overexposed"),
        (np.full((240, 320), 128, np.uint8), "without structure"),
    ],
)
def test_what_is_wrong_with_an_image(image, expected):
    assert image_checks.fault(image) == expected
