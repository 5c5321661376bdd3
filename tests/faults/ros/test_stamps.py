"""Stamps in disorder, bags that loop, and clocks that stand still or do not exist."""

import random
import subprocess
import time

import pytest
import rosbag
import rospy
from diagnostic_msgs.msg import DiagnosticStatus
from rosgraph_msgs.msg import Clock

from place_recognition_ros.msg import KidnapState, LoopCandidates
from place_recognition_ros.srv import Relocalize
from tests.faults.forms import fault, forms
from tests.ros.camera import BACK, NODE, PARAMETERS, THERE, Camera, Diagnostics, to_image

UNUSABLE = ("without stamp", "not newer than the last", "with a stamp that the next ones do not confirm")


@pytest.fixture
def simulated_time(ros):
    """use_sim_time is set while a node starts."""
    rospy.set_param("/use_sim_time", True)
    yield
    rospy.delete_param("/use_sim_time")


def shuffled(amount):
    """Stamps in seconds of a 10 Hz camera: out of order, repeated, zero, and far in the past and future."""
    numbers = random.Random(22)
    stamps = [1000.0 + 0.1 * row for row in range(amount)]
    numbers.shuffle(stamps)
    for row in range(0, amount, 4):
        stamps[row] = numbers.choice([0.0, stamps[row - 1], stamps[row] + 1e8, 4e9])
    return stamps


@fault(22, "Duplicate, out-of-order, zero, future stamps")
@forms(short=60, long=10_000)
def test_stamps_in_disorder_are_dropped_and_counted(ros, start_node, tried, amount):
    node = start_node(**PARAMETERS)
    camera, diagnostics = Camera(ros), Diagnostics(ros)
    for row, stamp in enumerate(shuffled(amount)):
        camera.publish(to_image(THERE[row % len(THERE)], stamp))
        time.sleep(0.01)
    wait_for_quiet(diagnostics)
    values = diagnostics.next()
    refused = sum(int(value) for name, value in values.items() if name.startswith(UNUSABLE))
    assert refused + int(values["dropped"]) > amount / 4
    camera.now = 3000.0 + amount
    start = time.monotonic()
    last = next(each for each in (see(camera, row) for row in range(60)) if each is not None)
    seconds = time.monotonic() - start
    assert last.query_id > 0
    assert node.running and "failed" not in values
    tried(
        "images with shuffled, repeated, zero and future stamps",
        f"{amount:,} images",
        f"{refused:,} refused by their stamps, 0 failures; a good image was processed after {seconds:.1f} s",
    )


def see(camera, row):
    """Publish an image 0.1 s after the one before; its result, or None while its clock is not confirmed."""
    camera.now += 0.1
    camera.publish(to_image(THERE[row % len(THERE)], camera.now))
    try:
        return camera.result(camera.now, timeout=1)
    except AssertionError:
        return None


def wait_for_quiet(diagnostics):
    """Wait until nothing is counted any more: images that waited for others are used or dropped."""
    before = None
    while True:
        values = diagnostics.next()
        counts = {name: value for name, value in values.items() if name in UNUSABLE + ("keyframes",)}
        if counts == before:
            return
        before = counts


@fault(23, "Clock jumps back, bag loops")
@forms(short=3, long=20)
def test_each_loop_of_a_bag_is_one_session_and_every_image_has_a_result(ros, start_node, tried, amount):
    start_node(**PARAMETERS)
    camera, diagnostics = Camera(ros), Diagnostics(ros)
    images = THERE[:6] + BACK
    for _ in range(amount):
        camera.now = 5000.0
        for image in images:
            camera.now += 1.0
            received = len(camera.queries.messages)  # the stamps are those of the loop before
            camera.publish(to_image(image, camera.now))
            assert camera.queries.wait(received + 1)[-1].query_id > 0
    diagnostics.wait({"session": amount, "clock jumped back": amount - 1})
    values = diagnostics.next()
    assert values["keyframes"] == str(amount * len(images)), "diagnostics go on after a jump of the clock"
    tried(
        "the stamps of a bag that is played in a loop",
        f"{amount} loops of {len(images)} images",
        "every image has a result, one session per loop, what was stored before is kept",
    )


@fault(24, "use_sim_time without /clock")
@forms(short=6, long=60)
def test_without_a_clock_or_with_a_paused_one_the_node_works(ros, start_node, simulated_time, tried, amount):
    start_node(**PARAMETERS)
    camera, diagnostics = Camera(ros), Diagnostics(ros)
    state = ros.subscribe(NODE + "/kidnap_state", KidnapState)
    results = [camera.publish_and_wait(THERE[row % len(THERE)]) for row in range(amount)]
    assert all(each.query_id for each in results)
    diagnostics.wait_message("nothing is published on /clock", DiagnosticStatus.WARN, timeout=30)
    assert state.wait(1)[0].header.stamp.to_sec() > 1e9, "expected wall time"
    assert "expected" not in ros.call("relocalize", Relocalize).message

    ros.publisher("/clock", Clock, latch=True).publish(Clock(rospy.Time(1000)))  # a bag that is paused
    assert camera.publish_and_wait(THERE[0]).query_id
    stored = int(diagnostics.next()["stored"])
    diagnostics.wait_message("keyframes/s", DiagnosticStatus.OK)
    assert camera.publish_and_wait(THERE[1]).query_id
    assert int(diagnostics.next()["stored"]) >= stored, "diagnostics go on"
    tried(
        "a node that starts with use_sim_time, then a clock that stands still",
        f"{amount} images",
        "all are processed, WARN until there is a clock",
    )


def test_a_camera_of_one_image_in_5_seconds_loses_none(ros, start_node):
    start_node(**PARAMETERS)
    camera, diagnostics = Camera(ros), Diagnostics(ros)
    for row, image in enumerate(THERE[:3]):
        time.sleep(5 if row else 0)
        camera.now = time.time()
        camera.publish(to_image(image, camera.now))
        assert camera.result(camera.now).query_id > 0
    level, message, values = diagnostics.wait({"stored": 3})
    assert (values["dropped"], values["session"]) == ("0", "1")
    assert level == DiagnosticStatus.OK, message


def test_a_bag_that_is_played_five_times_too_fast_is_one_session(ros, start_node, start_process, tmp_path):
    start_node(**PARAMETERS)
    diagnostics = Diagnostics(ros)
    queries = ros.subscribe(NODE + "/queries", LoopCandidates)
    path = str(tmp_path / "fast.bag")
    with rosbag.Bag(path, "w") as bag:
        for row in range(20):
            bag.write("/keyframe", to_image(THERE[row % 12], 1000 + row), rospy.Time(1000 + row))
    subprocess.check_call(["rosbag", "play", "--quiet", "--wait-for-subscribers", "-r", "5", path])
    queries.wait_for(lambda each: each.header.stamp.secs == 1019, 20)
    values = diagnostics.next()
    assert values["session"] == "1"
    assert int(values["keyframes"]) + int(values["dropped"]) >= 19  # rosbag may lose the first one
    assert int(values["keyframes"]) > 10
