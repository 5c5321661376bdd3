"""Listens for some seconds to what the node listens to, and to what it publishes."""

import time
from collections import Counter
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple
from typing import Counter as CounterType

import rospy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from nav_msgs.msg import Odometry
from rosgraph_msgs.msg import Clock, Log
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from place_recognition_ros.ros.camera_inputs import READ_AHEAD
from place_recognition_ros.ros.doctor import graph as graphs
from place_recognition_ros.ros.doctor.graph import Graph, Node

PERIOD = 0.3  # seconds between two messages whose content is kept
MOST = 20000  # messages whose content is kept


class Recording:
    """The messages of one topic.

    Args:
        period: seconds between two messages whose content is kept: images are large. 0: all are kept.
    """

    def __init__(self, period: float = 0.0) -> None:
        self.stamps: List[int] = []
        """Of all messages, nanoseconds."""
        self.samples: List[Any] = []
        """Messages."""
        self.forms: CounterType[str] = Counter()
        """Encoding and size, of all messages."""
        self._period = period
        self._due = 0.0

    def take(self, message: Any) -> None:
        """Note a message."""
        self.stamps.append(message.header.stamp.to_nsec() if hasattr(message, "header") else 0)
        if hasattr(message, "encoding"):
            self.forms[f"{message.width}×{message.height} {message.encoding}"] += 1
        elif hasattr(message, "format"):
            self.forms[message.format or "no format"] += 1
        now = time.monotonic()
        if now >= self._due and len(self.samples) < MOST:
            self._due = now + self._period
            self.samples.append(message)


class Observation(NamedTuple):
    """One node, and what was received in these seconds."""

    graph: Graph
    node: Node
    seconds: float
    now: int  # ROS time at the end, nanoseconds; 0: a simulated clock that does not exist
    topics: Dict[str, Recording]
    clock: List[int]  # of /clock, nanoseconds
    reports: List[DiagnosticStatus]  # of the node, oldest first
    log: List[Log]  # errors that the node logged
    queries: Recording  # its LoopCandidates; empty without the messages of this package

    def recording(self, topic: str) -> Recording:
        """What was received on a topic."""
        return self.topics.get(topic) or Recording()

    @property
    def image(self) -> Tuple[str, Recording]:
        """The topic that the images come from, and what came; ("", nothing) where none came."""
        inputs = self.node.inputs
        found = [(topic, self.recording(topic)) for topic in (inputs.image, inputs.compressed)]
        return (
            max(found, key=lambda each: len(each[1].stamps))
            if any(r.stamps for _, r in found)
            else ("", Recording())
        )

    def value(self, key: str, newest: bool = True) -> str:
        """A value of the newest (or oldest) of the node's reports; empty: there is none."""
        pairs = [pair for report in self.reports for pair in report.values if pair.key == key]
        return pairs[-1 if newest else 0].value if pairs else ""


_TYPES = {
    graphs.IMAGE: Image,
    graphs.COMPRESSED: CompressedImage,
    graphs.CAMERA_INFO: CameraInfo,
    graphs.ODOMETRY: Odometry,
}


def observe(seconds: float, sleep: Callable[[float], None] = time.sleep) -> Tuple[Graph, List[Observation]]:
    """Listen to all nodes at once.

    Args:
        seconds: how long.
        sleep: waits so long, in wall time.

    Raises:
        OSError: if there is no master.
    """
    before = graphs.read_graph()
    topics: Dict[str, Recording] = {}
    queries = {node.name: Recording() for node in before.nodes}
    clock, reports, log = Recording(), Recording(), Recording()
    subscribers = [
        rospy.Subscriber("/clock", Clock, clock.take),
        rospy.Subscriber("/diagnostics", DiagnosticArray, reports.take),
        rospy.Subscriber("/rosout", Log, log.take),
    ]
    for node in before.nodes:
        subscribers += _listen_to(node, before, topics, queries[node.name])
    sleep(seconds)
    for subscriber in subscribers:
        subscriber.unregister()
    after = graphs.read_graph()  # a node may have ended meanwhile, or become ready
    moments = [message.clock.to_nsec() for message in clock.samples]
    statuses = [status for array in reports.samples for status in array.status]
    now = (moments[-1] if moments else 0) if after.use_sim_time else int(time.time() * 1e9)
    return after, [
        Observation(
            after,
            node,
            seconds,
            now,
            topics,
            moments,
            [each for each in statuses if each.name.split(":")[0].strip("/ ") == node.name.strip("/")],
            [each for each in log.samples if each.name == node.name and each.level >= Log.ERROR],
            queries.get(node.name, Recording()),
        )
        for node in after.nodes
    ]


def _listen_to(node: Node, graph: Graph, topics: Dict[str, Recording], queries: Recording) -> List[Any]:
    subscribers = []
    for topic in filter(None, node.inputs):
        kind = _TYPES.get(graph.types.get(topic, node.subscribed[topic]))
        if topic not in topics and kind is not None:
            topics[topic] = Recording(PERIOD if kind in (Image, CompressedImage) else 0.0)
            subscribers.append(rospy.Subscriber(topic, kind, topics[topic].take, buff_size=READ_AHEAD))
    candidates = _candidates_type()
    if candidates is not None:
        subscribers.append(rospy.Subscriber(node.name + "/queries", candidates, queries.take))
    return subscribers


def _candidates_type() -> Optional[type]:
    """The type of ~queries; None where no workspace with the messages of this package is sourced."""
    try:
        from place_recognition_ros.msg import LoopCandidates
    except ImportError:
        return None
    found: type = LoopCandidates
    return found
