"""Real nodes on a private, real ROS master.

``ros`` is a rospy client in this process; ``start_node`` starts ``nodes/place_recognition_node`` as a
process of its own::

    def test_answers(ros, start_node):
        node = start_node(map_path="")
        answers = ros.subscribe("loop_candidates", LoopCandidates)
        ros.publisher("keyframe", Image).publish(image)
        answers.wait(1)
        assert node.stop() == 0
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
import rosgraph
import rosnode
import rospy

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NODE = os.path.join(ROOT, "nodes", "place_recognition_node")


def wait_until(condition, timeout, what):
    """Value of ``condition()`` as soon as it is true, looked at every 10 ms.

    Args:
        timeout: seconds.
        what: for the error; text, or a function that makes it.
    """
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"not within {timeout} s: {what() if callable(what) else what}")


class Process:
    """A process of the test, with its output in a file."""

    def __init__(self, command, log, env):
        self.log_path = str(log)
        with open(self.log_path, "wb") as file:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env=env,
                start_new_session=True,
            )

    @property
    def pid(self):
        return self._process.pid

    @property
    def running(self):
        return self._process.poll() is None

    @property
    def log(self):
        """All it has written so far."""
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    @property
    def rss(self):
        """Resident memory, in bytes."""
        with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
            line = next(line for line in file if line.startswith("VmRSS:"))
        return 1024 * int(line.split()[1])

    def send(self, number):
        """Send it a signal."""
        self._process.send_signal(number)

    def wait(self, timeout):
        """Its exit code; fails when it is still there after ``timeout`` seconds."""
        wait_until(lambda: not self.running, timeout, lambda: f"the end of a process that says\n{self.log}")
        return self._process.returncode

    def stop(self, number=signal.SIGINT, timeout=10):
        """End it as roslaunch does; its exit code."""
        if self.running:
            self.send(number)
        return self.wait(timeout)

    def kill(self):
        """End it at once, as a power cut would."""
        self._process.kill()
        self._process.wait()


class Subscription:
    """The messages of a topic, in the order in which they came."""

    def __init__(self, topic, kind):
        self.messages = []
        self._subscriber = rospy.Subscriber(topic, kind, self.messages.append)

    def wait(self, count, timeout=10):
        """The messages, as soon as there are ``count`` of them."""
        wait_until(
            lambda: len(self.messages) >= count,
            timeout,
            lambda: f"{count} messages on {self._subscriber.resolved_name}, but {len(self.messages)}",
        )
        return list(self.messages)

    def wait_for(self, condition, timeout=10):
        """The first message of which ``condition(message)`` is true, as soon as it is there."""
        return wait_until(
            lambda: next(filter(condition, list(self.messages)), None),
            timeout,
            lambda: f"a certain message on {self._subscriber.resolved_name} among {len(self.messages)}",
        )

    def close(self):
        self._subscriber.unregister()


class Client:
    """Topics and services, as the test sees them; all is unregistered when the test ends."""

    def __init__(self):
        self._open = []

    def subscribe(self, topic, kind, connected=True):
        """Collect a topic's messages; ``connected`` waits for a publisher."""
        subscription = Subscription(topic, kind)
        self._open.append(subscription.close)
        if connected:
            subscriber = subscription._subscriber
            wait_until(subscriber.get_num_connections, 10, f"a publisher of {topic}")
        return subscription

    def publisher(self, topic, kind, connected=True, latch=False):
        """A publisher; ``connected`` waits for a subscriber, so that the first message arrives."""
        publisher = rospy.Publisher(topic, kind, queue_size=100, latch=latch)
        self._open.append(publisher.unregister)
        if connected:
            wait_until(publisher.get_num_connections, 10, f"a subscriber of {topic}")
        return publisher

    def call(self, service, kind, *request, timeout=10):
        """Answer of a service."""
        rospy.wait_for_service(service, timeout)
        answer = []
        call = threading.Thread(target=lambda: answer.append(rospy.ServiceProxy(service, kind)(*request)))
        call.daemon = True
        call.start()
        call.join(timeout)
        assert answer, f"{service} gave no answer in {timeout} s"
        return answer[0]

    def close(self):
        for close in self._open:
            close()


@pytest.fixture(scope="session")
def ros_master(tmp_path_factory):
    """URI of a ROS master of this test run; it ends with it."""
    home = tmp_path_factory.mktemp("ros")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    uri = f"http://127.0.0.1:{port}"
    os.environ.update(ROS_MASTER_URI=uri, ROS_IP="127.0.0.1", ROS_HOME=str(home), ROS_LOG_DIR=str(home))
    for name in ("ROS_HOSTNAME", "ROS_NAMESPACE"):
        os.environ.pop(name, None)
    roscore = Process(["roscore", "-p", str(port)], home / "roscore.log", dict(os.environ))
    try:
        wait_until(lambda: rosgraph.is_master_online(uri), 30, lambda: f"a ROS master\n{roscore.log}")
        yield uri
    finally:
        roscore.stop(timeout=30)


@pytest.fixture(scope="session")
def _ros_node(ros_master):
    rospy.init_node("tests", anonymous=True, disable_signals=True)
    yield
    rospy.signal_shutdown("the tests are over")


@pytest.fixture
def ros(_ros_node):
    """A Client for this test."""
    client = Client()
    yield client
    client.close()


@pytest.fixture
def start_process(tmp_path):
    """Starts a program: ``start_process(command, env=None)`` gives a Process, ended with the test."""
    processes = []

    def start(command, env=None):
        process = Process(command, tmp_path / f"process-{len(processes)}.log", env or dict(os.environ))
        processes.append(process)
        return process

    yield start
    for process in processes:
        if process.running:
            process.stop(timeout=30)


@pytest.fixture
def start_node(ros, tmp_path):
    """Starts the node: ``start_node(param=value, …)`` gives a Process, ended with the test.

    Args:
        name: node name.
        ready: wait until the node serves relocalize.
        remap: names of topics and services ► others.
        program: what to start.
        env: more environment variables.
        **parameters: private parameters.
    """
    nodes = []

    def start(name="place_recognition", ready=True, remap=None, env=None, program=NODE, **parameters):
        arguments = [f"{old}:={new}" for old, new in (remap or {}).items()]
        arguments += [f"_{key}:={json.dumps(value)}" for key, value in parameters.items()]
        command = [sys.executable, program, f"__name:={name}", *arguments]
        if not any(node.running and node.name == name for node in nodes):
            _forget(name)
        node = Process(command, tmp_path / f"{name}-{len(nodes)}.log", dict(os.environ, **env or {}))
        node.name = name
        nodes.append(node)
        if ready:
            service = rospy.resolve_name((remap or {}).get("relocalize", "relocalize"))
            wait_until(
                lambda: not node.running or _serves(name, service), 30, lambda: f"the node\n{node.log}"
            )
            assert node.running, f"the node ended at start:\n{node.log}"
        return node

    yield start
    for node in nodes:
        if node.running:
            node.kill()
        _forget(node.name)


def _forget(name):
    """Clear the master of a node that is gone: its parameters, and where it was killed its name too, stay."""
    if rospy.has_param(f"/{name}"):
        rospy.delete_param(f"/{name}")
    rosnode.cleanup_master_blacklist(rosgraph.Master("/tests"), [f"/{name}"])


def _serves(name, service):
    """Whether this node offers this service."""
    services = dict(rosgraph.Master("/tests").getSystemState()[2])
    return f"/{name}" in services.get(service, [])
