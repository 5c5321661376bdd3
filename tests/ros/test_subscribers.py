"""The subscribers of docs/, in Python and in C++, receive what the node publishes."""

import os
import re
import shutil
import subprocess
import sys

import pytest
import rosgraph

from tests.ros.camera import BACK, PARAMETERS, THERE, Camera
from tests.ros.conftest import wait_until

PKG_CONFIG = "pkg-config"


@pytest.fixture(scope="module")
def listener(root, tmp_path_factory):
    """The compiled program."""
    found = shutil.which(PKG_CONFIG) and subprocess.call([PKG_CONFIG, "--exists", "roscpp"]) == 0
    if not found or not shutil.which("g++"):
        pytest.skip("needs g++ and roscpp (Debian: libroscpp-dev)")
    flags = subprocess.check_output([PKG_CONFIG, "--cflags", "--libs", "roscpp"]).decode().split()
    workspaces = os.environ["CMAKE_PREFIX_PATH"].split(os.pathsep)
    program = str(tmp_path_factory.mktemp("cpp") / "loop_listener")
    source = os.path.join(root, "docs", "examples", "loop_listener.cpp")
    include = ["-I" + os.path.join(folder, "include") for folder in workspaces]
    subprocess.check_call(
        ["g++", "-std=c++14", "-Wall", "-Wextra", "-Werror", source, *include, *flags, "-o", program]
    )
    return program


def test_they_print_the_loops_that_the_node_finds(listener, root, ros, start_node, start_process):
    start_node(**PARAMETERS)
    in_python = os.path.join(root, "docs", "examples", "loop_listener.py")
    environment = dict(os.environ, ROSCONSOLE_STDOUT_LINE_BUFFERED="1")
    processes = [start_process(each, environment) for each in ([listener], [sys.executable, "-u", in_python])]
    camera = Camera(ros)
    names = {"/loop_listener", "/loop_listener_python"}
    wait_until(lambda: names <= set(subscribers()), 10, lambda: [each.log for each in processes])
    camera.publish_sequence(THERE + BACK)
    expected = "1013.000 s shows the place of 1001.000 s (same session)"
    for process in processes:
        wait_until(lambda here=process: expected in here.log, 10, lambda here=process: here.log)
        assert re.search(r"confidence (0\.99|1\.0)", process.log)


def subscribers():
    """Names of the nodes that subscribe to loop_candidates."""
    _, subscriptions, _ = rosgraph.Master("/tests").getSystemState()
    return dict(subscriptions).get("/loop_candidates", [])
