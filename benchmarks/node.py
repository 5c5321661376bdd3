"""Figures of the running node: a real process on a ROS master of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from queue import Queue

import numpy as np

from benchmarks.figures import Figure
from benchmarks.prepared_map import revisits

NODE = os.path.join(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "nodes", "place_recognition_node"
)
PICTURES = 100
TIMEOUT = 30.0  # seconds


def running(model: str, map_path: str, keyframes: int) -> list[Figure]:
    """Start the node on a map, show it pictures, look at its memory."""
    with _ros_master():
        import rospy

        rospy.init_node("benchmark", anonymous=True, disable_signals=True)
        start = time.perf_counter()
        with _process([sys.executable, NODE, f"_model:={model}", f"_map_path:={map_path}"]) as node:
            rospy.wait_for_service("relocalize", TIMEOUT)
            started = time.perf_counter() - start
            _show(revisits(iter(range(0, keyframes, 37))))
            memory = _resident_bytes(node.pid)
        rospy.signal_shutdown("done")
    return [
        Figure(f"node's memory, {keyframes:,} keyframes", memory / 1e6, "MB", 350),
        Figure(f"node's start, {keyframes:,} keyframes", started, "s"),
    ]


def _show(pictures: Iterator[np.ndarray]) -> None:
    """Show pictures to the node, each when the one before was answered."""
    import rospy
    from sensor_msgs.msg import Image

    answers: Queue = Queue()
    subscriber = rospy.Subscriber("place_recognition/queries", rospy.AnyMsg, answers.put)
    publisher = rospy.Publisher("keyframe", Image, queue_size=1)
    _wait(lambda: publisher.get_num_connections() and subscriber.get_num_connections())
    for number, picture in enumerate(islice(pictures, PICTURES)):
        message = Image(height=picture.shape[0], width=picture.shape[1], encoding="bgr8")
        message.step, message.data = picture.strides[0], picture.tobytes()
        message.header.stamp = rospy.Time(10**6 + number)
        publisher.publish(message)
        answers.get(timeout=TIMEOUT)


def _wait(condition: Callable[[], object]) -> None:
    end = time.monotonic() + TIMEOUT
    while not condition() and time.monotonic() < end:
        time.sleep(0.002)


def _resident_bytes(pid: int) -> int:
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        line = next(line for line in file if line.startswith("VmRSS:"))
    return 1024 * int(line.split()[1])


@contextmanager
def _ros_master() -> Iterator[None]:
    with socket.socket() as probe, tempfile.TemporaryDirectory() as home:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        os.environ.update(ROS_MASTER_URI=f"http://127.0.0.1:{port}", ROS_IP="127.0.0.1", ROS_HOME=home)
        import rosgraph

        with _process(["roscore", "-p", str(port)]):
            _wait(rosgraph.is_master_online)
            yield


@contextmanager
def _process(command: list[str]) -> Iterator[subprocess.Popen]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603 - commands of this file
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(TIMEOUT)
