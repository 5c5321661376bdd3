"""The node that keeps the fleet's memory."""

import time
from typing import Any, Dict, Mapping

import cv2
import rospy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus

from place_recognition_ros.config import Config
from place_recognition_ros.errors import FleetError, PlaceRecognitionError
from place_recognition_ros.fleet.host import Host
from place_recognition_ros.fleet.matching import Matching
from place_recognition_ros.fleet.server import Status
from place_recognition_ros.ros import messages
from place_recognition_ros.ros.connections import limit_connections
from place_recognition_ros.ros.diagnostics import forward_logs, status_of
from place_recognition_ros.ros.map_file import map_file

DEFAULTS: Mapping[str, Any] = {"host": "127.0.0.1", "port": 7117, "feature_bytes_per_keyframe": 300}
HIGHEST = {"port": 65535, "feature_bytes_per_keyframe": 100000}
REPORT_PERIOD = 1.0  # seconds
SILENT = 30.0  # seconds without a message after which a robot counts as away


class FleetServerNode:
    """Listens for robots, and reports.

    Args:
        parameters: those of ``DEFAULTS``, and those of a place recognition node, of which the models, the
            thresholds, ``map_path``, ``index_uri`` and ``max_keyframes`` are used.

    Raises:
        PlaceRecognitionError: if a parameter cannot be used, or nothing can listen there.
    """

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        own = {name: parameters.get(name, default) for name, default in DEFAULTS.items()}
        for name, most in HIGHEST.items():
            if type(own[name]) is not int or not 0 <= own[name] <= most:
                raise FleetError(f"expected {name} from 0 to {most}. Received: {own[name]!r}")
        config = Config(**{name: value for name, value in parameters.items() if name not in DEFAULTS})
        config.map_path = map_file(config.map_path, rospy.get_name())
        cv2.setNumThreads(config.threads)
        rospy.loginfo("Map: %s", config.map_path or "temporary")
        host, port, feature_bytes = (own[name] for name in DEFAULTS)
        self._host = Host(Matching.of(config), feature_bytes, str(host), port, _log)
        self._diagnostics = rospy.Publisher("/diagnostics", DiagnosticArray, queue_size=1)
        rospy.loginfo("Listening on %s:%d", host, self._host.port)

    def run(self) -> None:
        """Work until the node is shut down.

        Raises:
            PlaceRecognitionError: if the map cannot be opened.
        """
        self._host.start()
        while not rospy.is_shutdown() and self._host.is_alive:
            self._report()
            time.sleep(REPORT_PERIOD)  # wall time: the clock of a bag may stand still
        self._report()
        if not self._host.stop():
            rospy.logerr("expected the server to end in time. Received: it still works")

    def _report(self) -> None:
        status = self._host.status
        name = f"{rospy.get_name().lstrip('/')}: fleet"
        if status is None:
            report = status_of(
                name, "", [(DiagnosticStatus.WARN, "not ready: the map is being opened")], "", {}
            )
        else:
            away = sorted(robot for robot, seconds in status.robots.items() if seconds > SILENT)
            found = [(DiagnosticStatus.WARN, f"silent: {', '.join(away)}")] if away else []
            present = len(status.robots) - len(away)
            report = status_of(name, "", found, f"{present} robots", _values(status))
        header = messages.header(int(time.time() * 1e9), "")
        self._diagnostics.publish(DiagnosticArray(header=header, status=[report]))


def _values(status: Status) -> Dict[str, object]:
    values: Dict[str, object] = {
        "keyframes in the map": status.keyframes,
        "of them with local features": status.described,
        "loops between robots": status.loops,
        "pairs that wait for features": status.waiting,
        "messages refused": status.refused,
        "newest refusal": status.refusal or "none",
    }
    for robot, seconds in sorted(status.robots.items()):
        values[f"robot {robot}"] = f"heard {seconds:.0f} s ago"
    return values


def _log(error: Exception) -> None:
    rospy.logerr_throttle(1.0, "%r", error)


def main() -> int:
    """Run the node; returns the process's exit code."""
    try:
        rospy.init_node("fleet_server")
        forward_logs()
        limit_connections()
        FleetServerNode(rospy.get_param("~", {})).run()
    except PlaceRecognitionError as error:
        rospy.logfatal("%s: %s", type(error).__name__, error)
        return 1
    return 0
