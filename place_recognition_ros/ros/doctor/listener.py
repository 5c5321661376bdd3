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
        """The topic on which most images were received, and these images."""
        inputs = self.node.inputs
        topic = max((inputs.image, inputs.compressed), key=lambda each: len(self.recording(each).stamps))
        return topic, self.recording(topic)

    def value(self, key: str) -> str:
        """A value in the newest of the node's reports that has it; empty: none has."""
        found = [pair.value for report in self.reports for pair in report.values if pair.key == key]
        return found[-1] if found else ""

    def risen(self, key: str) -> int:
        """How much a count of the node's reports has risen; one that a report does not have is 0."""
        if not self.value(key):
            return 0
        name = [each.name for each in self.reports if any(pair.key == key for pair in each.values)][-1]
        first = next(each for each in self.reports if each.name == name)
        return int(self.value(key)) - sum(int(pair.value) for pair in first.values if pair.key == key)


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
    wall_time = int(time.time() * 1e9)
    for subscriber in subscribers:
        subscriber.unregister()
    after = graphs.read_graph()  # a node may have ended meanwhile, or become ready
    moments = [message.clock.to_nsec() for message in clock.samples]
    now = (moments[-1] if moments else 0) if after.use_sim_time else wall_time
    found = []
    for node in after.nodes:
        own, errors = _reports_of(node.name, reports.samples), _errors_of(node.name, log.samples)
        results = queries.get(node.name, Recording())
        found.append(Observation(after, node, seconds, now, topics, moments, own, errors, results))
    return after, found


def _reports_of(node: str, arrays: List[DiagnosticArray]) -> List[DiagnosticStatus]:
    statuses = [status for array in arrays for status in array.status]
    return [each for each in statuses if each.name.split(":")[0].strip("/ ") == node.strip("/")]


def _errors_of(node: str, log: List[Log]) -> List[Log]:
    return [each for each in log if each.name == node and each.level >= Log.ERROR]


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
