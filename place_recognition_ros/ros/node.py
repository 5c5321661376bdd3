"""The ROS node: it connects topics and services to the worker. Callbacks only store; the worker works."""

import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Optional

import cv2
import rospy
from nav_msgs.msg import Odometry
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Bool

from place_recognition_ros.config import Config
from place_recognition_ros.detector import LoopDetector
from place_recognition_ros.errors import PlaceRecognitionError, WorkerBusy
from place_recognition_ros.ros import messages
from place_recognition_ros.ros.camera_inputs import READ_AHEAD, CameraInputs
from place_recognition_ros.ros.diagnostics import TROUBLES, Reporter, forward_logs
from place_recognition_ros.ros.image_use import ImageUse
from place_recognition_ros.ros.map_file import map_file
from place_recognition_ros.ros.map_services import MapServices
from place_recognition_ros.ros.odometry import OdometryInput
from place_recognition_ros.ros.pipeline import ImageMessage, Pipeline, Status
from place_recognition_ros.ros.publishers import Publishers
from place_recognition_ros.ros.services import Services
from place_recognition_ros.types import Count
from place_recognition_ros.worker import Worker

STOP_TIMEOUT = 4.0  # seconds; a supervisor kills what takes longer
TICK = 0.2  # seconds: how late something may be noticed that only needs time
REPORT_PERIOD = 1.0  # seconds of wall time: rospy's timers die when the clock of a bag jumps back
MAX_FAILURES = 5  # in a row: this process is broken, the next may not be


class PlaceRecognitionNode:
    """Topics and services of a :class:`LoopDetector`.

    Args:
        config: the parameters.

    Raises:
        ModelError, EngineError, StoreError: what cannot be opened, and why.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._odometry = OdometryInput(config, rospy.resolve_name("odom"), self._has_odometry)
        self._odometry_subscriber: Optional[rospy.Subscriber] = None
        self._publishers = Publishers()
        self._use = ImageUse(TROUBLES)
        self._reporter = Reporter(rospy.get_name())
        self._tracking_ok: Optional[bool] = None
        self._ticking: Optional[Future] = None
        self._ended = threading.Event()
        self._worker: Worker[Pipeline, ImageMessage, Status] = Worker(
            self._open_pipeline, Pipeline.take, Pipeline.status, self._log_failure
        )
        self._worker.start(rospy.is_shutdown)
        Services(self._worker)
        MapServices(self._worker)
        self._subscribe()
        rospy.on_shutdown(self._ended.set)
        detector = self._worker.status.detector
        rospy.loginfo("Ready: %d keyframes in the map, model %s", detector.keyframes, detector.model_id)

    def _open_pipeline(self) -> Pipeline:
        detector = LoopDetector.open(self._config)
        return Pipeline(detector, self._odometry, self._publishers, self._use, CameraInputs(self._config))

    def _subscribe(self) -> None:
        # No queue_size: rospy would drop images without counting them; the mailbox counts them.
        rospy.Subscriber("keyframe", Image, self._worker.offer, buff_size=READ_AHEAD)
        rospy.Subscriber("keyframe/compressed", CompressedImage, self._worker.offer, buff_size=READ_AHEAD)
        odometry = rospy.Subscriber("odom", Odometry, self._take_odometry, queue_size=100)
        self._odometry_subscriber = odometry
        rospy.Subscriber("tracking_ok", Bool, self._take_tracking, queue_size=10)
        rospy.Subscriber("~mask", Image, self._take_mask, queue_size=1)

    def spin(self) -> int:
        """Report until the end; returns the process's exit code."""
        due = time.monotonic() + REPORT_PERIOD
        while not self._ended.wait(TICK):
            if self._worker.status.waits:
                self._tick()
            if time.monotonic() >= due:
                due += REPORT_PERIOD
                self._report()
            if self._is_broken():
                break
        broken = not self._ended.is_set()
        if not self._worker.stop(STOP_TIMEOUT):
            rospy.logerr("expected the worker to end within %.0f s. Received: it still works", STOP_TIMEOUT)
            broken = True
        return int(broken)

    def _is_broken(self) -> bool:
        if not self._worker.is_alive:
            rospy.logfatal("The worker has ended; this process ends")
            return True
        if self._worker.status.failures >= MAX_FAILURES:
            rospy.logfatal("%d keyframes in a row failed; this process ends", MAX_FAILURES)
            return True
        return False

    def _report(self) -> None:
        now, status = time.monotonic(), self._worker.status
        complaints = filter(None, (self._use.complaint(now), self._odometry.complaint(now)))
        outside = {Count.DROPPED: self._worker.dropped, **self._odometry.counts}
        self._publishers.diagnostics(
            self._reporter.report(status, outside, "; ".join(complaints), len(self._odometry))
        )
        for complaint in (self._use.new_complaint(now), self._odometry.new_complaint(now)):
            if complaint:
                rospy.logwarn("%s", complaint)

    def _tick(self) -> None:
        if self._ticking is None or self._ticking.done():  # a busy worker's line would be full of them
            with suppress(WorkerBusy):  # again in a moment
                self._ticking = self._worker.post(Pipeline.tick)
                self._ticking.add_done_callback(self._check_tick)

    def _check_tick(self, future: Future) -> None:
        error = None if future.cancelled() else future.exception()
        if isinstance(error, Exception):
            self._log_failure(error)

    def _has_odometry(self) -> bool:
        subscriber = self._odometry_subscriber
        return subscriber is not None and subscriber.get_num_connections() > 0

    # ------------------------------------------------------------------------ in rospy's threads

    def _take_odometry(self, message: Odometry) -> None:
        header, pose = message.header, messages.to_pose(message.pose.pose)
        self._odometry.take(header.stamp.to_nsec(), pose, header.frame_id, message.child_frame_id)

    def _take_tracking(self, message: Bool) -> None:
        if message.data == self._tracking_ok:
            return  # the worker's line is short
        try:
            request = partial(Pipeline.set_tracking, ok=message.data, when=time.monotonic())
            self._tracking_ok = message.data
            self._worker.post(request).add_done_callback(self._check_tracking)
        except WorkerBusy as error:
            self._tracking_ok = None
            rospy.logerr("tracking_ok: %s", error)

    def _check_tracking(self, future: Future) -> None:
        if not future.cancelled() and future.exception() is not None:
            rospy.logerr("tracking_ok: %r", future.exception())
            self._tracking_ok = None  # the next message is a new one

    def _take_mask(self, message: Image) -> None:
        try:
            self._worker.post(partial(Pipeline.set_mask, message=message))
        except WorkerBusy as error:
            rospy.logerr("mask: %s", error)

    # --------------------------------------------------------------------- in the worker's thread

    @staticmethod
    def _log_failure(error: Exception) -> None:
        rospy.logerr_throttle(1.0, "A keyframe failed, the next one may not: %r", error)


def main() -> int:
    """Run the node; returns the process's exit code."""
    rospy.init_node("place_recognition")
    forward_logs()
    try:
        config = Config(**rospy.get_param("~", {}))
        config.map_path = map_file(config.map_path, rospy.get_name())
        rospy.loginfo("Map: %s", config.map_path or "temporary")
        cv2.setNumThreads(config.threads)  # the other cores are for SLAM
        return PlaceRecognitionNode(config).spin()
    except PlaceRecognitionError as error:
        rospy.logfatal("%s: %s", type(error).__name__, error)
        return 1
