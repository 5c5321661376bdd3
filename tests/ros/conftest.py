"""Fixtures that start real nodes with a private ROS master.

``ros`` is a rospy client in this process; ``start_node`` starts ``nodes/place_recognition_node`` as a
separate process::

    def test_results(ros, start_node):
        node = start_node(map_path="")
        results = ros.subscribe("loop_candidates", LoopCandidates)
        ros.publisher("keyframe", Image).publish(image)
        results.wait(1)
        assert node.stop() == 0
"""

import json
import os
import sys
import threading
import warnings

import pytest
import rosgraph
import rosnode
import rospy

from tests.ros.process import Process, free_port, wait_until

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NODE = os.path.join(ROOT, "nodes", "place_recognition_node")


class Subscription:
    """The messages of a topic in the order of arrival."""

    def __init__(self, topic, kind):
        self.messages = []
        self._subscriber = rospy.Subscriber(topic, kind, self.messages.append)

    def wait(self, count, timeout=10):
        """Wait for ``count`` messages; returns all messages received so far."""
        wait_until(
            lambda: len(self.messages) >= count,
            timeout,
            lambda: f"{count} messages on {self._subscriber.resolved_name}. Received: {len(self.messages)}",
        )
        return list(self.messages)

    def wait_for(self, condition, timeout=10):
        """Wait for a message for which ``condition(message)`` is true; returns the first one."""
        return wait_until(
            lambda: next(filter(condition, list(self.messages)), None),
            timeout,
            lambda: f"a matching message on {self._subscriber.resolved_name}. Received: {len(self.messages)}",
        )

    def close(self):
        self._subscriber.unregister()


class Client:
    """Topics and services for one test; everything is unregistered when the test ends."""

    def __init__(self):
        self._open = []

    def subscribe(self, topic, kind, connected=True):
        """Subscribe to a topic; ``connected``: wait for a publisher."""
        subscription = Subscription(topic, kind)
        self._open.append(subscription.close)
        if connected:
            subscriber = subscription._subscriber
            wait_until(subscriber.get_num_connections, 10, f"a publisher of {topic}")
        return subscription

    def publisher(self, topic, kind, connected=True, latch=False):
        """Create a publisher; ``connected``: wait for a subscriber, so that the first message is not lost."""
        publisher = rospy.Publisher(topic, kind, queue_size=100, latch=latch)
        self._open.append(publisher.unregister)
        if connected:
            wait_until(publisher.get_num_connections, 10, f"a subscriber of {topic}")
        return publisher

    def call(self, service, kind, *request, timeout=10):
        """Call a service; returns its response."""
        rospy.wait_for_service(service, timeout)
        responses = []
        call = threading.Thread(target=lambda: responses.append(rospy.ServiceProxy(service, kind)(*request)))
        call.daemon = True
        call.start()
        call.join(timeout)
        assert responses, f"expected a response of {service} within {timeout} s"
        return responses[0]

    def close(self):
        for close in self._open:
            close()


@pytest.fixture(scope="session")
def ros_master(tmp_path_factory):
    """URI of a ROS master that runs until the end of the test session; one for all folders of tests."""
    if os.environ.get("ROS_MASTER_OF_TESTS"):
        yield os.environ["ROS_MASTER_OF_TESTS"]
        return
    home = tmp_path_factory.mktemp("ros")
    port = free_port()
    uri = f"http://127.0.0.1:{port}"
    os.environ.update(ROS_MASTER_URI=uri, ROS_IP="127.0.0.1", ROS_HOME=str(home), ROS_LOG_DIR=str(home))
    os.environ["ROS_MASTER_OF_TESTS"] = uri
    for name in ("ROS_HOSTNAME", "ROS_NAMESPACE"):
        os.environ.pop(name, None)
    roscore = Process(["roscore", "-p", str(port)], home / "roscore.log", dict(os.environ))
    try:
        wait_until(
            lambda: rosgraph.is_master_online(uri), 30, lambda: f"a ROS master. Its output:\n{roscore.log}"
        )
        yield uri
    finally:
        del os.environ["ROS_MASTER_OF_TESTS"]
        roscore.stop(timeout=30)


@pytest.fixture(scope="session")
def _ros_node(ros_master):
    rospy.init_node("tests", anonymous=True, disable_signals=True)
    yield
    rospy.signal_shutdown("end of the tests")


@pytest.fixture
def ros(_ros_node):
    """A Client for this test."""
    client = Client()
    yield client
    client.close()


def _end(process):
    try:
        process.stop(timeout=30)
    except AssertionError as error:  # rospy may block in its handler of the signal
        warnings.warn(str(error), stacklevel=2)
        process.kill()


@pytest.fixture
def start_process(tmp_path):
    """``start_process(command, env=None)`` → a Process, stopped after the test."""
    processes = []

    def start(command, env=None):
        process = Process(command, tmp_path / f"process-{len(processes)}.log", env or dict(os.environ))
        processes.append(process)
        return process

    yield start
    for process in processes:
        _end(process)


@pytest.fixture
def roslaunch(start_process, ros):
    """``roslaunch(name, env, ready, **arguments)`` starts a launch file → Process.

    Args:
        name: of the launch file.
        env: changes of the environment; None: the variable is not set.
        ready: wait until the node subscribes to its images.
        **arguments: of the launch file; ``ns``: the namespace.
    """

    def launch(name, env=None, ready=True, ns="", **arguments):
        words = [f"{key}:={value}" for key, value in {"python": sys.executable, **arguments}.items()]
        command = ["roslaunch", "place_recognition_ros", name, *words]
        changed = {**os.environ, **(env or {})}
        changed = {name: value for name, value in changed.items() if value is not None}
        process = start_process([*command, f"__ns:={ns}"] if ns else command, changed)
        topic, node = (f"{ns}/{each}" for each in ("keyframe", "place_recognition"))
        topic = arguments.get("image", topic)
        if ready:
            wait_until(
                lambda: is_subscribed(topic, node), 30, lambda: f"a subscription. Output:\n{process.log}"
            )
        return process

    return launch


@pytest.fixture
def start_node(ros, tmp_path):
    """``start_node(name, ready, remap, program, env, **parameters)`` → a Process, killed after the test.

    Args:
        name: node name.
        ready: wait until the node subscribes to its images.
        remap: names of topics and services → other names.
        program: path of the executable.
        env: additional environment variables.
        **parameters: private parameters of the node.
    """
    nodes = []

    def start(name="place_recognition", ready=True, remap=None, env=None, program=NODE, **parameters):
        arguments = [f"{old}:={new}" for old, new in (remap or {}).items()]
        arguments += [f"_{key}:={json.dumps(value)}" for key, value in parameters.items()]
        command = [sys.executable, program, f"__name:={name}", *arguments]
        if not any(node.running and node.name == name for node in nodes):
            _unregister(name)
        node = Process(command, tmp_path / f"{name}-{len(nodes)}.log", dict(os.environ, **env or {}))
        node.name = name
        nodes.append(node)
        if ready:
            topic = rospy.resolve_name((remap or {}).get("keyframe", "keyframe"))
            wait_until(
                lambda: not node.running or is_subscribed(topic, f"/{name}"),
                30,
                lambda: f"a subscription of the node. Its output:\n{node.log}",
            )
            assert node.running, f"the node ended while it started. Its output:\n{node.log}"
        return node

    yield start
    for node in nodes:
        if node.running:
            node.kill()
        _unregister(node.name)


def _unregister(name):
    """Remove the parameters of a node that has ended and, if it was killed, its name from the master."""
    if rospy.has_param(f"/{name}"):
        rospy.delete_param(f"/{name}")
    rosnode.cleanup_master_blacklist(rosgraph.Master("/tests"), [f"/{name}"])


def is_subscribed(topic, node):
    """Whether a node subscribes to a topic; names with their namespaces. Ours does when it is ready."""
    return node in dict(rosgraph.Master("/tests").getSystemState()[1]).get(topic, [])
