"""Signals, failures, and a restart of the master: how a node ends, and comes back."""

import os
import random
import signal
import socket
import sqlite3
import sys
import time
from itertools import count
from xmlrpc.client import ServerProxy

import pytest
import rosgraph
from sensor_msgs.msg import Image

from place_recognition_ros.msg import LoopCandidates
from tests.faults.forms import fault, forms
from tests.ros.camera import NODE, PARAMETERS, THERE, Camera, Stream, stored, to_image
from tests.ros.conftest import ROOT
from tests.ros.process import free_port, wait_until

FAILING_NODE = os.path.join(ROOT, "tests", "ros", "failing_node.py")
END = 10.0  # seconds for the end of a node on a busy machine; roslaunch kills after 15


@pytest.fixture
def map_path(ros, start_node, tmp_path):
    """A map with three keyframes."""
    path = str(tmp_path / "map.db")
    node = start_node(name="teacher", map_path=path, remap={"~queries": NODE + "/queries"}, **PARAMETERS)
    camera = Camera(ros)
    assert [each.query_id for each in camera.publish_sequence(THERE[:3])] == [1, 2, 3]
    camera.queries.close()
    assert node.stop(timeout=END) == 0
    return path


@fault(32, "SIGINT or SIGTERM at any time")
@forms(short=4, long=500)
def test_a_signal_at_any_time_ends_the_node_and_nothing_is_lost(ros, start_node, tmp_path, tried, amount):
    path, numbers, slowest = str(tmp_path / "map.db"), random.Random(32), 0.0
    queries = ros.subscribe(NODE + "/queries", LoopCandidates, connected=False)
    publisher, numbered = ros.publisher("keyframe", Image, connected=False), count(1001)

    def publish():
        number = next(numbered)  # the stamp, in seconds
        publisher.publish(to_image(THERE[number % len(THERE)], number))

    with Stream(publish, 0.02):
        for row in range(amount):
            node = start_node(ready=row % 2 == 0, map_path=path, **PARAMETERS)
            time.sleep(numbers.uniform(0, 1.5))
            start = time.monotonic()
            node.stop(numbers.choice([signal.SIGINT, signal.SIGTERM]), timeout=END)
            slowest = max(slowest, time.monotonic() - start)
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
    acknowledged = {each.query_id for each in queries.messages} - {0}
    assert acknowledged
    assert acknowledged <= {number for number, *_ in stored(path)}
    tried(
        "SIGINT or SIGTERM at a random moment, also of the start",
        f"{amount} signals",
        f"ended within {slowest:.1f} s, 0 SIGKILL, {len(acknowledged):,} acknowledged keyframes, 0 lost",
    )


@fault(32, "SIGINT or SIGTERM at any time")
@pytest.mark.parametrize("started", [True, False])
def test_a_signal_while_the_master_is_frozen_ends_the_node(start_process, tmp_path, started):
    master = Master(start_process)
    node = start_process(
        [sys.executable, os.path.join(ROOT, "nodes", "place_recognition_node"), "_map_path:=none"], master.env
    )
    if started:
        wait_until(lambda: "Ready" in node.log, 30, lambda: node.log)
    else:
        wait_until(lambda: master.knows("/place_recognition"), 30, lambda: node.log)
    master.process.send_signal(signal.SIGSTOP)
    try:
        node.stop(signal.SIGINT, timeout=END)
    finally:
        master.process.send_signal(signal.SIGCONT)


@fault(33, "Exception in the worker")
def test_a_node_with_a_broken_engine_ends_however_many_images_are_skipped(ros, start_node, tried):
    """At 2 Hz most images of a camera are no keyframes, and count neither for nor against the engine."""
    node = start_node(program=FAILING_NODE, max_rate_hz=2.0, **PARAMETERS)
    camera = Camera(ros)
    for number in range(30 * 20):
        if not node.running:
            break
        camera.publish(to_image(THERE[0], 1000 + number / 30))
        time.sleep(1 / 30)
    assert node.wait(END) == 1
    assert "keyframes in a row failed" in node.log


class Master:
    """A ROS master of its own, which can be killed and started again at the same port."""

    def __init__(self, start_process):
        self._start = start_process
        self.port = free_port()
        self.uri = f"http://127.0.0.1:{self.port}"
        self.env = dict(os.environ, ROS_MASTER_URI=self.uri)
        self.start()

    def start(self):
        self.process = self._start(["rosmaster", "--core", "-p", str(self.port)], self.env)
        wait_until(lambda: rosgraph.is_master_online(self.uri), 30, lambda: self.process.log)

    def knows(self, node):
        """Whether a node is registered."""
        try:
            return rosgraph.Master("/tests", self.uri).lookupNode(node)
        except (rosgraph.MasterError, OSError, socket.error):
            return None


@fault(28, "Master restart")
@forms(short=1, long=50)
def test_a_node_comes_back_with_its_map_when_the_master_is_restarted(start_process, map_path, tried, amount):
    master = Master(start_process)
    command = ["roslaunch", "place_recognition_ros", "desktop.launch", f"python:={sys.executable}"]
    launched = start_process([*command, f"map_path:={map_path}"], master.env)

    def starts():
        return launched.log.count("Ready: 3 keyframes")

    wait_until(lambda: starts() == 1, 60, lambda: launched.log)
    slowest = 0.0
    for row in range(amount):
        master.process.kill()
        if row == 0:
            wait_until(lambda: "has not responded" in launched.log, 30, lambda: launched.log)
            assert "has died" not in launched.log, "without a master the node goes on"
        master.start()
        start = time.monotonic()
        wait_until(lambda row=row: starts() == row + 2, 60, lambda: launched.log)
        assert master.knows(NODE)
        slowest = max(slowest, time.monotonic() - start)
    assert launched.log.count("The ROS master was restarted") == amount
    assert launched.log.count("exit code 1") >= amount
    tried(
        "kill -9 of the master, and a new one", f"{amount} times", f"back with its map within {slowest:.1f} s"
    )


def test_a_node_that_is_killed_comes_back_with_its_map(ros, roslaunch, map_path):
    launched = roslaunch("desktop.launch", map_path=map_path)
    uri = rosgraph.Master("/tests").lookupNode(NODE)
    os.kill(ServerProxy(uri).getPid("/tests")[2], signal.SIGKILL)
    wait_until(lambda: launched.log.count("Ready: 3 keyframes") == 2, 60, lambda: launched.log)
    assert rosgraph.Master("/tests").lookupNode(NODE) != uri
    assert Camera(ros).publish_and_wait(THERE[0]).candidates[0].match_id == 1
