"""The node beside a robot's place recognition node: it connects the robot to the fleet's server."""

import threading
import time
from typing import Any, Mapping

import rospy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus

from place_recognition_ros.errors import FleetError, PlaceRecognitionError
from place_recognition_ros.fleet.http import Client
from place_recognition_ros.fleet.link import Link
from place_recognition_ros.fleet.messages import Loop
from place_recognition_ros.msg import LoopCandidates
from place_recognition_ros.ros import messages
from place_recognition_ros.ros.connections import limit_connections
from place_recognition_ros.ros.diagnostics import forward_logs, status_of
from place_recognition_ros.ros.node_source import NodeSource
from place_recognition_ros.types import FeatureKind

DEFAULTS: Mapping[str, Any] = {
    "server": "http://127.0.0.1:7117",
    "node": "place_recognition",
    "period_s": 2.0,
}
MAX_PERIOD = 20.0  # seconds; the server closes a connection that is silent for 30
RETRY = 2.0  # seconds until the node is asked again
REPORT_PERIOD = 1.0  # seconds
STOP_TIMEOUT = 1.0  # seconds


class FleetLink:
    """Sends the keyframes of a node and publishes the loops of the fleet.

    Args:
        parameters: those of the node; see ``DEFAULTS``.

    Raises:
        FleetError: if a parameter cannot be used, or the robot has no name.
    """

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        unknown = set(parameters) - set(DEFAULTS)
        if unknown:
            raise FleetError(f"expected parameters among {', '.join(DEFAULTS)}. Received: {sorted(unknown)}")
        values = {**DEFAULTS, **parameters}
        period = values["period_s"]
        if type(period) not in (int, float) or not 0.1 <= period <= MAX_PERIOD:
            raise FleetError(f"expected period_s from 0.1 to {MAX_PERIOD} s. Received: {period!r}")
        self._client = Client(str(values["server"]))
        node = rospy.resolve_name(str(values["node"]))
        robot = str(rospy.get_param(f"{node}/robot", ""))
        if not robot:
            raise FleetError(f"expected the name of this robot as the parameter {node}/robot. Received: none")
        self._source = NodeSource(node)
        self._loops = rospy.Publisher("fleet/loop_candidates", LoopCandidates, queue_size=100)
        self._diagnostics = rospy.Publisher("/diagnostics", DiagnosticArray, queue_size=1)
        kind = (
            FeatureKind.ORB if rospy.get_param(f"{node}/feature_model", "") == "orb" else FeatureKind.NETWORK
        )
        self._link = Link(robot, self._source, kind, self._client.exchange, self._publish, period)
        self._trouble, self._ended = "", threading.Event()
        rospy.loginfo("Robot %s, server %s", robot, values["server"])

    def run(self) -> None:
        """Work until the node is shut down."""
        thread = threading.Thread(target=self._work, daemon=True)
        thread.start()
        while not rospy.is_shutdown():
            self._report()
            time.sleep(REPORT_PERIOD)  # wall time: the clock of a bag may stand still
        self._ended.set()
        thread.join(STOP_TIMEOUT)

    def _work(self) -> None:
        while not self._ended.is_set():
            try:
                pause, self._trouble = self._link.step(), ""
            except PlaceRecognitionError as error:
                pause, self._trouble = RETRY, str(error)
                rospy.logwarn_throttle(60.0, "%s", error)
            self._ended.wait(pause)

    def _publish(self, loop: Loop) -> None:
        message = messages.from_candidate(
            loop.candidate, loop.frame_id, loop.match_map, self._source.identity().model_id
        )
        header, query_id = message.header, loop.candidate.query_id
        self._loops.publish(LoopCandidates(header=header, query_id=query_id, candidates=[message]))

    def _report(self) -> None:
        status = self._link.status
        found = [(DiagnosticStatus.WARN, text) for text in (self._trouble, status.error) if text]
        name = f"{rospy.get_name().lstrip('/')}: fleet"
        report = status_of(name, "", found, "connected", status._asdict())
        self._diagnostics.publish(
            DiagnosticArray(header=messages.header(int(time.time() * 1e9), ""), status=[report])
        )


def main() -> int:
    """Run the node; returns the process's exit code."""
    try:
        rospy.init_node("fleet_link")
        forward_logs()
        limit_connections()
        FleetLink(rospy.get_param("~", {})).run()
    except PlaceRecognitionError as error:
        rospy.logfatal("%s: %s", type(error).__name__, error)
        return 1
    return 0
