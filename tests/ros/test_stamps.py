"""Stamps as a node receives them: wrong ones, and two clocks."""

import time

import pytest
from diagnostic_msgs.msg import DiagnosticStatus

from tests.ros.camera import PARAMETERS, THERE, Camera, Diagnostics, to_image

HOUR = 3600.0


@pytest.fixture
def camera(ros, start_node):
    start_node(**PARAMETERS)
    return Camera(ros)


@pytest.fixture
def diagnostics(ros, camera):
    return Diagnostics(ros)


def see(camera, number):
    """Publish an image 0.1 s after the one before and wait for its result."""
    camera.now -= 0.9
    return camera.publish_and_wait(THERE[number % len(THERE)])


def publish(camera, stamp):
    """Publish an image without waiting for its result."""
    camera.publish(to_image(THERE[0], stamp))
    time.sleep(0.1)  # else the next one replaces it in the queue


@pytest.mark.parametrize("offset", [HOUR, -HOUR + 0.1, 10 * 24 * HOUR])
def test_images_with_wrong_stamps_are_dropped_and_counted(camera, diagnostics, offset):
    camera.now = 10000.0
    for number in range(40):
        if number in (10, 20, 30):
            publish(camera, camera.now + offset)
        see(camera, number)
    diagnostics.wait({"stored": 40})
    values = diagnostics.next()
    name = "with a stamp that the next ones do not confirm (two publishers on one topic?)"
    assert values["session"] == "1"
    assert int(values[name]) + int(values["dropped"]) == 3
    diagnostics.wait_message(name, DiagnosticStatus.WARN)


def test_two_clocks_on_one_topic_are_named_and_one_is_used(camera, diagnostics):
    stamps = []
    for number in range(40):
        stamps.append(see(camera, number).header.stamp.to_sec())
        publish(camera, camera.now + 5.0)
    values = diagnostics.next()
    assert values["session"] == "1"
    assert stamps == pytest.approx([1000.1 + 0.1 * number for number in range(40)])
    assert int(values["stored"]) in (40, 41), "the last image of the other clock, after which none came"
    diagnostics.wait_message("two publishers on one topic?", DiagnosticStatus.WARN)


@pytest.mark.parametrize("jump", [HOUR, -500.0])
def test_a_single_image_after_a_jump_of_the_clock_is_used(camera, diagnostics, jump):
    for number in range(3):
        see(camera, number)
    camera.now += jump
    assert see(camera, 3).query_id == 4
    assert diagnostics.next()["session"] == "2", "after an hour without images the camera may be anywhere"


def test_stamps_that_are_equal_in_pairs_are_used_once(camera, diagnostics):
    for number in range(10):
        see(camera, number)
        publish(camera, camera.now)
    values = diagnostics.next()
    assert (values["stored"], values["session"]) == ("10", "1")
    assert values["not newer than the last"] == "10"


def test_where_no_image_has_a_stamp_a_warning_says_what_to_set(camera, diagnostics):
    for _ in range(5):
        publish(camera, 0)
    diagnostics.wait_message("set header.stamp in the camera driver", DiagnosticStatus.WARN)
