"""The package in a new catkin workspace: it is built, installed and started from the install space."""

import os
import subprocess
import sys

import pytest
import yaml
from nav_msgs.msg import Odometry, Path
from sensor_msgs.msg import Image

from place_recognition_ros.config import Config
from place_recognition_ros.srv import Relocalize

LAUNCH_FILES = ("desktop", "tx2", "demo")


def clean_environment():
    """The environment variables without those of a catkin workspace."""
    kept = ("PATH", "HOME", "ROS_MASTER_URI", "ROS_IP", "ROS_LOG_DIR")
    return {name: os.environ[name] for name in kept}


def run(command, setup):
    """Run a bash command in a clean environment after this setup script; returns its output."""
    result = subprocess.run(
        ["bash", "-c", f"source {setup} && {command}"],
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
        check=False,
    )
    output = result.stdout.decode()
    assert result.returncode == 0, output
    return output


@pytest.fixture(scope="module")
def install_space(ros_master, root, tmp_path_factory):
    """Setup script of a new install space."""
    workspace = tmp_path_factory.mktemp("workspace")
    (workspace / "src").mkdir()
    (workspace / "src" / "place_recognition_ros").symlink_to(root)
    noetic = "/opt/ros/noetic/setup.bash"
    base = noetic if os.path.exists(noetic) else "/dev/null"
    run(f"catkin_make -C {workspace} -DPYTHON_EXECUTABLE=/usr/bin/python3 install", base)
    return workspace / "install" / "setup.bash"


def test_config_launch_files_and_model_are_installed(install_space, root):
    share = install_space.parent / "share" / "place_recognition_ros"
    assert run("rospack find place_recognition_ros", install_space).strip() == str(share)
    for name in (
        "config/default.yaml",
        "launch/desktop.launch",
        "models/default.onnx",
        "models/default.json",
        "models/features.onnx",
        "models/features.json",
        "examples/bag_to_g2o",
        "examples/rtabmap/place_recognition_detector.py",
        "launch/connect/vins.launch",
    ):
        assert (share / name).is_file(), name
    programs = os.listdir(str(install_space.parent / "lib" / "place_recognition_ros"))
    assert set(os.listdir(os.path.join(root, "nodes"))) <= set(programs)


def test_the_tests_of_the_node_are_a_part_of_run_tests(install_space):
    targets = run(f"make -C {install_space.parent.parent}/build help", "/dev/null")
    assert "_run_tests_place_recognition_ros_pytest_ros" in targets


@pytest.mark.parametrize("name", LAUNCH_FILES)
def test_launch_files_set_valid_parameters(install_space, name):
    dump = yaml.safe_load(run(f"roslaunch --dump-params place_recognition_ros {name}.launch", install_space))
    prefix = "/place_recognition/"
    parameters = {key[len(prefix) :]: value for key, value in dump.items() if key.startswith(prefix)}
    assert Config(**parameters).values()["map_path"] == parameters["map_path"]


def test_the_installed_example_starts(install_space, ros, start_process):
    pytest.importorskip("gtsam", reason="needs requirements/examples.txt")
    pytest.importorskip("tf2_ros", reason="needs python3-tf2-ros")
    launch = (
        f"exec roslaunch place_recognition_ros pose_graph.launch python:={sys.executable} odom:=/robot/odom"
    )
    roslaunch = start_process(["bash", "-c", f"source {install_space} && {launch}"], clean_environment())
    ros.subscribe("corrected_path", Path)  # waits for the publisher
    ros.publisher("/robot/odom", Odometry)  # waits for the subscriber
    assert roslaunch.stop(timeout=30) == 0


def test_the_installed_node_starts(install_space, ros, start_process):
    command = f"source {install_space} && exec roslaunch place_recognition_ros demo.launch"
    roslaunch = start_process(["bash", "-c", command], clean_environment())
    ros.publisher("keyframe", Image)  # waits for the subscriber
    assert "no usable keyframe" in ros.call("relocalize", Relocalize).message
    assert roslaunch.stop(timeout=30) == 0
