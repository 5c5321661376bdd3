"""Who publishes what to whom: the state of the ROS master, and of the nodes."""

import os
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple
from xmlrpc.client import ServerProxy

import rosgraph
from rosgraph.names import namespace
from rosgraph.network import is_local_address, parse_http_host_and_port

from place_recognition_ros.config import Config
from place_recognition_ros.renamed import former
from place_recognition_ros.ros.master_watch import BriefTransport

CALLER = "/place_recognition_doctor"
IMAGE, COMPRESSED = "sensor_msgs/Image", "sensor_msgs/CompressedImage"
CAMERA_INFO, ODOMETRY = "sensor_msgs/CameraInfo", "nav_msgs/Odometry"
_SERVICE = "/query_image"  # every node of ours has it, in its own namespace


class Inputs(NamedTuple):
    """The topics that a node subscribes to, after remapping; empty: not subscribed (yet)."""

    image: str = ""
    compressed: str = ""
    camera_info: str = ""
    depth: str = ""
    odom: str = ""


class Node(NamedTuple):
    """A place recognition node."""

    name: str
    registered: bool  # at the master; False: only its parameters are there
    responds: bool
    is_local: bool  # whether it runs on this machine
    subscribed: Dict[str, str]  # topic → the type that the node expects
    parameters: Dict[str, Any]

    @property
    def inputs(self) -> Inputs:
        """Which topic is what; three of them may be images, which only their names distinguish."""
        home = namespace(self.name)
        images = self._of(IMAGE)
        images = [each for each in images if each != self.name + "/mask"] if len(images) > 2 else images
        images = [each for each in images if "mask" not in each] if len(images) > 2 else images
        images.sort(key=lambda topic: (topic == home + "depth", topic != home + "keyframe", "depth" in topic))
        depth = images.pop() if len(images) > 1 else ""
        first = [(self._of(kind) or [""])[0] for kind in (COMPRESSED, CAMERA_INFO, ODOMETRY)]
        return Inputs(images[0] if images else "", first[0], first[1], depth, first[2])

    def parameter(self, name: str) -> Any:
        """The value of a parameter; the default where it is not set or unknown."""
        table = {row.name: row.default for row in Config.table()}
        for each in (name, *former(name)):
            if each in self.parameters:
                return self.parameters[each]
        return table[name]

    def _of(self, kind: str) -> List[str]:
        return sorted(topic for topic, each in self.subscribed.items() if each == kind)


class Graph(NamedTuple):
    """The state of the master."""

    publishers: Dict[str, List[str]]  # topic → names of nodes
    subscribers: Dict[str, List[str]]
    types: Dict[str, str]  # topic → type that is published there
    use_sim_time: bool
    nodes: List[Node]

    def published(self, *kinds: str) -> List[str]:
        """The topics that are published with one of these types; without the images that our nodes draw."""
        return sorted(
            topic
            for topic, nodes in self.publishers.items()
            if self.types.get(topic) in kinds and topic not in [f"{node}/match_image" for node in nodes]
        )


def read_graph() -> Graph:
    """The present state of the master.

    Raises:
        OSError: if there is no master.
        rosgraph.MasterException: if it refuses.
    """
    master = rosgraph.Master(CALLER)
    publishers, subscribers, services = (dict(each) for each in master.getSystemState())
    parameters = master.getParam("/")
    registered = [
        name[: -len(_SERVICE)] for name, nodes in services.items() if name in [n + _SERVICE for n in nodes]
    ]
    configured = [name for name in _configured(parameters) if name not in registered]
    use_sim_time = bool(parameters.get("use_sim_time", False))
    nodes = [_node(master, name, parameters) for name in sorted(registered)]
    nodes += [Node(name, False, False, False, {}, _below(parameters, name)) for name in sorted(configured)]
    return Graph(publishers, subscribers, dict(master.getTopicTypes()), use_sim_time, nodes)


def _node(master: rosgraph.Master, name: str, parameters: Dict[str, Any]) -> Node:
    uri = _try(lambda: master.lookupNode(name)) or ""
    subscribed = _try(lambda: _subscriptions(uri))
    host = parse_http_host_and_port(uri)[0] if uri else ""
    is_local = bool(host) and bool(_try(lambda: is_local_address(host)))
    topics = dict(subscribed or [])
    return Node(name, True, subscribed is not None, is_local, topics, _below(parameters, name))


def _subscriptions(uri: str) -> List[Tuple[str, str]]:
    with ServerProxy(uri, transport=BriefTransport()) as node:
        response: Any = node.getSubscriptions(CALLER)
    return [(str(topic), str(kind)) for topic, kind in response[2]]


def _try(call: Callable[[], Any]) -> Optional[Any]:
    try:
        return call()
    except Exception:  # no connection, no such node, or not XML-RPC: in any case it does not respond
        return None


def _below(parameters: Dict[str, Any], name: str) -> Dict[str, Any]:
    """The private parameters of a node, from the tree of all."""
    for part in name.strip("/").split("/"):
        value = parameters.get(part, {})
        parameters = value if isinstance(value, dict) else {}
    return parameters


def _configured(parameters: Dict[str, Any], name: str = "") -> List[str]:
    """Names of nodes that have parameters of ours: one is ``map_path``, which the launch files always set."""
    found = [name] if name and "map_path" in parameters else []
    for key, value in parameters.items():
        if isinstance(value, dict):
            found += _configured(value, f"{name}/{key}")
    return found


def launch(graph: Graph, node: str = "/place_recognition", *more: str) -> str:
    """The command that starts a node with the images that are published.

    Two launch files that start a node of the same name end each other's again and again: where it runs, the
    command says that this one has to end first.

    Args:
        graph: of the system.
        node: its name.
        more: arguments of the launch file; one for the images replaces that of the images that are published.
    """
    home = namespace(node).strip("/")
    prefix = f"ROS_NAMESPACE={home} " if home else ""
    running = [each for each in graph.nodes if each.name == node and each.registered]
    words = [f"{prefix}roslaunch place_recognition_ros desktop.launch", *more]
    if not any(word.startswith(("image:=", "compressed:=")) for word in more):
        words.insert(1, _own_images(graph, running) or images_argument(graph))
    return " ".join(words) + ("   (first end the launch file that runs)" if running else "")


def _own_images(graph: Graph, running: List[Node]) -> str:
    """The argument for the images that a node uses already; empty: none that are published."""
    for inputs in (each.inputs for each in running):
        for name, topic, kind in (
            ("image", inputs.image, IMAGE),
            ("compressed", inputs.compressed, COMPRESSED),
        ):
            if graph.publishers.get(topic) and graph.types.get(topic) == kind:
                return f"{name}:={topic}"
    return ""


def images_argument(graph: Graph, wanted: str = "keyframe") -> str:
    """The argument of the launch command for the images: the topic that is most probably the camera."""

    def rank(topic: str) -> Tuple[bool, bool, bool, str]:
        name = topic.lower()
        is_other = any(word in name for word in ("depth", "disparity", "mask", "theora"))
        return is_other, os.path.basename(topic) != wanted, graph.types[topic] != IMAGE, topic

    topics = sorted(graph.published(IMAGE, COMPRESSED), key=rank)
    if not topics:
        return "image:=/camera/image_raw"
    return f"{'image' if graph.types[topics[0]] == IMAGE else 'compressed'}:={topics[0]}"
