"""Sends pictures to the node over its topics and gathers what it answers."""

import queue
import time
from typing import Any, Dict, Optional

import rospy
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Bool

from demo.console import line, note
from demo.judge import Found
from demo.ros_messages import KINDS, REASONS, STATUSES, camera_info, constant, make_thumbnail, to_message
from demo.ros_session import START_TIMEOUT, RosSession
from demo.run_log import Answer, RunLog
from demo.sources import Frame, Source, SourceError
from place_recognition_ros.msg import LoopCandidates

NODE = "/place_recognition"
PATIENCE = 3.0  # seconds for an answer before it counts as dropped


class Player:
    """Sends frames at their time and gathers the answers.

    Args:
        ros: the running node.
        source: what to play.
        rate: 2 for twice as fast.
    """

    def __init__(self, ros: RosSession, source: Source, rate: float) -> None:
        self._ros, self._source, self._rate = ros, source, rate
        self.log = RunLog(source.title, source.has_truth)
        self._inbox: queue.Queue = queue.Queue()
        self._sent_at: Dict[int, float] = {}  # frame ► time.monotonic()
        # A bag has stamps of its own; all others count from 0, which ROS takes for no stamp at all.
        counts_from_zero = source.has_truth or not source.has_clock
        self._base = time.time_ns() // 10**9 * 10**9 if counts_from_zero else 0
        self._connect()

    def _connect(self) -> None:
        self._ros.wait_for_master()
        rospy.init_node("demo_player", anonymous=True, disable_signals=True)
        self._raw = rospy.Publisher("keyframe", Image, queue_size=10)
        self._compressed = rospy.Publisher("keyframe/compressed", CompressedImage, queue_size=10)
        self._tracking = rospy.Publisher("tracking_ok", Bool, queue_size=10)
        self._camera = rospy.Publisher("camera_info", CameraInfo, queue_size=10)
        answers = [
            rospy.Subscriber(
                "loop_candidates", LoopCandidates, lambda m: self._inbox.put(("loop", m, time.monotonic()))
            ),
            rospy.Subscriber(
                f"{NODE}/queries", LoopCandidates, lambda m: self._inbox.put(("query", m, time.monotonic()))
            ),
        ]
        ends = [self._raw, self._compressed, self._tracking, *answers]
        deadline = time.monotonic() + START_TIMEOUT
        while not all(end.get_num_connections() for end in ends):
            self._ros.check()
            if time.monotonic() > deadline:
                raise self._ros.failure(
                    f"expected the node to listen within {START_TIMEOUT:.0f} s. Received: nothing"
                )
            time.sleep(0.05)
        self.min_age = round(rospy.get_param(f"{NODE}/min_loop_interval_s", 10.0) * 1e9)

    def play(self) -> None:
        """Send every frame, print every accepted candidate.

        Raises:
            NodeError: if the node ends.
            SourceError: if no picture could be sent.
        """
        print(f"Playing {self._source.title}: {self._source.length} pictures", flush=True)
        tracking: Optional[bool] = None
        start = first = None
        for frame in self._source.frames():
            thumbnail = make_thumbnail(frame)
            if thumbnail is None:
                note(f"skipped: '{frame.name}' is no picture that OpenCV can read")
                continue
            if start is None or first is None:
                start, first = time.monotonic(), frame.stamp
            if self._source.has_clock:
                self._wait_until(start + (frame.stamp - first) / 1e9 / self._rate)
            if frame.tracking_ok != tracking:
                tracking = frame.tracking_ok
                self._set_tracking(tracking)
            self._send(frame, thumbnail)
            if not self._source.has_clock:
                self._wait_for_answers()
        if not self.log.stamps:
            raise SourceError(f"expected pictures in '{self._source.title}'. Received: none that can be read")
        self._wait_for_answers()

    def _set_tracking(self, ok: bool) -> None:
        if not self._source.has_truth:
            return
        self._tracking.publish(ok)
        if self.log.stamps:
            at = self.log.seconds(len(self.log.stamps) - 1)
            note(f"{at:6.1f} s   {'tracking again' if ok else 'lens covered: tracking lost'}")

    def _send(self, frame: Frame, thumbnail: bytes) -> None:
        stamp = self._base + frame.stamp
        message = to_message(frame, stamp)
        publisher = self._compressed if isinstance(message, CompressedImage) else self._raw
        number = self.log.sent(stamp, thumbnail, frame.pose, frame.tracking_ok)
        self._sent_at[number] = time.monotonic()
        if self._source.camera:
            self._camera.publish(camera_info(self._source.camera, message.header))
        publisher.publish(message)

    # ------------------------------------------------------------------------------------ answers

    def _wait_until(self, moment: float) -> None:
        while True:
            left = moment - time.monotonic()
            self._receive(max(left, 0.0))
            if left <= 0:
                return

    def _wait_for_answers(self) -> None:
        """Until the newest picture is answered, or patience ends."""
        deadline = time.monotonic() + PATIENCE
        last = len(self.log.stamps) - 1
        while last not in self.log.answered and time.monotonic() < deadline:
            self._receive(0.05)
        self._receive(0.02)

    def _receive(self, patience: float) -> None:
        """Take the answers that have come, waiting for the first one."""
        self._ros.check()
        try:
            kind, message, moment = (
                self._inbox.get(timeout=patience) if patience > 0 else self._inbox.get_nowait()
            )
            while True:
                self._take(kind, message, moment)
                kind, message, moment = self._inbox.get_nowait()
        except queue.Empty:
            pass

    def _take(self, kind: str, message: Any, moment: float) -> None:
        query = self.log.frame(message.header.stamp.to_nsec())
        if query is None:
            return
        if kind == "query":
            self.log.answered[query] = moment - self._sent_at[query]
            answers = [a for a in (self._answer(query, c) for c in message.candidates) if a is not None]
            self.log.retrieved += answers
            self.log.answers += [a for a in answers if a.status == "VERIFIED"][:1] or answers[:1]
            return
        for candidate in message.candidates:
            match = self.log.frame(candidate.match_stamp.to_nsec())
            if match is not None:
                self.log.model = candidate.model_id
                name = constant(candidate, "kind", KINDS)
                found = Found(query, match, name, candidate.similarity, candidate.inliers)
                print(line(self.log, self.log.accept(found)), flush=True)

    def _answer(self, query: int, candidate: Any) -> Optional[Answer]:
        match = self.log.frame(candidate.match_stamp.to_nsec())
        if match is None:
            return None
        self.log.model = candidate.model_id
        status, reason = constant(candidate, "status", STATUSES), constant(candidate, "reason", REASONS)
        return Answer(query, match, candidate.similarity, status, reason)
