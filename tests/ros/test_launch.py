"""The launch files together with roslaunch, rosbag and rostopic."""

import glob
import os
import subprocess

import cv2
import pytest
import rosbag
import rosgraph
import rospy
import yaml

from place_recognition_ros.msg import LoopCandidate, LoopCandidates
from place_recognition_ros.srv import Relocalize
from tests.ros.camera import (
    BACK,
    NODE,
    PARAMETERS,
    THERE,
    Camera,
    Diagnostics,
    stored,
    to_compressed,
    to_image,
)
from tests.ros.conftest import ROOT

CLIP = os.path.join("ie_tower", "images", "floor21", "f21_central_main_frame_*.webp")

LAUNCH_FILES = sorted(os.path.basename(path) for path in glob.glob(os.path.join(ROOT, "launch", "*.launch")))
ASCII = {"LANG": "C", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
"""A locale without UTF-8, as Python 3.6 sees it where LANG is not set."""
TOPICS = {
    "image": "/cam/image",
    "compressed": "/cam/compressed",
    "camera_info": "/cam/info",
    "depth": "/cam/depth",
    "odom": "/base/odom",
    "tracking_ok": "/slam/ok",
    "tracked_features": "/slam/features",
    "mask": "/cam/mask",
}


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
    bag = write_bag(tmp_path / "clip.bag", "/camera/image/compressed", messages, 0.5)
    roslaunch("desktop.launch", compressed="/camera/image/compressed", map_path="none")
    queries = ros.subscribe(NODE + "/queries", LoopCandidates)
    loops = ros.subscribe("loop_candidates", LoopCandidates)
    start_process(["rosbag", "play", "--quiet", "--wait-for-subscribers", bag])
    queries.wait_for(lambda each: each.header.stamp == messages[-1].header.stamp, 60)
    loops.wait_for(lambda each: (each.header.stamp.secs, each.candidates[0].match_stamp.secs) == (12, 1), 5)
    found = {(each.header.stamp.secs, each.candidates[0].match_stamp.secs) for each in loops.messages}
    assert all(10 <= query - match <= 14 for query, match in found), found


@pytest.mark.parametrize(("name", "more"), [("desktop.launch", {}), ("tx2.launch", {"backend": "onnx"})])
def test_every_topic_that_the_node_subscribes_to_is_an_argument(ros, roslaunch, name, more):
    roslaunch(name, map_path="none", **TOPICS, **more)
    _, subscribers, _ = rosgraph.Master("/tests").getSystemState()
    subscribed = {topic for topic, nodes in subscribers if NODE in nodes}
    assert subscribed - {"/tf", "/tf_static", "/clock"} == set(TOPICS.values())


def run(command, **environment):
    """Exit status and output of a command; a variable that is None is not set."""
    environment = {**os.environ, **environment}
    env = {name: value for name, value in environment.items() if value is not None}
    ran = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return ran.returncode, ran.stdout.decode()


def including(folder, name, *arguments):
    """Path of a launch file that includes another one with these arguments."""
    given = "".join(f'<arg name="{argument}" value="/x"/>' for argument in arguments)
    path = folder / "including.launch"
    found = f"$(find place_recognition_ros)/launch/{name}"
    path.write_text(f'<launch><include file="{found}">{given}</include></launch>')
    return str(path)


@pytest.mark.parametrize("name", ["desktop.launch", "tx2.launch"])
def test_a_launch_file_that_includes_ours_cannot_misspell_an_argument(tmp_path, name):
    status, output = run(["roslaunch", "--nodes", including(tmp_path, name, *TOPICS)])
    assert (status, output.strip()) == (0, NODE)
    status, output = run(["roslaunch", "--nodes", including(tmp_path, name, "odm")])
    assert status != 0
    assert "unused args [odm]" in output


@pytest.mark.parametrize("name", LAUNCH_FILES)
def test_launch_files_load_in_an_ascii_locale_without_home(name):
    command = ["roslaunch", "--dump-params", "place_recognition_ros", name]
    status, output = run(command, HOME=None, **ASCII)
    assert status == 0, output
    assert yaml.safe_load(output) == yaml.safe_load(run(command)[1])


@pytest.mark.parametrize("name", ["default.yaml", "tx2.yaml"])
def test_configuration_files_load_in_an_ascii_locale(ros, name):
    path = os.path.join(ROOT, "config", name)
    status, output = run(["rosparam", "load", path, "/ascii"], **ASCII)
    assert status == 0, output
    with open(path, encoding="ascii") as file:
        assert rospy.get_param("/ascii") == yaml.safe_load(file)
    rospy.delete_param("/ascii")


def test_a_map_path_may_have_other_letters_than_ascii_in_an_ascii_locale(ros, start_node, tmp_path):
    path = tmp_path / "höhle 洞.db"
    node = start_node(env=ASCII, map_path=str(path), **PARAMETERS)
    result = Camera(ros).publish_and_wait(THERE[0], frame_id="kamera_höhle")
    assert node.stop() == 0
    assert f"Map: {path}" in node.log
    assert "Error" not in node.log
    assert [number for number, *_ in stored(str(path))] == [result.query_id]
