"""The doctor with a real node: from "it finds nothing" to the reason."""

import subprocess
import time
from contextlib import suppress
from functools import partial

import cv2
import pytest
import rosgraph
import rosnode
import rospy
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image

from place_recognition_ros.memory.store import KeyframeStore
from place_recognition_ros.msg import KidnapState, LoopCandidate, LoopCandidates
from place_recognition_ros.ros.doctor.__main__ import findings
from place_recognition_ros.ros.doctor.graph import read_graph
from place_recognition_ros.ros.doctor.listener import observe
from place_recognition_ros.tools.doctor.live import check_live
from place_recognition_ros.tools.doctor.machine import FAIL, this_machine
from tests.ros.camera import BACK, PARAMETERS, THERE, Camera, Stream, to_image
from tests.ros.process import wait_until

SECONDS = 1.2
LAUNCH = "roslaunch place_recognition_ros desktop.launch"
INSTEAD = "   (first end the launch file that runs)"


@pytest.fixture(autouse=True)
def _no_other_nodes(ros):
    """The master forgets the processes of earlier tests, which have ended: the doctor would report them."""
    own = rospy.get_name()
    master = rosgraph.Master(own)
    for node in read_graph().nodes:
        with suppress(rosgraph.MasterException):
            master.deleteParam(node.name)
    left = {name for kind in master.getSystemState() for _, names in kind for name in names}
    rosnode.cleanup_master_blacklist(master, sorted(left - {own, "/rosout"}))
    graph = read_graph()
    assert not graph.nodes
    assert {name for names in graph.publishers.values() for name in names} <= {own, "/rosout"}


def check(listen=time.sleep):
    """Level and name of the errors that the doctor finds, and all findings; ``listen(seconds)`` waits."""
    found = list(findings(*observe(SECONDS, listen)))
    return [(each.level, each.name) for each in found if each.level == "ERROR"], found


def the(found, level, name):
    """The only finding of this level and name."""
    (finding,) = [each for each in found if (each.level, each.name) == (level, name)]
    return finding


class Images(Stream):
    """A camera that publishes images at 10 Hz, with ROS time as their stamps, inside a ``with``."""

    def __init__(self, ros, topic, image=THERE[0], connected=True, **fields):
        self._publisher = ros.publisher(topic, Image, connected=connected)
        self._image, self._fields = image, fields
        self._published = 0
        super().__init__(self._publish_next, 0.1)

    def arrive(self, _):
        """Wait until the node and the doctor receive the images, and some have come."""
        wait_until(lambda: self._publisher.get_num_connections() >= 2, 20, "connections to the images")
        enough = self._published + 8
        wait_until(lambda: self._published >= enough, 20, "images")

    def _publish_next(self):
        message = to_image(self._image, self._fields.get("stamp") or rospy.Time.from_sec(time.time()))
        message.encoding = self._fields.get("encoding", message.encoding)
        self._publisher.publish(message)
        self._published += 1


def test_one_node_with_different_cameras(ros, start_node):
    """One node for all: its start is what takes time."""
    start_node(**PARAMETERS)
    errors, found = check()
    assert errors == [("ERROR", "images")]
    assert "no images on any other topic" in the(found, "ERROR", "images").found

    with Images(ros, "/robot/camera/image_raw", connected=False):
        errors, found = check()
    assert errors == [("ERROR", "images")], found
    finding = the(found, "ERROR", "images")
    assert "/keyframe/compressed" in finding.found
    assert finding.found.endswith("there are images on /robot/camera/image_raw")
    assert finding.fix == f"{LAUNCH} image:=/robot/camera/image_raw{INSTEAD}"

    with Images(ros, "keyframe", encoding="rgba7") as images:
        errors, found = check(images.arrive)
    assert ("ERROR", "encoding") in errors
    assert the(found, "ERROR", "encoding").found.endswith("Received: 'rgba7'")
    assert "docs/interface.md" in the(found, "ERROR", "encoding").fix

    with Images(ros, "keyframe", image=cv2.GaussianBlur(THERE[0], (0, 0), 5)) as images:
        errors, found = check(images.arrive)
    assert errors == [("ERROR", "image content")]
    assert "images are blurred" in the(found, "ERROR", "image content").found
    assert "focus" in the(found, "ERROR", "image content").fix

    with Images(ros, "keyframe", stamp=1000.0) as images:
        errors, found = check(images.arrive)
    assert ("ERROR", "stamps") in errors
    assert "all images have the stamp 1000.000" in the(found, "ERROR", "stamps").found

    with Images(ros, "keyframe") as images:
        errors, found = check(images.arrive)
    assert not errors, found
    assert [each.found[:19] for each in found if each.name == "stamps"] == ["/keyframe: in order"]
    assert the(found, "OK", "image content")
    assert "320×240 bgr8, by /tests" in the(found, "OK", "images").found
    check_clocks(ros)


def check_clocks(ros):
    """A simulated clock that does not exist, and one that stands still."""
    rospy.set_param("/use_sim_time", True)
    try:
        finding = the(check()[1], "ERROR", "clock")
        assert "nothing is published on /clock" in finding.found
        assert finding.fix.startswith("rosbag play --clock")
        clock = ros.publisher("/clock", Clock, connected=False)
        listen = partial(wait_until, clock.get_num_connections, what="a subscriber of /clock")
        with Stream(lambda: clock.publish(rospy.Time(1000)), 0.1):
            finding = the(check(lambda seconds: listen(20) and time.sleep(seconds))[1], "ERROR", "clock")
        assert "/clock does not advance: it was 1000.000" in finding.found
    finally:
        rospy.delete_param("/use_sim_time")


def test_a_threshold_that_is_too_high(ros, start_node):
    start_node(min_similarity=0.999)
    camera = Camera(ros)
    camera.publish_sequence(THERE)
    with Stream(lambda: camera.publish_and_wait(BACK[0]), 0.1):
        errors, found = check(lambda _: camera.queries.wait(len(camera.queries.messages) + 8, 30))
    assert ("ERROR", "threshold") in errors
    finding = the(found, "ERROR", "threshold")
    assert "min_similarity is 0.999, recommended is 0." in finding.found
    assert "it rejected" in finding.found
    command, _ = finding.fix.split("   (")
    assert command == "rosrun dynamic_reconfigure dynparam set /place_recognition min_similarity -1.0"
    subprocess.run(command.split(), check=True, timeout=20)
    candidates = camera.publish_and_wait(BACK[1]).candidates
    assert candidates[0].reason != LoopCandidate.REASON_LOW_SIMILARITY, "the fix takes effect"


def test_a_map_of_another_model(ros, start_node, tmp_path):
    path = tmp_path / "map.db"
    KeyframeStore(str(path), "other-0123456789ab", 512, "orb").close()
    assert start_node(ready=False, map_path=str(path)).wait(20) == 1
    errors, found = check()
    assert {("ERROR", "node"), ("ERROR", "map")} <= set(errors)
    assert "does not run" in the(found, "ERROR", "node").found
    assert "of other-0123456789ab" in the(found, "ERROR", "map").found
    fix = the(found, "ERROR", "map").fix
    assert fix.startswith(f"{LAUNCH} image:=/camera/image_raw map_path:={tmp_path}/map.new.db  ")
    assert fix.endswith(f"place_recognition_ros.tools.map reembed {path} {tmp_path}/map.new.db)")


def test_a_misspelt_parameter_of_a_node_that_has_ended(ros):
    rospy.set_param("/robot2/place_recognition", {"map_path": "none", "min_similarty": 0.5})
    try:
        errors, found = check(lambda _: None)
    finally:
        rospy.delete_param("/robot2")
    assert errors == [("ERROR", "parameters"), ("ERROR", "node")]
    assert "unknown parameter 'min_similarty'" in the(found, "ERROR", "parameters").found
    assert the(found, "ERROR", "parameters").fix.startswith(
        "rosparam delete /robot2/place_recognition/min_similarty  "
    )
    assert the(found, "ERROR", "node").fix.startswith("ROS_NAMESPACE=robot2 roslaunch ")


def test_a_node_in_another_namespace(ros, start_node):
    """By the process that the command starts, in another terminal than the node's."""
    start_node(env={"ROS_NAMESPACE": "/robot1"}, ready=False)
    ros.subscribe("loop_candidates", LoopCandidates, connected=False)
    ros.subscribe("/robot1/loop_candidates", LoopCandidates)
    ros.subscribe("/robot1/place_recognition/kidnap_state", KidnapState).wait(1)  # it is ready
    with Images(ros, "/keyframe", connected=False):
        found = list(check_live(this_machine(), SECONDS))
    errors = [(name, line) for name, line in found if line.mark == FAIL]
    assert [name for name, _ in errors] == ["images", "namespace"], found
    topic = errors[0][1]
    assert topic.found.startswith(
        "nothing is published on /robot1/keyframe or /robot1/keyframe/compressed, but on"
    )
    assert topic.found.endswith("on /keyframe: another namespace than that of /robot1/place_recognition")
    assert topic.fix == f"ROS_NAMESPACE=robot1 {LAUNCH} image:=/keyframe{INSTEAD}"
    listener = errors[1][1]
    assert listener.found.startswith(
        f"{rospy.get_name()} listens to /loop_candidates, where nothing is published"
    )
    assert listener.fix.endswith("with /loop_candidates:=/robot1/loop_candidates")
