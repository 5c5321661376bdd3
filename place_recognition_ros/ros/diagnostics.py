"""What an operator sees of the node on /diagnostics and in its log."""

import logging
import os
import time
from collections import Counter
from typing import Counter as CounterType
from typing import Dict, Mapping

import numpy as np
import rospy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from place_recognition_ros.ros.camera_inputs import InputStatus
from place_recognition_ros.ros.messages import header
from place_recognition_ros.ros.pipeline import Status
from place_recognition_ros.types import Count

LEVELS = {  # of a count that has risen since the last report
    Count.DROPPED: DiagnosticStatus.WARN,
    Count.NO_STAMP: DiagnosticStatus.WARN,
    Count.WRONG_STAMP: DiagnosticStatus.WARN,
    Count.BAD_IMAGE: DiagnosticStatus.WARN,
    Count.BAD_POSE: DiagnosticStatus.WARN,
    Count.POSE_JUMPED: DiagnosticStatus.WARN,
    Count.BAD_MASK: DiagnosticStatus.WARN,
    Count.TRACKING_LOST: DiagnosticStatus.WARN,
    Count.MAP_FULL: DiagnosticStatus.WARN,
    Count.RETRACTED: DiagnosticStatus.WARN,
    Count.STORE_FAILED: DiagnosticStatus.ERROR,
    Count.FAILED: DiagnosticStatus.ERROR,
}

ALWAYS = (Count.KEYFRAME, Count.DROPPED, Count.ACCEPTED, Count.RETRACTED)
"""Counts that are reported even if they are 0."""

TROUBLES = {  # why images are not used, for the operator; other reasons are normal
    Count.BAD_IMAGE: "images that cannot be decoded (the log names the fault)",
    Count.FEW_FEATURES: "too few local features (dark, blurred, a covered lens, or a wrong 16-bit range?)",
    Count.NO_STAMP: "images without a stamp (set header.stamp in the camera driver)",
    Count.WRONG_STAMP: "stamps far from those before (two publishers on one topic, or a wrong clock?)",
    Count.NOT_NEWER: "stamps that are not newer than the last (two publishers on one topic?)",
    Count.FAILED: "errors while they were processed (see the log)",
}


class Reporter:
    """Makes the reports of one node.

    Args:
        name: of the node.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._counts: CounterType[Count] = Counter()
        self._time = time.monotonic()

    def report(
        self, status: Status, outside: Mapping[Count, int], complaint: str, odometry_poses: int
    ) -> DiagnosticArray:
        """One report; call it about once a second.

        Args:
            status: the worker's.
            outside: what was counted outside the worker, since the start.
            complaint: about images that are not used, or have no pose; empty: none.
            odometry_poses: how many were received lately.
        """
        now = time.monotonic()
        detector = status.detector
        counts = Counter(status.counts)
        counts.update(outside)
        risen = counts - self._counts
        rate = risen[Count.KEYFRAME] / (now - self._time)
        self._counts, self._time = counts, now
        troubles = [count for count in LEVELS if risen[count]]
        warnings = [text for text in (complaint, detector.fallback) if text]
        levels = [LEVELS[count] for count in troubles] + [DiagnosticStatus.WARN] * len(warnings)
        sentences = [f"{risen[count]} {count.value}" for count in troubles] + warnings
        if detector.moved_aside:
            levels.append(DiagnosticStatus.ERROR)
            sentences.append(
                f"the map was damaged: it is now '{detector.moved_aside}', and a new map holds what could be "
                "read (the log names the damage; put back a copy of the map, or delete the damaged one)"
            )
        values: Dict[str, object] = {
            "model": detector.model_id,
            "engine": detector.engine,
            "map": detector.map_id,
            "keyframes per second": f"{rate:.2f}",
            "memory [MB]": f"{resident_bytes() / 1e6:.0f}",
            "keyframes in the map": detector.keyframes,
            "of them in the present visit, not searched": detector.waiting,
            "damaged keyframes left out": detector.damaged,
            "odometry poses": odometry_poses,
            "session": detector.tracking.session,
            "tracking": detector.tracking.state.name,
        }
        shown = [count for count in Count if counts[count] or count in ALWAYS]
        values.update((count.value, counts[count]) for count in shown)
        for stage, durations in sorted(detector.durations.items()):
            median, high = 1e3 * np.percentile(durations, (50, 95))
            values[stage + " [ms], median and 95 %"] = f"{median:.1f}, {high:.1f}"
        report = DiagnosticStatus(
            level=max(levels, default=DiagnosticStatus.OK),
            name=self._name + ": place recognition",
            hardware_id=detector.engine,
            message="; ".join(sentences) or f"{rate:.1f} keyframes/s",
            values=[KeyValue(key=key, value=str(value)) for key, value in values.items()],
        )
        stamp = header(int(time.time() * 1e9), "")
        return DiagnosticArray(header=stamp, status=[report, self._inputs(status.inputs)])

    def not_ready(self, doing: str) -> DiagnosticArray:
        """A report while the model and the map are being opened.

        Args:
            doing: what the worker does.
        """
        report = DiagnosticStatus(
            level=DiagnosticStatus.WARN,
            name=self._name + ": place recognition",
            message=f"not ready: {doing}",
            values=[KeyValue(key="memory [MB]", value=f"{resident_bytes() / 1e6:.0f}")],
        )
        return DiagnosticArray(header=header(int(time.time() * 1e9), ""), status=[report])

    def _inputs(self, inputs: InputStatus) -> DiagnosticStatus:
        """What accompanies the images; missing inputs are no fault, unusable ones are."""
        names = ("camera_info", "depth", "tf")
        return DiagnosticStatus(
            level=DiagnosticStatus.WARN if inputs.troubles else DiagnosticStatus.OK,
            name=self._name + ": camera inputs",
            message="; ".join(inputs.troubles) or "ok",
            values=[KeyValue(key=name, value=getattr(inputs, name)) for name in names],
        )


class _ToRos(logging.Handler):
    """Passes the log of the parts without ROS to the node's log and /rosout."""

    def emit(self, record: logging.LogRecord) -> None:
        log = {logging.DEBUG: rospy.logdebug, logging.INFO: rospy.loginfo, logging.WARNING: rospy.logwarn}
        log.get(record.levelno, rospy.logerr)("%s", record.getMessage())


def forward_logs() -> None:
    """Pass this package's own log to ROS."""
    log = logging.getLogger(__name__.split(".")[0])
    log.setLevel(logging.DEBUG)
    log.propagate = False
    log.addHandler(_ToRos())


def resident_bytes() -> int:
    """Memory of this process that is in RAM."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
