"""The ROS node: it connects topics and services to the worker. Callbacks only store; the worker works."""

import signal
import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any, Callable, Mapping, Optional

import cv2
import rospy
from nav_msgs.msg import Odometry
from sensor_msgs.msg import Image

from place_recognition_ros.config import Config
from place_recognition_ros.errors import PlaceRecognitionError, WorkerBusy
from place_recognition_ros.ros import messages
from place_recognition_ros.ros.arrivals import Arrival
from place_recognition_ros.ros.camera_inputs import CameraInputs
from place_recognition_ros.ros.clock import SimulatedClock
from place_recognition_ros.ros.connections import limit_connections
from place_recognition_ros.ros.diagnostics import TROUBLES, Reporter, forward_logs
from place_recognition_ros.ros.fleet_services import FleetServices
from place_recognition_ros.ros.front_end import FrontEnd
from place_recognition_ros.ros.image_topics import ImageTopics
from place_recognition_ros.ros.map_file import map_file
from place_recognition_ros.ros.map_services import MapServices
from place_recognition_ros.ros.master_watch import MasterWatch
from place_recognition_ros.ros.opening import Opening
from place_recognition_ros.ros.pipeline import Pipeline, Status
from place_recognition_ros.ros.publishers import Publishers
from place_recognition_ros.ros.reconfigure import Reconfiguration
from place_recognition_ros.ros.services import Services
from place_recognition_ros.ros.viewers import Viewers
from place_recognition_ros.stream.image_use import ImageUse
from place_recognition_ros.stream.odometry import OdometryInput
from place_recognition_ros.types import Count
from place_recognition_ros.worker import Worker

STOP_TIMEOUT = 4.0  # seconds; a supervisor kills what takes longer
OPENING_STOP_TIMEOUT = 1.0  # seconds, before everything is open: nothing can be lost
END_TIMEOUT = 4.5  # seconds, for everything after a signal
TICK = 0.2  # seconds: how late something may be noticed that only needs time
OPENING_TICK = 0.02  # seconds: the same, before everything is open
REPORT_PERIOD = 1.0  # seconds of wall time: rospy's timers die when the clock of a bag jumps back
MAX_FAILURES = 5  # in a row: this process is broken, the next may not be
MAX_BUSY = 60.0  # seconds with one keyframe or request: the engine hangs


class PlaceRecognitionNode:
    """Topics and services of the detector. The services exist at once; until the model and the map are open,
    they return that the node is not ready.

    Args:
        config: the parameters.
        parameters: the same as the master has them.
        last_error: returns the newest error in the log; empty: none.
    """

    def __init__(
        self, config: Config, parameters: Mapping[str, Any], last_error: Callable[[], str] = str
    ) -> None:
        self._config = config
        self._odometry = OdometryInput(config, rospy.resolve_name("odom"), self._has_odometry)
        self._odometry_subscriber: Optional[rospy.Subscriber] = None
        self._publishers = Publishers()
        self._use = ImageUse(TROUBLES)
        self._reporter = Reporter(rospy.get_name(), config, last_error)
        self._ticking: Optional[Future] = None
        self._ended = threading.Event()
        self._worker: Worker[Pipeline, Arrival, Status] = Worker(
            self._open_pipeline, Pipeline.take, Pipeline.status, self._log_failure
        )
        Services(self._worker)
        MapServices(self._worker)
        FleetServices(self._worker)
        self._master = MasterWatch(rospy.resolve_name("~query_image"), parameters)
        Reconfiguration(config, self._worker, self._master.remember)
        self._images = ImageTopics(self._worker.offer)
        self._front_end = FrontEnd(self._worker.post, config)
        self._complainers = (
            *(self._images, self._use, self._odometry, self._front_end),
            *(self._master, SimulatedClock()),
        )
        rospy.on_shutdown(self._end)
        self._worker.start()

    def _open_pipeline(self) -> Pipeline:
        detector = Opening(self._config, self._worker).detector()
        inputs = CameraInputs(self._config)
        viewers = Viewers(detector.map, self._config.rotate_image)
        return Pipeline(self._config, detector, self._odometry, self._publishers, self._use, inputs, viewers)

    def _subscribe(self) -> None:
        odometry = rospy.Subscriber("odom", Odometry, self._take_odometry, queue_size=100)
        self._odometry_subscriber = odometry
        self._front_end.subscribe()
        rospy.Subscriber("~mask", Image, self._take_mask, queue_size=1)
        # The images last: who waits for a subscriber, as rosbag can, waits until the node is ready.
        self._images.subscribe()
        detector = self._worker.status.detector
        rospy.loginfo("Ready: %d keyframes in the map, model %s", detector.keyframes, detector.model_id)

    def _end(self) -> None:
        """After a signal: the worker ends while rospy still unregisters the node."""
        self._worker.stop(0)
        self._ended.set()

    def spin(self) -> int:
        """Work and report until the end; returns the process's exit code.

        Raises:
            ModelError, EngineError, StoreError: what cannot be opened, and why.
        """
        ready, due = False, time.monotonic()
        while not (self._ended.wait(TICK if ready else OPENING_TICK) or rospy.is_shutdown()):
            if not ready and self._worker.is_open:
                self._subscribe()
                ready = True
            if ready and self._worker.status.waits:
                self._tick()
            if time.monotonic() >= due:
                due += REPORT_PERIOD
                self._report(ready)
            if self._is_broken(ready):
                break
        broken = not (self._ended.is_set() or rospy.is_shutdown())
        stopped = self._worker.stop(STOP_TIMEOUT if ready else OPENING_STOP_TIMEOUT)
        if ready and not stopped:
            rospy.logerr("expected the worker to end within %.0f s. Received: it still works", STOP_TIMEOUT)
            broken = True
        return int(broken)

    def _is_broken(self, ready: bool) -> bool:
        if self._master.is_forgotten:
            rospy.logfatal("The ROS master was restarted and does not know this node; this process ends")
            return True
        if ready and not self._worker.is_alive:
            rospy.logfatal("The worker has ended; this process ends")
            return True
        if ready and self._worker.status.failures >= MAX_FAILURES:
            rospy.logfatal("%d keyframes in a row failed; this process ends", MAX_FAILURES)
            return True
        if self._worker.busy_for > MAX_BUSY:
            rospy.logfatal("The engine hangs: no result within %.0f s; this process ends", MAX_BUSY)
            return True
        return False

    def _report(self, ready: bool) -> None:
        now = time.monotonic()
        if ready:
            self._front_end.watch(now, self._worker.status.detector.tracking.state)
            complaints = filter(None, (each.complaint(now) for each in self._complainers))
            outside = {Count.DROPPED: self._worker.dropped, **self._odometry.counts}
            report = self._reporter.report(
                self._worker.status, outside, "; ".join(complaints), len(self._odometry)
            )
        else:
            report = self._reporter.not_ready(self._worker.opening)
        self._publishers.diagnostics(report)
        for complaint in filter(None, (each.new_complaint(now) for each in self._complainers)):
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
    rospy.on_shutdown(end_in_time)
    try:
        rospy.init_node("place_recognition")
        errors = forward_logs()
        limit_connections()
        parameters = rospy.get_param("~", {})
        config = Config(**parameters)
        config.map_path = map_file(config.map_path, rospy.get_name())
        rospy.loginfo("Map: %s", config.map_path or "temporary")
        cv2.setNumThreads(config.threads)  # the other cores are for SLAM
        return PlaceRecognitionNode(config, parameters, errors.text).spin()
    except PlaceRecognitionError as error:
        rospy.logfatal("%s: %s", type(error).__name__, error)
        return 1
    except rospy.ROSException:
        if not rospy.is_shutdown():  # the signal came while it started
            raise
        return 0


def end_in_time() -> None:
    """End the process at the latest ``END_TIMEOUT`` from now: rospy may wait for a master that is frozen.

    The kernel does it: the default action of this signal needs no thread and no lock of this process.
    """
    signal.setitimer(signal.ITIMER_REAL, END_TIMEOUT)
