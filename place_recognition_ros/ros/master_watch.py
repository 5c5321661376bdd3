"""Whether the ROS master still knows this node: rospy registers once, and a restarted master knows nobody."""

import http.client
import logging
import threading
import time
from typing import Any, Mapping, Optional, Tuple
from xmlrpc.client import ServerProxy, Transport

import rosgraph
import rospy

from place_recognition_ros.ros.complaints import Complainer

PERIOD = 1.0  # seconds between two checks
TIMEOUT = 2.0  # seconds for one; a master that is frozen or unplugged does not refuse connections
PATIENCE = 5.0  # seconds without a master before there is a complaint

_LOG = logging.getLogger(__name__)


class BriefTransport(Transport):
    """XML-RPC that does not wait longer than ``TIMEOUT``."""

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        connection = super().make_connection(host)
        connection.timeout = TIMEOUT
        return connection


class MasterWatch(Complainer):
    """Looks this node up at the master once a second, in a thread of its own.

    While there is no master the node goes on: its connections are not affected. A master that has been
    restarted gets the node's parameters back, which roslaunch sets at its start only: the node ends, and the
    process that takes its place needs them.

    Args:
        service: a registered service of this node, to look up.
        parameters: the private parameters of the node.
    """

    def __init__(self, service: str, parameters: Mapping[str, Any]) -> None:
        self.is_forgotten = False
        """Whether the master does not know this node."""
        self._service = service
        self._parameters = dict(parameters)
        self._seen = time.monotonic()
        threading.Thread(target=self._watch, name="master watch", daemon=True).start()

    def complaint(self, now: float) -> str:
        """One sentence while the master does not respond; else ""."""
        silence = now - self._seen
        if silence < PATIENCE:
            return ""
        uri = rosgraph.get_master_uri()
        return (
            f"the ROS master {uri} has not responded for {silence:.0f} s: start roscore, or check the network"
        )

    def remember(self, changed: Mapping[str, Any]) -> None:
        """Parameters of the node have changed: a process that takes its place begins with them."""
        self._parameters = {**self._parameters, **changed}  # a new dictionary: the thread may read the old
        try:
            for name, value in changed.items():
                rospy.set_param(f"~{name}", value)
        except (OSError, rospy.ROSException) as error:  # a master that comes back gets them later
            _LOG.warning("expected the ROS master to take %s. Received: %r", changed, error)

    def _watch(self) -> None:
        while not self.is_forgotten and not rospy.core.is_shutdown_requested():
            try:
                self._check()
                self._seen = time.monotonic()
            except Exception as error:  # no connection, or whatever else is at the master's port
                _LOG.debug("expected a response of the ROS master. Received: %r", error)
            time.sleep(PERIOD)

    def _check(self) -> None:
        with ServerProxy(rosgraph.get_master_uri(), transport=BriefTransport()) as master:
            if self._call(master.lookupService, self._service) or rospy.core.is_shutdown_requested():
                return
            name = rospy.get_name()
            if self._parameters and not self._call(master.hasParam, name):
                self._call(master.setParam, name, self._parameters)
        self.is_forgotten = True

    @staticmethod
    def _call(method: Any, *arguments: Any) -> Optional[Any]:
        """Value of a call of the master; None where it reports a failure."""
        response: Tuple[int, str, Any] = method(rospy.get_name(), *arguments)
        return response[2] if response[0] == 1 else None
