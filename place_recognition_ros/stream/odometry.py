"""The poses of the robot from the topic ``odom``: which can be used, and which one belongs to an image."""

import logging
import threading
import time
from collections import Counter, deque
from typing import Any, Callable, Deque, Dict, List, NamedTuple, Optional
from typing import Counter as CounterType

import numpy as np

from place_recognition_ros.config import Config
from place_recognition_ros.poses import Pose, angle, distance, normalised
from place_recognition_ros.stream.image_use import ImageUse
from place_recognition_ros.stream.stamped_buffer import StampedBuffer
from place_recognition_ros.stream.stamps import CLOCK_JUMP
from place_recognition_ros.types import Count

KEPT = 500  # poses; 5 s of 100 Hz
TOLERANCE = 10**8  # nanoseconds between an image and a pose that is used for it
MAX_SPEED = 100.0  # m/s: no robot is faster,
MAX_STEP = 1.0  # metres: apart from corrections by a SLAM system
MAX_OUTAGE = 10.0  # seconds: what was farther away than one gets in that time is a jump
AT_ORIGIN = 0.05  # metres and radians: where odometry begins when it is started again
RUN = 2  # poses in a row that show a jump,
MAX_RUN = 20  # or as many, where many of the
RECENT = 40  # latest poses did not continue those before
SILENT = 2.0  # seconds after which odometry is said to have stopped
LOG_PERIOD = 60.0  # seconds between two warnings of one kind

_LOG = logging.getLogger(__name__)
_IDENTITY = np.array([0.0, 0.0, 0.0, 1.0])
_ORIGIN = Pose(np.zeros(3), _IDENTITY)


class StampedPose(NamedTuple):
    """A pose as odometry reports it."""

    stamp: int  # nanoseconds
    pose: Pose  # of ``pose_frame`` in ``world_frame``
    world_frame: str = ""
    pose_frame: str = ""
    oriented: bool = True  # False: only the position is known; the orientation is the identity
    jumps: int = 0  # confirmed ones before it


class Continuity:
    """Holds a pose that the robot cannot have reached until the next ones decide: a wrong pose, or a jump.

    Where jumps are frequent, more poses in a row are needed: of two publishers the first is used.
    """

    def __init__(self) -> None:
        self._last: Optional[StampedPose] = None
        self._run: List[StampedPose] = []  # poses in a row that continue each other, not the last one
        self._recent: Deque[bool] = deque(maxlen=RECENT)  # whether the latest poses before the run continued
        self.jumps = 0
        """Poses that were held, or dropped, since the start."""
        self._confirmed = 0  # jumps

    def admit(self, pose: StampedPose) -> List[StampedPose]:
        """The poses that can be used now: none, the next one, or also those before it."""
        if self._last is None or _is_reachable(self._last, pose):
            self._recent.extend([False] * len(self._run) + [True])
            self._last, self._run = pose, []
            return [pose._replace(jumps=self._confirmed)]
        if self._run and not _is_reachable(self._run[-1], pose):
            self._run = []
        self._run.append(pose)
        if len(self._run) >= min(RUN + self._recent.count(False), MAX_RUN):
            confirmed, self._last, self._run = self._run, pose, []
            self._recent.clear()
            self._confirmed += 1
            return [each._replace(jumps=self._confirmed) for each in confirmed]
        self.jumps += 1
        return []


class OdometryInput:
    """Poses by time. rospy's threads call :meth:`take`, the worker :meth:`at`, the node's thread the rest.

    Args:
        config: ``min_motion_m`` and ``min_rotation_rad`` tell whether poses are needed.
        topic: for messages to the operator.
        is_published: whether the topic has a publisher; only then an image waits for its pose.
    """

    def __init__(self, config: Config, topic: str, is_published: Callable[[], bool]) -> None:
        self._topic = topic
        self._is_published = is_published
        self._config = config
        self._buffer: StampedBuffer[StampedPose] = StampedBuffer(KEPT, TOLERANCE, is_published)
        self._continuity = Continuity()
        self._orientation: Optional[np.ndarray] = None  # the last one that is known
        self._used = 0.0  # when the last pose was received that can be used
        self._use = ImageUse({Count.NO_POSE: ""}, "{unused} of the last {all} images have no pose")
        self._reason = ""  # why the last image without a pose has none
        self._logged: Dict[str, float] = {}  # kind of fault → when
        self._lock = threading.Lock()  # each publisher has a thread
        self._counts: CounterType[Count] = Counter()

    def __len__(self) -> int:
        return len(self._buffer)

    @property
    def counts(self) -> Dict[Count, int]:
        """What happened since the start."""
        return {
            Count.NO_POSE: self._counts[Count.NO_POSE],
            Count.BAD_POSE: self._counts[Count.BAD_POSE],
            Count.POSE_JUMPED: self._continuity.jumps,
        }

    def take(self, stamp: int, pose: Pose, world_frame: str = "", pose_frame: str = "") -> None:
        """Take the next pose. One that cannot be used is dropped, counted, and named in the log.

        Args:
            stamp: nanoseconds.
            pose: as it was received. A quaternion of zero means that the orientation is not known: then it is
                the last one that is known, or the identity.
            world_frame: what the pose is relative to.
            pose_frame: what it is the pose of.
        """
        with self._lock:
            known = bool(np.any(pose.orientation))
            if not known:
                last = self._orientation
                pose = pose._replace(orientation=_IDENTITY if last is None else last)
            checked = normalised(pose)
            if checked is None or stamp <= 0:
                self._counts[Count.BAD_POSE] += 1
                expected = "header.stamp" if checked is not None else "finite positions and a unit quaternion"
                self._warn("bad", "%s: expected %s. Received: %s", self._topic, expected, pose)
                return
            self._orientation = checked.orientation if known else self._orientation
            oriented = self._orientation is not None
            jumps = self._continuity.jumps
            stamped = StampedPose(stamp, checked, world_frame, pose_frame, oriented)
            for each in self._continuity.admit(stamped):
                self._buffer.add(each.stamp, each)
                self._used = time.monotonic()
            if self._continuity.jumps != jumps:
                self._warn("jump", "%s: the pose or its frame or stamp jumps (two publishers?)", self._topic)

    def at(self, stamp: int, suffices: Callable[[StampedPose], bool]) -> Optional[StampedPose]:
        """The pose nearest in time to an image, which waits for it for a short time; None: none is near.

        Args:
            stamp: of the image, nanoseconds.
            suffices: whether the nearest pose that was received before the image is good enough not to wait.
        """
        found = self._buffer.received_at(stamp)
        if found is None or not suffices(found):
            found = self._buffer.at(stamp)
        if self._needs_pose or self._buffer.received or self._counts[Count.BAD_POSE]:
            usable = found is not None and (found.oriented or not self._needs_orientation)
            if not usable:
                self._reason = self._why(stamp, found)
                self._counts[Count.NO_POSE] += 1
            self._use.note(Count.STORED if usable else Count.NO_POSE, time.monotonic())
        return found

    def forget_after(self, stamp: int) -> None:
        """The clock was set back to ``stamp``, nanoseconds: the poses so far are of the time before."""
        self._buffer.forget_after(stamp + CLOCK_JUMP)

    def complaint(self, now: float) -> str:
        """One sentence if most of the latest images have no pose where one is expected; else ""."""
        return self._complete(self._use.complaint(now))

    def new_complaint(self, now: float) -> str:
        """The complaint for the log, once per episode."""
        return self._complete(self._use.new_complaint(now))

    @property
    def _needs_pose(self) -> bool:
        return bool(self._config.min_motion_m or self._config.min_rotation_rad)

    @property
    def _needs_orientation(self) -> bool:
        return bool(self._config.min_rotation_rad and not self._config.min_motion_m)

    def _complete(self, complaint: str) -> str:
        if not complaint:
            return ""
        picking = "; keyframes are picked by rate, not by motion" if self._needs_pose else ""
        return f"{complaint}: {self._reason}{picking}"

    def _why(self, stamp: int, found: Optional[StampedPose]) -> str:
        """Why an image has no pose that is of use, and what to do."""
        newest, silence = self._buffer.newest, time.monotonic() - self._used
        if found is not None:
            return f"{self._topic} has no orientation, set min_motion_m instead of min_rotation_rad"
        if not self._is_published():
            return f"nothing is published on {self._topic}, remap odom"
        if newest is None:
            what = "no pose that can be used" if self._counts[Count.BAD_POSE] else "nothing"
            return f"{what} was received on {self._topic}, see rostopic echo"
        if silence > SILENT:
            return f"the last pose that can be used was received on {self._topic} {silence:.0f} s ago"
        offset = (newest.stamp - stamp) * 1e-9
        direction = "older" if offset < 0 else "newer"
        return (
            f"the newest pose on {self._topic} is {abs(offset):.2f} s {direction} than the image; it comes "
            "too late or too rarely (expected: 10 Hz or more), or its clock is not that of the camera"
        )

    def _warn(self, kind: str, form: str, *values: Any) -> None:
        now = time.monotonic()
        if now - self._logged.get(kind, -LOG_PERIOD) >= LOG_PERIOD:
            self._logged[kind] = now
            _LOG.warning(form, *values)


def _is_reachable(last: StampedPose, pose: StampedPose) -> bool:
    """Whether the robot can have moved from one pose to the next one, in the same frames and clock."""
    seconds = (pose.stamp - last.stamp) * 1e-9
    same = last[2:4] == pose[2:4] and pose.stamp >= last.stamp - CLOCK_JUMP
    step = distance(last.pose, pose.pose)
    restarted = step > MAX_STEP and max(distance(_ORIGIN, pose.pose), angle(_ORIGIN, pose.pose)) < AT_ORIGIN
    return same and not restarted and step <= MAX_STEP + MAX_SPEED * min(abs(seconds), MAX_OUTAGE)
