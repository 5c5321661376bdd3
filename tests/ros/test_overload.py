"""More pictures than the node can look at: it answers about now, and counts what it leaves out."""

import os
import time

import pytest
import rospy
from sensor_msgs.msg import Image

from place_recognition_ros.msg import LoopCandidates
from tests.ros.camera import NODE, PARAMETERS, THERE, Diagnostics, to_image

SLOW_NODE = os.path.join(os.path.dirname(__file__), "slow_node.py")
RATE = 30  # Hz
WORK = 0.2  # seconds a picture takes in the slow node
OLDEST = 0.5  # seconds


class Ages:
    """How old each answer is when it arrives, seconds."""

    def __init__(self):
        self.seconds = []

    def hear(self, message):
        self.seconds.append((rospy.Time.now() - message.header.stamp).to_sec())


@pytest.mark.parametrize("seconds", [8, pytest.param(60, marks=pytest.mark.stress)])
def test_answers_are_about_now_and_drops_are_counted(ros, start_node, seconds):
    start_node(program=SLOW_NODE, **PARAMETERS)
    diagnostics = Diagnostics(ros)
    ros.subscribe(NODE + "/queries", LoopCandidates)
    ages = Ages()
    subscriber = rospy.Subscriber(NODE + "/queries", LoopCandidates, ages.hear)
    images = ros.publisher("keyframe", Image)
    messages = [to_image(picture, 0) for picture in THERE]

    sent = RATE * seconds
    start = time.monotonic()
    for number in range(sent):
        message = messages[number % len(messages)]
        message.header.stamp = rospy.Time.now()
        images.publish(message)
        time.sleep(max(0.0, start + (number + 1) / RATE - time.monotonic()))
    time.sleep(2 * WORK + OLDEST)
    said = diagnostics.next()
    subscriber.unregister()

    oldest = max(ages.seconds)
    print(f"{sent} sent, {len(ages.seconds)} answered, {said['dropped']} dropped; the oldest {oldest:.3f} s")
    assert oldest <= OLDEST
    assert len(ages.seconds) >= 0.5 * seconds / WORK
    assert int(said["dropped"]) == sent - len(ages.seconds)
