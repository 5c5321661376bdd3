"""The ROS node: convert, call, publish. Callbacks only store; the worker works."""

import threading
from collections import Counter
from functools import partial
from typing import Callable, List, Union

import cv2
import rospy
from diagnostic_msgs.msg import DiagnosticArray
from nav_msgs.msg import Odometry
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Bool

from place_recognition_ros import messages
from place_recognition_ros.config import Config
from place_recognition_ros.detector import LoopDetector
from place_recognition_ros.diagnostics import Reporter, forward_logs
from place_recognition_ros.errors import ImageError, PlaceRecognitionError, WorkerBusy
from place_recognition_ros.keyframes.odometry import OdometryBuffer
from place_recognition_ros.keyframes.picker import KeyframePicker, Verdict
from place_recognition_ros.msg import Descriptor, KidnapState, LoopCandidates
from place_recognition_ros.srv import QueryImage, QueryImageResponse, Relocalize, RelocalizeResponse
from place_recognition_ros.types import Candidate, Keyframe
from place_recognition_ros.worker import Worker

ImageMessage = Union[Image, CompressedImage]

SERVICE_TIMEOUT = 5.0  # seconds
STOP_TIMEOUT = 4.0  # seconds; a supervisor kills what takes longer
REPORT_PERIOD = 1.0  # seconds of wall time: rospy's timers die when the clock of a bag jumps back
MAX_FAILURES = 5  # in a row: this process is broken, the next may not be
MAX_ANSWERS = 100  # of one ~query_image: its work grows with the square
READ_AHEAD = 2**24  # bytes; with a smaller buffer rospy hands out old images


class PlaceRecognitionNode:
    """Topics and services of a :class:`LoopDetector`.

    Args:
        config: the parameters.

    Raises:
        ModelError, EngineError, StoreError: what cannot be opened, and why.
    """

    def __init__(self, config: Config) -> None:
        self._counts: Counter = Counter()
        self._odometry = OdometryBuffer()
        self._picker = KeyframePicker(config.max_rate_hz, config.min_motion_m, config.min_rotation_rad)
        self._frame_id = ""
        self._tracking_ok = True
        self._ended = threading.Event()
        self._worker: Worker[LoopDetector, ImageMessage] = Worker(
            partial(LoopDetector.open, config), self._handle, self._note_failure
        )
        self._worker.start(rospy.is_shutdown)
        self._detector: LoopDetector = self._worker.call(lambda detector: detector, SERVICE_TIMEOUT)
        self._model_id = self._detector.card.model_id
        self._reporter = Reporter(
            rospy.get_name(), self._model_id, self._detector.engine_name, self._detector.fallback
        )
        self._advertise()
        self._subscribe()
        rospy.on_shutdown(self._ended.set)
        rospy.loginfo("Ready: %d keyframes in the map, model %s", len(self._detector.map), self._model_id)

    def _advertise(self) -> None:
        self._loops = rospy.Publisher("loop_candidates", LoopCandidates, queue_size=10)
        self._queries = rospy.Publisher("~queries", LoopCandidates, queue_size=10)
        self._descriptors = rospy.Publisher("~descriptor", Descriptor, queue_size=10)
        self._kidnap = rospy.Publisher("~kidnap_state", KidnapState, queue_size=10, latch=True)
        self._diagnostics = rospy.Publisher("/diagnostics", DiagnosticArray, queue_size=1)
        rospy.Service("relocalize", Relocalize, self._relocalize)
        rospy.Service("~query_image", QueryImage, self._query_image)
        self._publish_kidnap_state(self._detector)

    def _subscribe(self) -> None:
        # No queue_size: rospy would leave images out without a word; the mailbox counts them.
        rospy.Subscriber("keyframe", Image, self._worker.offer, buff_size=READ_AHEAD)
        rospy.Subscriber("keyframe/compressed", CompressedImage, self._worker.offer, buff_size=READ_AHEAD)
        rospy.Subscriber("odom", Odometry, self._hear_odometry, queue_size=100)
        rospy.Subscriber("tracking_ok", Bool, self._hear_tracking, queue_size=10)

    def spin(self) -> int:
        """Report until the end; the process's exit code."""
        while not self._ended.wait(REPORT_PERIOD):
            self._diagnostics.publish(self._report())
            if self._worker.failures_in_a_row >= MAX_FAILURES:
                rospy.logfatal(
                    "%d keyframes in a row failed; ending, so that a new process may do better", MAX_FAILURES
                )
                break
        broken = not self._ended.is_set()
        if not self._worker.stop(STOP_TIMEOUT):
            rospy.logerr("expected the worker to end within %.0f s. Received: nothing", STOP_TIMEOUT)
            broken = True
        return int(broken)

    # ------------------------------------------------------------------ in rospy's threads: store

    def _hear_odometry(self, message: Odometry) -> None:
        self._odometry.add(message.header.stamp.to_nsec(), messages.to_pose(message.pose.pose))

    def _hear_tracking(self, message: Bool) -> None:
        if message.data == self._tracking_ok:
            return  # no news; the line is short
        try:
            stamp = rospy.Time.now().to_nsec()
            self._worker.post(partial(self._set_tracking, ok=message.data, stamp=stamp))
            self._tracking_ok = message.data
        except WorkerBusy as error:
            rospy.logerr("tracking_ok: %s", error)

    def _relocalize(self, _: Relocalize) -> RelocalizeResponse:
        return self._serve(RelocalizeResponse, lambda detector: detector.relocalize())

    def _query_image(self, request: QueryImage) -> QueryImageResponse:
        k = min(request.k or self._detector.config.top_k, MAX_ANSWERS)
        return self._serve(
            QueryImageResponse, lambda detector: detector.query(messages.to_image(request.image), k)
        )

    def _serve(self, response: Callable, ask: Callable[[LoopDetector], List[Candidate]]) -> object:
        try:
            candidates = self._worker.call(ask, SERVICE_TIMEOUT)
        except PlaceRecognitionError as error:
            return response(success=False, message=str(error))
        found = any(candidate.accepted for candidate in candidates)
        return response(
            success=found,
            message=messages.describe(candidates),
            candidates=[messages.from_candidate(each, self._frame_id, self._model_id) for each in candidates],
        )

    # --------------------------------------------------------------------- in the worker's thread

    def _set_tracking(self, detector: LoopDetector, ok: bool, stamp: int) -> None:
        if detector.set_tracking(ok, stamp):
            self._publish_kidnap_state(detector)

    def _handle(self, detector: LoopDetector, message: ImageMessage) -> None:
        stamp = message.header.stamp.to_nsec()
        pose = self._odometry.at(stamp)
        verdict = self._picker.pick(stamp, pose)
        self._counts[verdict.value] += 1
        if verdict == Verdict.CLOCK_JUMPED:
            rospy.logwarn("The clock jumped back: a new session begins")
            detector.start_session()
        elif verdict != Verdict.KEYFRAME:
            return
        try:
            image = messages.to_image(message)
        except ImageError as error:
            self._counts["bad images"] += 1
            rospy.logerr_throttle(5.0, "Image refused: %s", error)
            return
        self._frame_id = message.header.frame_id
        state = detector.kidnap.state
        self._publish(detector, stamp, detector.add(Keyframe(image, stamp, pose)))
        if detector.kidnap.state != state:
            self._publish_kidnap_state(detector)

    def _publish(self, detector: LoopDetector, stamp: int, candidates: List[Candidate]) -> None:
        """One message on ~queries for each keyframe, an empty one for a picture that is no place."""
        query = detector.newest
        asked = query is not None and query.stamp == stamp
        number = query.id if query is not None and asked else 0
        made = [messages.from_candidate(each, self._frame_id, self._model_id) for each in candidates]
        header = messages.header(stamp, self._frame_id)
        self._queries.publish(LoopCandidates(header=header, query_id=number, candidates=made))
        accepted = [message for message, each in zip(made, candidates) if each.accepted]
        if accepted:
            self._loops.publish(LoopCandidates(header=header, query_id=number, candidates=accepted))
        if query is not None and asked and self._descriptors.get_num_connections():
            self._descriptors.publish(
                messages.from_query(query, detector.map.session, self._frame_id, self._model_id)
            )

    def _publish_kidnap_state(self, detector: LoopDetector) -> None:
        kidnap = detector.kidnap
        since = messages.to_time(kidnap.since)
        header = messages.header(kidnap.since, self._frame_id)
        self._kidnap.publish(
            KidnapState(header=header, state=int(kidnap.state), session=detector.map.session, since=since)
        )

    def _note_failure(self, error: Exception) -> None:
        self._counts["failed"] += 1
        rospy.logerr_throttle(1.0, "A keyframe failed, the next one may not: %r", error)

    # ------------------------------------------------------------------------ in the main thread

    def _report(self) -> DiagnosticArray:
        detector = self._detector
        counts = Counter({"dropped": self._worker.dropped})
        for counter in (self._counts, detector.counts):
            counts.update(dict(counter))  # the copy is atomic; the worker may be counting something new
        facts = {
            "keyframes in the map": len(detector.map),
            "damaged keyframes left out": detector.map.damaged,
            "odometry poses": len(self._odometry),
            "session": detector.map.session,
            "tracking": detector.kidnap.state.name,
        }
        return self._reporter.report(counts, detector.watch.summary(), facts)


def main() -> int:
    """Run the node; the process's exit code."""
    rospy.init_node("place_recognition")
    forward_logs()
    try:
        config = Config(**rospy.get_param("~", {}))
        cv2.setNumThreads(config.threads)  # the other cores are for SLAM
        return PlaceRecognitionNode(config).spin()
    except PlaceRecognitionError as error:
        rospy.logfatal("%s: %s", type(error).__name__, error)
        return 1
