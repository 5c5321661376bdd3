"""What is published for people: while somebody subscribes, and never at the expense of a keyframe."""

import numpy as np
import pytest
from sensor_msgs.msg import Image
from visualization_msgs.msg import Marker, MarkerArray

from place_recognition_ros.ros.viewers import Viewers
from place_recognition_ros.types import Status
from tests.ros.camera import BACK, NODE, PARAMETERS, THERE, Camera, Diagnostics
from tests.ros.drawn_map import DrawnMap, candidate

IMAGE = np.zeros((24, 32, 3), np.uint8)


class Topic:
    """A publisher that keeps what is published."""

    def __init__(self, name, kind, queue_size, subscriber_listener=None):
        self.subscribers, self.messages = 0, []
        self._listener = subscriber_listener

    def get_num_connections(self):
        return self.subscribers

    def publish(self, message):
        self.messages.append(message)

    def connect(self):
        self.subscribers += 1
        if self._listener is not None:
            self._listener.peer_subscribe("topic", None, None)


@pytest.fixture
def drawn():
    made = DrawnMap()
    yield made
    made.memory.store.close()


@pytest.fixture
def opened(drawn):
    """(viewers, markers, images)."""
    topics = []

    def advertise(*arguments, **options):
        topics.append(Topic(*arguments, **options))
        return topics[-1]

    return (Viewers(drawn.memory, 0, advertise), *topics)


def names(topic):
    """(namespace, action) of every marker published so far."""
    return [(each.ns, each.action) for message in topic.messages for each in message.markers]


def test_nothing_is_drawn_while_nobody_subscribes(drawn, opened, monkeypatch):
    viewers, *topics = opened
    monkeypatch.setattr(drawn.memory.store, "view", None)  # would fail if it were called
    viewers.show(drawn.add(1.0, [candidate(1)]), IMAGE)
    assert [topic.messages for topic in topics] == [[], []]
    assert viewers.durations == {}


def test_each_topic_is_drawn_for_itself(drawn, opened):
    viewers, markers, images = opened
    drawn.add(0.0)
    markers.connect()
    viewers.show(drawn.add(1.0, [candidate(1)]), IMAGE)
    assert (len(markers.messages), len(images.messages)) == (1, 0)
    markers.subscribers = 0
    images.connect()
    viewers.show(drawn.add(2.0, [candidate(1)]), IMAGE)
    assert (len(markers.messages), len(images.messages)) == (1, 1)
    assert len(viewers.durations["draw"]) == 2


def test_who_subscribes_later_gets_everything(drawn, opened):
    viewers, markers, _ = opened
    drawn.add(0.0)
    viewers.show(drawn.add(1.0, [candidate(1)]), IMAGE)
    for _ in range(2):
        markers.connect()
        markers.messages.clear()
        for _ in range(4):  # some of it with each keyframe
            viewers.show(drawn.add(2.0), IMAGE)
        found = names(markers)
        assert found[0] == ("", Marker.DELETEALL)
        assert ("trajectory", Marker.ADD) in found
        assert ("loops", Marker.ADD) in found
    markers.messages.clear()
    viewers.show(drawn.add(3.0), IMAGE)
    assert ("", Marker.DELETEALL) not in names(markers), "nobody came"


@pytest.mark.usefixtures("ros")  # the log has the time of ROS
def test_what_cannot_be_drawn_does_not_fail_the_keyframe(drawn, opened, monkeypatch):
    viewers, _, images = opened
    images.connect()
    drawn.add(0.0)
    result = drawn.add(1.0, [candidate(1)])

    def damaged(_):
        raise ValueError("damaged")

    monkeypatch.setattr(drawn.memory.store, "thumbnail", damaged)
    viewers.show(result, IMAGE)
    assert images.messages == []


def test_a_viewer_of_the_node_sees_the_map_and_the_matches(ros, start_node):
    """One node for both topics; it takes a second to start."""
    start_node(**PARAMETERS)
    camera, diagnostics = Camera(ros), Diagnostics(ros)
    camera.publish_sequence(THERE)
    assert "draw [ms], median and 95 %" not in diagnostics.next()
    markers = ros.subscribe(NODE + "/markers", MarkerArray)
    images = ros.subscribe(NODE + "/match_image", Image)
    results = camera.publish_sequence(BACK)
    assert results[-1].candidates[0].status == Status.VERIFIED
    newest = images.wait_for(lambda each: each.header.stamp == results[-1].header.stamp)
    assert newest.encoding == "bgr8"
    assert len(newest.data) == newest.step * newest.height
    markers.wait_for(lambda each: "loops" in [marker.ns for marker in each.markers])
    found = {marker.ns for message in markers.messages for marker in message.markers}
    assert {"trajectory", "loops", "camera", "note"} <= found
    assert "draw [ms], median and 95 %" in diagnostics.next()
