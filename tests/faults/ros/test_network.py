"""Peers that are frozen, silent, slow or lie; publishers that come and go."""

import os
import signal
import struct
import sys
import time
from io import BytesIO
from itertools import product

import pytest
from nav_msgs.msg import Odometry
from sensor_msgs.msg import Image

from place_recognition_ros.srv import QueryImage, Relocalize
from tests.faults.forms import fault, forms
from tests.faults.ros.peers import LyingPublisher, connect, is_closed, service_header
from tests.ros.camera import NODE, PARAMETERS, THERE, Camera, to_image
from tests.ros.process import wait_until

HERE = os.path.dirname(__file__)
MEMORY = 64e6  # bytes that the node may grow meanwhile: caches, thumbnails, queues


def images(camera, count):
    """Publish images and wait for the result of each."""
    return [camera.publish_and_wait(THERE[row % len(THERE)]) for row in range(count)]


@fault(27, "Frozen subscriber")
@forms(short=40, long=300)
def test_a_frozen_subscriber_stops_nothing(ros, start_node, start_process, tried, amount):
    node = start_node(**PARAMETERS)
    camera = Camera(ros)
    images(camera, 5)
    subscriber = start_process([sys.executable, os.path.join(HERE, "subscriber.py"), NODE])
    wait_until(lambda: "received" in subscriber.log or images(camera, 1) is None, 30, "a subscriber")
    before = node.rss
    subscriber.send_signal(signal.SIGSTOP)
    try:
        results = images(camera, amount)
        grown = node.rss - before
        assert node.stop() == 0
    finally:
        subscriber.send_signal(signal.SIGCONT)
    assert all(each.query_id for each in results)
    assert grown < MEMORY
    tried(
        "SIGSTOP of a subscriber to all topics",
        f"{amount} images",
        f"{len(results)} results for another subscriber, memory {grown / 1e6:+.0f} MB, the node ends in time",
    )


@fault(29, "Publisher restart")
@forms(short=3, long=100)
def test_a_camera_driver_that_is_killed_and_started_again_is_connected_again(
    ros, start_node, start_process, tried, amount
):
    start_node(**PARAMETERS)
    camera = Camera(ros)
    slowest = 0.0
    for row in range(amount):
        received = len(camera.queries.messages)
        driver = start_process([sys.executable, os.path.join(HERE, "driver.py"), str(2000 + 60 * row)])
        wait_until(lambda driver=driver: "publishing" in driver.log, 60, lambda driver=driver: driver.log)
        start = time.monotonic()
        camera.queries.wait(received + 3, timeout=30)
        slowest = max(slowest, time.monotonic() - start)
        driver.kill()
    tried("kill -9 of the camera driver, and a new one", f"{amount} times", f"results after ≤{slowest:.1f} s")


@pytest.fixture
def silent():
    """``silent(data)`` → a connection to the node that sends so much and no more."""
    opened = []

    def open_one(data=b""):
        opened.append(connect("/relocalize"))
        opened[-1].sendall(data)
        return opened[-1]

    yield open_one
    for connection in opened:
        connection.close()


KINDS = {
    "silent": b"",
    "in the middle of the header": service_header("/relocalize", Relocalize)[:20],
    "header of 4 GB": struct.pack("<I", 2**32 - 1) + bytes(1000),
    "without its request": service_header("/relocalize", Relocalize),
    "request of 4 GB": service_header(f"{NODE}/query_image", QueryImage) + struct.pack("<I", 2**32 - 1),
    "not ROS": b"GET / HTTP/1.0\r\n\r\n",
}


@fault(30, "Silent or slow TCP peer; lying TCPROS length")
@forms(short=12, long=100)
def test_silent_and_lying_connections_stop_nothing_and_are_closed(ros, start_node, silent, tried, amount):
    node = start_node(**PARAMETERS)
    camera = Camera(ros)
    images(camera, 5)
    before = node.rss
    peers = [(kind, silent(KINDS[kind])) for kind in list(KINDS) * (amount // len(KINDS) + 1)][:amount]
    assert all(each.query_id for each in images(camera, 5)), "a stream that existed"
    assert ros.call("relocalize", Relocalize, timeout=30).message, "a new connection"
    assert images(Camera(ros, camera.now), 1)[0].query_id, "a new subscriber"
    for kind, peer in peers:
        assert is_closed(peer, timeout=60), kind
    grown = node.rss - before
    assert grown < MEMORY
    assert all(each.query_id for each in images(camera, 2))
    tried(
        f"connections that are {', '.join(KINDS)}",
        f"{amount} connections",
        f"streams and new connections are not affected, all are closed, memory {grown / 1e6:+.0f} MB",
    )


LIES = {
    "message of 4 GB": struct.pack("<I", 2**32 - 1) + bytes(2**20),
    "length inside a message": struct.pack("<I", 100) + b"\xff" * 100,
    "silent": b"",
}


@fault(30, "Silent or slow TCP peer; lying TCPROS length")
def test_publishers_that_lie_stop_nothing(ros, start_node):
    node = start_node(**PARAMETERS)
    camera = Camera(ros)
    images(camera, 2)
    before = node.rss
    for (topic, message), kind in product((("/keyframe", Image), ("/odom", Odometry)), LIES):
        publisher = LyingPublisher(topic, message, lambda _, kind=kind: LIES[kind])
        try:
            needed = 1 if kind == "silent" else 2  # it is connected again
            wait_until(lambda each=publisher, n=needed: each.connections >= n, 30, kind)
            assert all(each.query_id for each in images(camera, 2))
        finally:
            publisher.close()
    assert node.rss - before < MEMORY
    assert node.running


def test_after_a_damaged_message_the_next_ones_of_the_publisher_are_used(ros, start_node):
    """rospy alone would keep the damaged bytes, and fail on them for ever."""
    node = start_node(**PARAMETERS)
    camera = Camera(ros)
    good = BytesIO()
    to_image(THERE[0], 3000.0).serialize(good)
    contents = [LIES["length inside a message"], struct.pack("<I", good.tell()) + good.getvalue()]
    publisher = LyingPublisher("/keyframe", Image, lambda number: contents[min(number, 1)])
    try:
        assert camera.result(3000.0, timeout=30).query_id
    finally:
        publisher.close()
    assert "a message cannot be read" in node.log
