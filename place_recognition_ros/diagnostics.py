"""What an operator sees of the node on /diagnostics."""

import logging
import os
import time
from collections import Counter
from typing import Counter as CounterType
from typing import Dict, Tuple

import rospy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from place_recognition_ros.messages import header

TROUBLE = {  # counter ► level, where it has risen since the last report
    "dropped": DiagnosticStatus.WARN,
    "bad images": DiagnosticStatus.WARN,
    "not stored": DiagnosticStatus.WARN,
    "store failed": DiagnosticStatus.ERROR,
    "failed": DiagnosticStatus.ERROR,
}


class Reporter:
    """Makes the reports of one node.

    Args:
        name: of the node.
        model_id: of the model that it runs.
        engine: that runs it.
        fallback: why it is not the engine that was meant; empty if it is.
    """

    def __init__(self, name: str, model_id: str, engine: str, fallback: str = "") -> None:
        self._name, self._fallback = name, fallback
        self._fixed = {"model": model_id, "engine": engine}
        self._counts: CounterType[str] = Counter()
        self._time = time.monotonic()

    def report(
        self, counts: CounterType[str], latencies: Dict[str, Tuple[float, float]], facts: Dict[str, object]
    ) -> DiagnosticArray:
        """One report; call it about once a second.

        Args:
            counts: what has happened since the start.
            latencies: stage ► (median, 95th percentile), seconds.
            facts: what else there is to say.
        """
        now = time.monotonic()
        risen = counts - self._counts
        rate = risen["keyframes"] / (now - self._time)
        self._counts, self._time = Counter(counts), now
        troubles = [name for name in TROUBLE if risen[name]]
        levels = [TROUBLE[name] for name in troubles] + [DiagnosticStatus.WARN] * bool(self._fallback)
        said = [f"{risen[name]} {name}" for name in troubles] + [self._fallback] * bool(self._fallback)
        status = DiagnosticStatus(
            level=max(levels, default=DiagnosticStatus.OK),
            name=self._name + ": place recognition",
            hardware_id=self._fixed["engine"],
            message="; ".join(said) or f"{rate:.1f} keyframes/s",
        )
        values: Dict[str, object] = dict(self._fixed)
        values["keyframes per second"] = f"{rate:.2f}"
        values["memory [MB]"] = f"{resident_bytes() / 1e6:.0f}"
        values.update(facts)
        values.update(sorted(counts.items()))
        for stage, (median, high) in sorted(latencies.items()):
            values[stage + " [ms], median and 95 %"] = f"{1e3 * median:.1f}, {1e3 * high:.1f}"
        status.values = [KeyValue(key=key, value=str(value)) for key, value in values.items()]
        return DiagnosticArray(header=header(int(time.time() * 1e9), ""), status=[status])


class _ToRos(logging.Handler):
    """What the parts without ROS say, in the node's log and on /rosout."""

    def emit(self, record: logging.LogRecord) -> None:
        say = {logging.DEBUG: rospy.logdebug, logging.INFO: rospy.loginfo, logging.WARNING: rospy.logwarn}
        say.get(record.levelno, rospy.logerr)("%s", record.getMessage())


def forward_logs() -> None:
    """Let this package's own log speak through ROS."""
    log = logging.getLogger(__name__.split(".")[0])
    log.setLevel(logging.DEBUG)
    log.propagate = False
    log.addHandler(_ToRos())


def resident_bytes() -> int:
    """Memory of this process that is in RAM."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
