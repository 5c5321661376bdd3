"""Publishes images to the node and collects its results."""

import queue
import time
from pathlib import Path
from typing import Any, Callable, Dict, Optional

import rosbag
import rospy
from diagnostic_msgs.msg import DiagnosticArray
from nav_msgs.msg import Odometry
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Bool

from demo.console import images, line, note
from demo.judge import Accepted
from demo.ros_messages import camera_info, depth_image, make_thumbnail, odometry, to_message
from demo.ros_session import START_TIMEOUT, RosSession, last_error
from demo.run_log import Candidate, RunLog
from demo.sources import Frame, Source, SourceError
from place_recognition_ros.msg import LoopCandidate, LoopCandidates
from place_recognition_ros.ros.diagnostics import TROUBLES
from place_recognition_ros.ros.messages import to_pose
from place_recognition_ros.types import Count, Kind, Reason, Status

NODE = "/place_recognition"
SENT = {
    "keyframe": Image,
    "keyframe/compressed": CompressedImage,
    "tracking_ok": Bool,
    "camera_info": CameraInfo,
    "depth": Image,
    "odom": Odometry,
}
NEEDED = ("keyframe", "keyframe/compressed", "tracking_ok")  # the node subscribes to them in any case
RESULT_TIMEOUT = 3.0  # seconds; a refused or dropped image has no result


class Player:
    """Publishes each frame at its time and records the results in ``log``.

    Args:
        ros: the running node.
        source: the frames.
        rate: speed; 2 is twice as fast.
        record: bag to write: all that is sent, and the accepted candidates; None: none.

    Raises:
        NodeError: if the node ends or does not subscribe in time.
    """

    def __init__(self, ros: RosSession, source: Source, rate: float, record: Optional[Path] = None) -> None:
        self._ros, self._source, self._rate = ros, source, rate
        self._bag = rosbag.Bag(str(record), "w", compression="lz4") if record else None
        self.log = RunLog(source.title, source.has_truth)
        self._inbox: queue.Queue = queue.Queue()
        self._report: Optional[DiagnosticArray] = None  # the node's newest
        self._sent_at: Dict[int, float] = {}  # frame → time.monotonic()
        # A bag has its own stamps; all others start at 0, which means "no stamp" in ROS.
        counts_from_zero = source.has_truth or not source.has_clock
        self._base = time.time_ns() // 10**9 * 10**9 if counts_from_zero else 0
        self._connect()

    def _connect(self) -> None:
        self._ros.wait_for_master()
        rospy.init_node("demo_player", anonymous=True, disable_signals=True)
        self._publishers = {
            topic: rospy.Publisher(topic, kind, queue_size=10) for topic, kind in SENT.items()
        }
        results = [
            rospy.Subscriber("loop_candidates", LoopCandidates, self._put, self._take_loops),
            rospy.Subscriber(f"{NODE}/queries", LoopCandidates, self._put, self._take_query),
            rospy.Subscriber("/diagnostics", DiagnosticArray, self._put_report),
        ]
        ends = [self._publishers[topic] for topic in NEEDED] + results
        deadline = time.monotonic() + START_TIMEOUT
        while not all(end.get_num_connections() for end in ends):
            self._ros.check()
            if time.monotonic() > deadline:
                raise self._ros.failure(
                    f"expected the node to subscribe within {START_TIMEOUT:.0f} s. Received: no connection"
                )
            time.sleep(0.05)
        self.min_age = round(rospy.get_param(f"{NODE}/min_loop_interval_s", 10.0) * 1e9)

    def play(self) -> None:
        """Send all frames; print each accepted candidate.

        Raises:
            NodeError: if the node ends.
            SourceError: if no image could be sent.
        """
        try:
            self._play()
        finally:
            if self._bag:
                self._bag.close()

    def _play(self) -> None:
        print(f"Playing {self._source.title}: {images(self._source.length)}", flush=True)
        tracking: Optional[bool] = None
        start = first = None
        for frame in self._source.frames():
            thumbnail = make_thumbnail(frame)
            if thumbnail is None:
                note(f"Skipped '{frame.name}': not an image that OpenCV can read")
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
                self._wait_for_results()
        if not self.log.stamps:
            raise SourceError(f"expected images in '{self._source.title}'. Received: none that can be read")
        self._wait_for_results()
        self._explain_unused()

    def _set_tracking(self, ok: bool) -> None:
        if not self._source.has_truth:
            return
        self._publish("tracking_ok", Bool(ok))
        if self.log.stamps:
            at = self.log.seconds(len(self.log.stamps) - 1)
            note(f"{at:6.1f} s   {'tracking recovered' if ok else 'lens covered, tracking lost'}")

    def _send(self, frame: Frame, thumbnail: bytes) -> None:
        stamp = self._base + frame.stamp
        message = to_message(frame, stamp)
        number = self.log.add_frame(stamp, thumbnail, frame.pose, frame.tracking_ok)
        self._sent_at[number] = time.monotonic()
        header = message.header
        if frame.odometry is not None:
            self._publish("odom", odometry(frame.odometry, header))
        if self._source.camera:
            self._publish("camera_info", camera_info(self._source.camera, header))
        if frame.depth:
            self._publish("depth", depth_image(frame.depth, header))
        compressed = isinstance(message, CompressedImage)
        self._publish("keyframe/compressed" if compressed else "keyframe", message)

    def _publish(self, topic: str, message: Any) -> None:
        self._publishers[topic].publish(message)
        self._record(topic, message)

    def _record(self, topic: str, message: Any) -> None:
        if self._bag:
            self._bag.write(f"/{topic}", message)

    # ------------------------------------------------------------------------------------ results

    def _wait_until(self, moment: float) -> None:
        while True:
            left = moment - time.monotonic()
            self._receive(max(left, 0.0))
            if left <= 0:
                return

    def _wait_for_results(self) -> None:
        """Until the result of the newest image arrives, or ``RESULT_TIMEOUT``."""
        deadline = time.monotonic() + RESULT_TIMEOUT
        last = len(self.log.stamps) - 1
        while last not in self.log.latencies and time.monotonic() < deadline:
            self._receive(0.05)
        self._receive(0.02)

    def _explain_unused(self) -> None:
        """Record why images were not used, from a report that the node makes after the last one."""
        now = rospy.Time(time.time())
        deadline = time.monotonic() + RESULT_TIMEOUT
        while self._report is None or self._report.header.stamp < now:
            if time.monotonic() > deadline:
                return
            self._receive(0.05)
        counts = {pair.key: pair.value for pair in self._report.status[0].values}
        reasons = {Count.DROPPED: "dropped by the node, which was busy", **TROUBLES}
        error = last_error(self._ros.log.read_text(encoding="utf-8", errors="replace"))
        if error:
            reasons[Count.BAD_IMAGE] = error.split("]: ", 1)[-1]  # without level and time
        for count, reason in reasons.items():
            if int(counts.get(count.value, 0)):
                self.log.unused[reason] = int(counts[count.value])

    def _put_report(self, message: DiagnosticArray) -> None:
        """Called in a thread of rospy."""
        if message.status[0].name.startswith(NODE[1:] + ":"):
            self._report = message

    def _put(self, message: LoopCandidates, take: Callable) -> None:
        """Called in a thread of rospy."""
        self._inbox.put((take, message, time.monotonic()))

    def _receive(self, timeout: float) -> None:
        """Take all results that have arrived; wait for the first one."""
        self._ros.check()
        try:
            take, message, moment = (
                self._inbox.get(timeout=timeout) if timeout > 0 else self._inbox.get_nowait()
            )
            while True:
                query = self.log.frame(message.header.stamp.to_nsec())
                if query is not None:
                    take(query, message, moment)
                take, message, moment = self._inbox.get_nowait()
        except queue.Empty:
            pass

    def _take_query(self, query: int, result: LoopCandidates, moment: float) -> None:
        """Record all candidates of a query; ``moment``: time.monotonic() of their arrival."""
        self.log.latencies[query] = moment - self._sent_at[query]
        candidates = []
        for message in result.candidates:
            match = self._match(message)
            if match is not None:
                status, reason = Status(message.status), Reason(message.reason)
                candidates.append(Candidate(query, match, message.similarity, status, reason))
        accepted = [each for each in candidates if each.status == Status.VERIFIED]
        self.log.candidates += candidates
        self.log.best += (accepted or candidates)[:1]

    def _take_loops(self, query: int, result: LoopCandidates, _: float) -> None:
        """Record and print the accepted candidates of a query."""
        self._record("loop_candidates", result)
        for message in result.candidates:
            match = self._match(message)
            if match is not None:
                kind, pose = Kind(message.kind), None
                if message.pose_valid and message.scale_known:
                    pose = to_pose(message.pose_match_query.pose)
                accepted = Accepted(query, match, kind, message.similarity, message.inliers, pose=pose)
                print(line(self.log, self.log.add_accepted(accepted)), flush=True)

    def _match(self, message: LoopCandidate) -> Optional[int]:
        """The matched frame; None if this player did not send it."""
        self.log.model = message.model_id
        return self.log.frame(message.match_stamp.to_nsec())
