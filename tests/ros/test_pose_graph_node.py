"""examples/pose_graph_node with synthetic odometry and candidates."""

import functools
import os
import sys

import numpy as np
import pytest
import rosgraph
import rospy
from nav_msgs.msg import Odometry, Path
from std_msgs.msg import Bool

from examples.pose_graph import inverse, pose_of, rigid
from place_recognition_ros.msg import LoopCandidates
from tests.examples.messages import CAMERA, to_candidates, to_odometry, to_transform
from tests.examples.paths import MOUNTING, circle, drift, error, loop, stamp
from tests.ros.conftest import wait_until

pytest.importorskip("gtsam", reason="needs requirements/examples.txt")
tf2_ros = pytest.importorskip("tf2_ros", reason="needs python3-tf2-ros")
TFMessage = pytest.importorskip("tf2_msgs.msg").TFMessage

TRUE = circle()
ODOMETRY = drift(TRUE)
LOOPS = [loop(TRUE, row, row - 41) for row in range(42, 81, 4)]


class Example:
    """The running example and what it publishes."""

    def __init__(self, ros, process):
        self.process = process
        self.odom = ros.publisher("odom", Odometry)
        self.candidates = ros.publisher("loop_candidates", LoopCandidates)
        self.tracking = ros.publisher("tracking_ok", Bool)
        self.paths = ros.subscribe("corrected_path", Path)
        self.buffer = tf2_ros.Buffer()
        self.listener = tf2_ros.TransformListener(self.buffer)
        wait_until(self.listener.tf_sub.get_num_connections, 40, "a publisher of tf")

    def send(self, odometry, loops, child="base_link"):
        for row, pose in enumerate(odometry):
            self.odom.publish(to_odometry(stamp(row), pose, child))
        for each in loops:
            self.candidates.publish(to_candidates(each))

    def path(self, loops):
        """The path after an optimisation with this number of loops."""
        line = f"of {loops} loops used"
        wait_until(lambda: line in self.process.log, 60, lambda: f"{line}. Output:\n{self.process.log}")
        wait_until(lambda: self.paths.messages, 5, "a path")
        return self.paths.messages[-1]

    def publishes_tf(self, odometry):
        """Publish odometry; whether tf has arrived. The first of its messages may be lost."""
        self.odom.publish(odometry)
        rospy.sleep(0.1)
        return self.buffer.can_transform("map", "odom", rospy.Time())

    def map_to_odom(self):
        """(4, 4), the newest."""
        found = self.buffer.lookup_transform("map", "odom", rospy.Time(), rospy.Duration(5)).transform
        where, turn = found.translation, found.rotation
        return rigid([where.x, where.y, where.z], [turn.x, turn.y, turn.z, turn.w])


@pytest.fixture
def example(ros, start_process, root):
    """The node, connected."""
    command = [sys.executable, os.path.join(root, "examples", "pose_graph_node"), "_period_s:=0.2"]
    process = start_process(command)
    subscribed = functools.partial(_subscribes, "/pose_graph", "/tracking_ok")  # the last of its topics
    wait_until(subscribed, 80, lambda: f"the example. Its output:\n{process.log}")
    started = Example(ros, process)
    yield started
    started.listener.unregister()


def _subscribes(node, topic):
    """Whether a node subscribes to a topic."""
    topics = dict(rosgraph.Master("/tests").getSystemState()[1])
    return node in topics.get(topic, [])


def publish_mounting(ros):
    publisher = ros.publisher("/tf_static", TFMessage, latch=True)
    publisher.publish(TFMessage([to_transform("base_link", CAMERA, MOUNTING)]))


def test_path_and_tf_are_corrected(ros, example):
    publish_mounting(ros)
    example.send(ODOMETRY, LOOPS)
    path = example.path(len(LOOPS))
    poses = [pose_of(each.pose) for each in path.poses]
    assert path.header.frame_id == "map"
    assert [each.header.stamp.to_nsec() for each in path.poses] == [stamp(row) for row in range(81)]
    assert error(poses, TRUE) < 0.15 * error(ODOMETRY, TRUE)
    # tf is published with the next odometry
    example.odom.publish(to_odometry(stamp(81), ODOMETRY[80], "base_link"))
    expected = poses[80] @ inverse(ODOMETRY[80])
    wait_until(lambda: np.allclose(example.map_to_odom(), expected, atol=1e-5), 5, "map → odom")
    assert example.process.stop() == 0


def test_odometry_of_the_camera_needs_no_tf(example):
    cameras = [pose @ MOUNTING for pose in ODOMETRY]
    example.send(cameras, LOOPS, child=CAMERA)
    poses = [pose_of(each.pose) for each in example.path(len(LOOPS)).poses]
    assert error(poses, [pose @ MOUNTING for pose in TRUE]) < 0.15 * error(ODOMETRY, TRUE)


def test_loops_wait_for_the_mounting(ros, example):
    example.send(ODOMETRY, LOOPS)
    wait_until(lambda: "Loops are not used yet" in example.process.log, 30, "a warning")
    assert np.allclose(example.map_to_odom(), np.eye(4))
    assert not example.paths.messages
    publish_mounting(ros)
    example.path(len(LOOPS))


def test_candidates_without_a_pose_change_nothing(example):
    example.candidates.publish(to_candidates(LOOPS[0], pose_valid=False))
    example.send([pose @ MOUNTING for pose in ODOMETRY], LOOPS[1:3], child=CAMERA)
    example.path(2)


def test_odometry_while_tracking_is_lost_is_not_part_of_the_path(example):
    wait_until(lambda: example.publishes_tf(to_odometry(stamp(0), TRUE[0] @ MOUNTING, CAMERA)), 20, "tf")
    example.tracking.publish(False)
    rospy.sleep(1.0)  # the topics are not ordered among each other
    for row in range(1, 20):
        example.odom.publish(to_odometry(stamp(row), TRUE[row] @ MOUNTING, CAMERA))
    rospy.sleep(1.0)
    example.tracking.publish(True)
    rospy.sleep(1.0)
    for row in range(20, 81):
        example.odom.publish(to_odometry(stamp(row), TRUE[row] @ MOUNTING, CAMERA))
    example.candidates.publish(to_candidates(LOOPS[-1]))
    path = example.path(1)
    assert [each.header.stamp.to_nsec() for each in path.poses] == [stamp(0)] + [
        stamp(row) for row in range(20, 81)
    ]


def test_a_clock_that_jumps_back_begins_a_new_graph(example):
    cameras = [pose @ MOUNTING for pose in ODOMETRY]
    example.send(cameras, LOOPS, child=CAMERA)
    example.path(len(LOOPS))
    example.send(cameras, LOOPS[:2], child=CAMERA)
    wait_until(lambda: "a new graph begins" in example.process.log, 5, "a warning")
    example.path(2)
    assert example.process.running
