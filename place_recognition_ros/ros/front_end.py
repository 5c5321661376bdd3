"""What the SLAM front end says on ``tracking_ok`` and ``tracked_features``."""

import threading
import time
from concurrent.futures import Future
from functools import partial
from typing import Any, Callable, Dict, NamedTuple

import rospy
from std_msgs.msg import Bool, Int32

from place_recognition_ros.config import Config
from place_recognition_ros.errors import WorkerBusy
from place_recognition_ros.ros.complaints import Complainer
from place_recognition_ros.ros.pipeline import Pipeline
from place_recognition_ros.types import Loss, TrackingState

GONE = 10.0  # seconds without a publisher, who may start again, after which its last report counts no more
SILENT = 10.0  # seconds after "not tracking" without a message before there is a complaint,
REFUTED = 60.0  # and after which that counts no more if the camera has been recognised meanwhile


class _Report(NamedTuple):
    """The last message of a witness; seconds are those of ``time.monotonic``."""

    ok: bool
    received: float
    published: float  # when the topic had a publisher last


class FrontEnd(Complainer):
    """Passes reports on when they change, and withdraws those of a front end that has ended.

    Args:
        post: has a function of the pipeline executed by the worker, as ``Worker.post``.
        config: ``min_tracked_features`` is used, which may change.
    """

    def __init__(self, post: Callable[[Callable[[Pipeline], Any]], Future], config: Config) -> None:
        self._post, self._config = post, config
        self._subscribers: Dict[Loss, rospy.Subscriber] = {}
        self._reports: Dict[Loss, _Report] = {}  # those that count
        self._lock = threading.RLock()  # each publisher has a thread

    def subscribe(self) -> None:
        """Begin to receive messages."""
        self._subscribers = {
            Loss.FRONT_END: rospy.Subscriber("tracking_ok", Bool, self._take_tracking, queue_size=10),
            Loss.FEATURES: rospy.Subscriber("tracked_features", Int32, self._take_features, queue_size=10),
        }

    def watch(self, now: float, state: TrackingState) -> None:
        """Withdraw what counts no more; call it about once a second.

        Args:
            now: seconds, of ``time.monotonic``.
            state: the present one; RECOVERED while a witness reports a loss: the camera was recognised.
        """
        with self._lock:
            for source, report in list(self._reports.items()):
                self._check_source(source, report, now, state)

    def _check_source(self, source: Loss, report: _Report, now: float, state: TrackingState) -> None:
        if self._subscribers[source].get_num_connections():
            self._reports[source] = report = report._replace(published=now)
        refuted = not report.ok and state == TrackingState.RECOVERED and now - report.received >= REFUTED
        if now - report.published >= GONE or refuted:
            self._withdraw(source, report, now)

    def complaint(self, now: float) -> str:
        with self._lock:
            silent = {
                self._subscribers[source].resolved_name: now - report.received
                for source, report in self._reports.items()
                if not report.ok and now - report.received >= SILENT
            }
        return "; ".join(
            f"{topic} reported {silence:.0f} s ago that tracking is lost, and nothing since: keyframes are "
            "not stored until it reports that tracking works"
            for topic, silence in silent.items()
        )

    def _withdraw(self, source: Loss, report: _Report, now: float) -> None:
        try:
            self._post(partial(Pipeline.set_tracking, ok=None, when=now, source=source))
        except WorkerBusy:
            return  # again in a second
        self._reports.pop(source, None)
        reason = "has no publisher" if now - report.published >= GONE else "is silent, a match refutes it"
        last = "works" if report.ok else "is lost"
        rospy.logwarn(
            "%s %s: its last report, tracking %s, counts no more; the images decide until the next one",
            self._subscribers[source].resolved_name,
            reason,
            last,
        )

    # ------------------------------------------------------------------------ in rospy's threads

    def _take_tracking(self, message: Bool) -> None:
        self._take(message.data, Loss.FRONT_END)

    def _take_features(self, message: Int32) -> None:
        least = self._config.min_tracked_features
        if least:
            self._take(message.data >= least, Loss.FEATURES)

    def _take(self, ok: bool, source: Loss) -> None:
        with self._lock:
            now, before = time.monotonic(), self._reports.get(source)
            self._reports[source] = _Report(ok, now, now)
            if before is not None and before.ok == ok:
                return  # the worker's line is short
            try:
                request = partial(Pipeline.set_tracking, ok=ok, when=now, source=source)
                self._post(request).add_done_callback(partial(self._check, source=source))
            except WorkerBusy as error:
                self._reports.pop(source, None)
                rospy.logerr("%s: %s", source.value, error)

    def _check(self, future: Future, source: Loss) -> None:
        if not future.cancelled() and future.exception() is not None:
            rospy.logerr("%s: %r", source.value, future.exception())
            with self._lock:
                self._reports.pop(source, None)  # the next message is a new one
