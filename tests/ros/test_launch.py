"""The launch files together with roslaunch, rosbag and rostopic."""

import glob
import os
import sys

import cv2
import pytest
import rosbag
import rospy

from place_recognition_ros.msg import LoopCandidate, LoopCandidates
from place_recognition_ros.srv import Relocalize
from tests.ros.camera import BACK, NODE, PARAMETERS, THERE, Diagnostics, stored, to_compressed, to_image

CLIP = os.path.join("ie_tower", "images", "floor21", "f21_central_main_frame_*.webp")


@pytest.fixture
def roslaunch(start_process, ros):
    """``roslaunch(name, **arguments)`` starts a launch file and waits for the node → Process."""

    def launch(name, **arguments):
        python = "python:=" + sys.executable
        words = [f"{key}:={value}" for key, value in arguments.items()]
        process = start_process(["roslaunch", "place_recognition_ros", name, python, *words])
        rospy.wait_for_service("relocalize", 30)
        return process

    return launch


@pytest.fixture
def config(tmp_path):
    """A parameter file."""
    path = tmp_path / "config.yaml"
    path.write_text("".join(f"{name}: {value}\n" for name, value in PARAMETERS.items()))
    return path


def write_bag(path, topic, messages, period):
    """Write a bag with a message every ``period`` seconds; header stamps are kept. Returns its path."""
    with rosbag.Bag(str(path), "w") as bag:
        for row, message in enumerate(messages):
            bag.write(topic, message, rospy.Time.from_sec(1.0 + row * period))
    return str(path)


@pytest.fixture
def loop_bag(tmp_path):
    """A bag whose last three images revisit the first places."""
    messages = [to_image(image, 1000 + row) for row, image in enumerate(THERE + BACK)]
    return write_bag(tmp_path / "loop.bag", "/camera/image", messages, 0.1)


def test_desktop_launch_publishes_candidates_while_a_bag_plays(
    ros, roslaunch, start_process, config, loop_bag, tmp_path
):
    path = tmp_path / "map.db"
    launched = roslaunch("desktop.launch", image="/camera/image", map_path=path, config=config)
    echo = start_process(["rostopic", "echo", "/loop_candidates"])
    loops = ros.subscribe("loop_candidates", LoopCandidates)
    bag = start_process(["rosbag", "play", "--quiet", "--wait-for-subscribers", loop_bag])
    first = loops.wait_for(lambda each: True, 20)
    assert bag.wait(20) == 0
    assert first.candidates[0].match_id in (1, 2, 3)
    echo.stop()
    assert f"match_id: {first.candidates[0].match_id}" in echo.log
    assert launched.stop(timeout=20) == 0
    assert len(stored(str(path))) == len(THERE + BACK)


def test_each_repetition_of_a_bag_is_a_new_session(ros, roslaunch, start_process, config, loop_bag):
    roslaunch("desktop.launch", image="/camera/image", map_path="none", config=config)
    loops = ros.subscribe("loop_candidates", LoopCandidates)
    start_process(["rosbag", "play", "--quiet", "--wait-for-subscribers", "--loop", loop_bag])
    for session in (2, 3):
        result = loops.wait_for(lambda each, now=session: each.candidates[0].query_session == now, 20)
        assert result.candidates[0].kind == LoopCandidate.KIND_INTER_SESSION
        assert result.candidates[0].match_session < session


def test_tx2_launch_starts(ros, roslaunch):
    launched = roslaunch("tx2.launch", map_path="none", backend="onnx")  # no GPU here
    assert "no usable keyframe has arrived" in ros.call("relocalize", Relocalize).message
    assert Diagnostics(ros).next()["keyframes in the map"] == "0"
    assert launched.stop(timeout=20) == 0


def test_a_revisit_in_a_bag_of_real_images_is_found(ros, roslaunch, start_process, shared_data, tmp_path):
    """The camera pans by 360°, one image per second; the 12th image shows the view of the first."""
    files = sorted(glob.glob(os.path.join(shared_data, CLIP)))
    messages = [to_compressed(cv2.imread(name), 1 + row) for row, name in enumerate(files[:16])]
    bag = write_bag(tmp_path / "clip.bag", "/camera/image/compressed", messages, 0.2)
    roslaunch("desktop.launch", compressed="/camera/image/compressed", map_path="none")
    queries = ros.subscribe(NODE + "/queries", LoopCandidates)
    loops = ros.subscribe("loop_candidates", LoopCandidates)
    start_process(["rosbag", "play", "--quiet", "--wait-for-subscribers", bag])
    queries.wait(len(messages), 30)
    found = {(each.header.stamp.secs, each.candidates[0].match_stamp.secs) for each in loops.messages}
    assert (12, 1) in found
    assert all(10 <= query - match <= 14 for query, match in found), found
