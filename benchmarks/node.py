"""Figures of the running node: a real process with its own ROS master."""

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
IMAGES = 100
TIMEOUT = 30.0  # seconds


def running(model: str, map_path: str, keyframes: int) -> list[Figure]:
    """Start the node with a map, publish images, read its memory use."""
    with _ros_master():
        import rospy

        rospy.init_node("benchmark", anonymous=True, disable_signals=True)
        start = time.perf_counter()
        with _process([sys.executable, NODE, f"_model:={model}", f"_map_path:={map_path}"]) as node:
            _wait(_is_ready)
            started = time.perf_counter() - start
            _publish(revisits(iter(range(0, keyframes, 37))))
            memory = _resident_bytes(node.pid)
        rospy.signal_shutdown("done")
    return [
        Figure(f"memory of the node, {keyframes:,} keyframes", memory / 1e6, "MB", 350),
        Figure(f"start of the node, {keyframes:,} keyframes", started, "s"),
    ]


def _publish(images: Iterator[np.ndarray]) -> None:
    """Publish images to the node, each after the result of the one before."""
    import rospy
    from sensor_msgs.msg import Image

    results: Queue = Queue()
    subscriber = rospy.Subscriber("place_recognition/queries", rospy.AnyMsg, results.put)
    publisher = rospy.Publisher("keyframe", Image, queue_size=1)
    _wait(lambda: publisher.get_num_connections() and subscriber.get_num_connections())
    for number, image in enumerate(islice(images, IMAGES)):
        message = Image(height=image.shape[0], width=image.shape[1], encoding="bgr8")
        message.step, message.data = image.strides[0], image.tobytes()
        message.header.stamp = rospy.Time(10**6 + number)
        publisher.publish(message)
        results.get(timeout=TIMEOUT)


def _is_ready() -> bool:
    """Whether the node subscribes to its images."""
    import rosgraph

    return "/keyframe" in dict(rosgraph.Master("/benchmark").getSystemState()[1])


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
