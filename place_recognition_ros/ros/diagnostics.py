"""What an operator sees of the node on /diagnostics and in its log."""

import logging
import os
import time
from collections import Counter
from typing import Callable, Dict, Mapping, NamedTuple, Optional, Sequence, Tuple
from typing import Counter as CounterType

import numpy as np
import rospy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from place_recognition_ros.config import Config
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

MOVED_ASIDE = (
    "the map was damaged: it is now '{}', and a new map holds what could be read (the log names the damage; "
    "put back a copy of the map, or delete the damaged one)"
)
OLD = (
    "results are {:.1f} s old when they are published: lower max_rate_hz or the load of the machine, or the "
    "clock of the camera is not this one"
)
OTHER_CLOCK = "not known: the stamps are of another clock"
LATEST = 5  # results, of whose age the median counts
LONGEST = 300  # letters of an error that are shown


class Rates(NamedTuple):
    """Per second, since the last report."""

    images: float
    keyframes: float


class Reporter:
    """Makes the reports of one node, after the conventions of diagnostic_updater.

    Args:
        name: of the node.
        config: ``warn_age_s``, ``error_age_s`` and ``map_path`` are used.
        last_error: returns the newest error in the log; empty: none.
    """

    def __init__(self, name: str, config: Config, last_error: Callable[[], str] = str) -> None:
        self._name = name.lstrip("/")
        self._config = config
        self._last_error = last_error
        self._counts: CounterType[Count] = Counter()
        self._images = 0
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
        counts = Counter(status.counts)
        counts.update(outside)
        risen, seconds = counts - self._counts, now - self._time
        images = status.images + counts[Count.DROPPED]
        rates = Rates((images - self._images) / seconds, risen[Count.KEYFRAME] / seconds)
        self._counts, self._images, self._time = counts, images, now
        return _array(
            self._main(status, counts, risen, complaint, odometry_poses, rates.keyframes),
            self._inputs(status),
            self._performance(status, rates),
        )

    def _main(
        self,
        status: Status,
        counts: CounterType[Count],
        risen: CounterType[Count],
        complaint: str,
        odometry_poses: int,
        rate: float,
    ) -> DiagnosticStatus:
        """What was done, and what is wrong."""
        detector = status.detector
        found = [(LEVELS[count], f"{risen[count]} {count.value}") for count in LEVELS if risen[count]]
        found += [(DiagnosticStatus.WARN, text) for text in (complaint, detector.fallback) if text]
        if detector.moved_aside:
            found.append((DiagnosticStatus.ERROR, MOVED_ASIDE.format(detector.moved_aside)))
        values: Dict[str, object] = {
            "model": detector.model_id,
            "engine": detector.engine,
            "map": detector.map_id,
            "keyframes in the map": detector.keyframes,
            "of them in the present visit, not searched": detector.waiting,
            "damaged keyframes left out": detector.damaged,
            "odometry poses": odometry_poses,
            "session": detector.tracking.session,
            "tracking": detector.tracking.state.name,
            "last candidate": _last_candidate(status, time.monotonic()),
            "last error": self._last_error() or "none",
        }
        shown = [count for count in Count if counts[count] or count in ALWAYS]
        values.update((count.value, counts[count]) for count in shown)
        return self._status("place recognition", detector.engine, found, f"{rate:.1f} keyframes/s", values)

    def _inputs(self, status: Status) -> DiagnosticStatus:
        """What accompanies the images; missing inputs are no fault, unusable ones are."""
        inputs = status.inputs
        found = [(DiagnosticStatus.WARN, trouble) for trouble in inputs.troubles]
        values = {name: getattr(inputs, name) for name in ("camera_info", "depth", "tf")}
        return self._status("camera inputs", status.detector.engine, found, "ok", values)

    def _performance(self, status: Status, rates: Rates) -> DiagnosticStatus:
        """How fast it is, and what it needs."""
        age = float(np.median(status.ages[-LATEST:])) if status.ages else 0.0
        level = DiagnosticStatus.ERROR if age > self._config.error_age_s else DiagnosticStatus.WARN
        found = [(level, OLD.format(age))] if age > self._config.warn_age_s else []
        values: Dict[str, object] = {
            "images per second": f"{rates.images:.2f}",
            "keyframes per second": f"{rates.keyframes:.2f}",
            "age of results [s], median and 95 %": _quantiles(status.ages, 1.0, 2) or OTHER_CLOCK,
            "memory [MB]": f"{resident_bytes() / 1e6:.0f}",
            **_disk(self._config.map_path),
        }
        for stage, durations in sorted(status.detector.durations.items()):
            values[stage + " [ms], median and 95 %"] = _quantiles(durations, 1e3, 1)
        message = f"{rates.images:.1f} images/s, results {age:.2f} s old" if status.ages else "ok"
        return self._status("performance", status.detector.engine, found, message, values)

    def not_ready(self, doing: str) -> DiagnosticArray:
        """A report while the model and the map are being opened.

        Args:
            doing: what the worker does.
        """
        values = {"memory [MB]": f"{resident_bytes() / 1e6:.0f}"}
        found = [(DiagnosticStatus.WARN, f"not ready: {doing}")]
        return _array(self._status("place recognition", "", found, "", values))

    def _status(
        self,
        task: str,
        engine: str,
        found: Sequence[Tuple[int, str]],
        normal: str,
        values: Mapping[str, object],
    ) -> DiagnosticStatus:
        return status_of(f"{self._name}: {task}", engine, found, normal, values)


def status_of(
    name: str, hardware_id: str, found: Sequence[Tuple[int, str]], normal: str, values: Mapping[str, object]
) -> DiagnosticStatus:
    """A status with the highest level and all sentences of what was found.

    Args:
        name: of the status.
        hardware_id: what it is about.
        found: levels and sentences.
        normal: the message where nothing was found.
        values: what else is known.
    """
    return DiagnosticStatus(
        level=max((level for level, _ in found), default=DiagnosticStatus.OK),
        name=name,
        hardware_id=hardware_id,
        message="; ".join(text for _, text in found) or normal,
        values=[KeyValue(key=key, value=str(value)) for key, value in values.items()],
    )


def _array(*statuses: DiagnosticStatus) -> DiagnosticArray:
    return DiagnosticArray(header=header(int(time.time() * 1e9), ""), status=list(statuses))


def _quantiles(values: Sequence[float], factor: float, digits: int) -> str:
    """Median and 95 % point; empty: there are no values."""
    if not len(values):
        return ""
    return ", ".join(f"{factor * each:.{digits}f}" for each in np.percentile(values, (50, 95)))


def _last_candidate(status: Status, now: float) -> str:
    found = status.accepted
    if found is None:
        return "none"
    what = f"{found.kind.name}, keyframe {found.match_id} of session {found.match_session}"
    return f"{now - status.accepted_at:.0f} s ago: {what}, confidence {found.confidence:.4f}"


def _disk(path: str) -> Dict[str, str]:
    """What the map needs, and what is free; nothing for a temporary map."""
    if not path:
        return {}
    try:
        used = sum(os.path.getsize(path + end) for end in ("", "-wal") if os.path.exists(path + end))
        free = os.statvfs(os.path.dirname(path) or ".")
    except OSError as error:
        return {"map on disk [MB]": f"not known: {error}"}
    free_bytes = free.f_bavail * free.f_frsize
    return {"map on disk [MB]": f"{used / 1e6:.1f}", "free on disk [MB]": f"{free_bytes / 1e6:.0f}"}


class LastError(logging.Handler):
    """Remembers the newest error that was logged."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self._found: Optional[Tuple[float, str]] = None

    def emit(self, record: logging.LogRecord) -> None:
        self._found = time.monotonic(), record.getMessage()[:LONGEST]

    def text(self) -> str:
        """How long ago it was, and what; empty: there was none."""
        if self._found is None:
            return ""
        when, message = self._found
        return f"{time.monotonic() - when:.0f} s ago: {message}"


class _ToRos(logging.Handler):
    """Passes the log of the parts without ROS to the node's log and /rosout."""

    def emit(self, record: logging.LogRecord) -> None:
        log = {logging.DEBUG: rospy.logdebug, logging.INFO: rospy.loginfo, logging.WARNING: rospy.logwarn}
        log.get(record.levelno, rospy.logerr)("%s", record.getMessage())


def forward_logs() -> LastError:
    """Pass this package's own log to ROS; returns the newest error of both."""
    log = logging.getLogger(__name__.split(".")[0])
    log.setLevel(logging.DEBUG)
    log.propagate = False
    log.addHandler(_ToRos())
    errors = LastError()
    logging.getLogger("rosout").addHandler(errors)
    return errors


def resident_bytes() -> int:
    """Memory of this process that is in RAM."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
