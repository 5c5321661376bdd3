"""More images than the node can process: it processes the newest ones and counts the dropped ones."""

import os
import time

import pytest
import rospy
from sensor_msgs.msg import Image

from place_recognition_ros.msg import LoopCandidates
from tests.ros.camera import NODE, PARAMETERS, THERE, Diagnostics, to_image

SLOW_NODE = os.path.join(os.path.dirname(__file__), "slow_node.py")
RATE = 30  # Hz
PROCESSING_TIME = 0.2  # seconds of processing per image in the slow node
MAX_AGE = 0.5  # seconds


class Ages:
    """Age of each result when it arrives, in seconds."""

    def __init__(self):
        self.seconds = []

    def add(self, message):
        self.seconds.append((rospy.Time.now() - message.header.stamp).to_sec())


@pytest.mark.parametrize("seconds", [8, pytest.param(60, marks=pytest.mark.stress)])
def test_results_are_recent_and_dropped_images_are_counted(ros, start_node, seconds):
    start_node(program=SLOW_NODE, **PARAMETERS)
    diagnostics = Diagnostics(ros)
    ros.subscribe(NODE + "/queries", LoopCandidates)
    ages = Ages()
    subscriber = rospy.Subscriber(NODE + "/queries", LoopCandidates, ages.add)
    images = ros.publisher("keyframe", Image)
    messages = [to_image(image, 0) for image in THERE]

    sent = RATE * seconds
    start = time.monotonic()
    for number in range(sent):
        message = messages[number % len(messages)]
        message.header.stamp = rospy.Time.now()
        images.publish(message)
        time.sleep(max(0.0, start + (number + 1) / RATE - time.monotonic()))
    time.sleep(2 * PROCESSING_TIME + MAX_AGE)
    values = diagnostics.next()
    subscriber.unregister()

    oldest = max(ages.seconds)
    print(
        f"{sent} sent, {len(ages.seconds)} processed, {values['dropped']} dropped; maximum age {oldest:.3f} s"
    )
    assert oldest <= MAX_AGE
    assert len(ages.seconds) >= 0.5 * seconds / PROCESSING_TIME
    assert int(values["dropped"]) == sent - len(ages.seconds)
