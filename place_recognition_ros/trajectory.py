"""Where one unbroken trajectory ends: by what the front end reports, or the images and their poses show."""

from typing import Optional

import numpy as np

from place_recognition_ros.pace import Pace
from place_recognition_ros.tracking import TrackingMonitor
from place_recognition_ros.types import Keyframe, Loss

FRONT_ENDS = (
    Loss.FRONT_END,
    Loss.FEATURES,
)  # they know whether tracking works; without, the images must tell
BLIND = 3  # images in a row without features: the lens is covered
NO_IMAGE = np.zeros((0, 0), np.uint8)
RARE = 4  # times the usual interval: nothing shorter is a gap


class Trajectory:
    """The images of one session as they come. Most methods return whether a new session begins.

    Args:
        gap: nanoseconds without images after which the camera may be anywhere; 0: it never is.
    """

    def __init__(self, gap: int) -> None:
        self.tracking = TrackingMonitor()
        self._gap = gap
        self._pace = Pace()
        self._last: Optional[Keyframe] = None  # without its image
        self._posed: Optional[Keyframe] = None  # the last one that has a pose
        self._frames = ("", "")  # of its poses: the world frame, and the one on the robot
        self._blind_since, self._blind = 0, 0  # images in a row that show nothing
        self.latest = 0
        """Stamp of the image that was added last, in any session, nanoseconds; 0: there was none."""

    @property
    def newest(self) -> int:
        """Stamp of the newest image of this session, nanoseconds; −1: there was none."""
        return -1 if self._last is None else self._last.stamp

    @property
    def is_settled(self) -> bool:
        """Whether time alone changes nothing; else :meth:`update` is to be called."""
        return self.tracking.is_settled and not (self._may_stop and self._posed is None)

    def update(self, now: int, silent: Optional[int] = None) -> bool:
        """Take note of the time: what was reported has lasted, or the images have stopped.

        Args:
            now: nanoseconds, in the clock of the images.
            silent: nanoseconds since the newest image came; None: as many as ``now`` tells.
        """
        if self._posed is None and self._has_stopped(now if silent is None else self.newest + silent):
            return self.tracking.report(False, self.newest, Loss.IMAGES, certain=True)
        return self.tracking.update(now)

    def arrives(self, keyframe: Keyframe, pause: Optional[int] = None) -> bool:
        """Take note of the next image, before anybody looks at it.

        Args:
            keyframe: the image.
            pause: nanoseconds without images before it; None: as many as the stamps tell.
        """
        broken = self._break(keyframe, keyframe.stamp if pause is None else self.newest + pause)
        lost = broken != Loss.NONE and self.tracking.report(False, self.newest, broken, certain=True)
        for cause in (Loss.IMAGES, Loss.ODOMETRY):
            lost = self.tracking.report(True, keyframe.stamp, cause, certain=True) or lost
        begins = lost or broken != Loss.NONE or self._has_other_frames(keyframe)
        if begins and not lost:
            self.tracking.begin_session(keyframe.stamp)
        return begins

    def add(self, keyframe: Keyframe, seen: bool) -> bool:
        """Add the image.

        Args:
            keyframe: the image.
            seen: whether it has features; a covered lens is a loss of tracking, where nobody else can tell.
        """
        self._pace.observe(keyframe.stamp)
        self.latest = keyframe.stamp
        self._last = keyframe._replace(image=NO_IMAGE, depth=None)
        self._posed = self._posed if keyframe.pose is None else self._last
        world, robot = self._frames
        self._frames = (world or keyframe.world_frame, robot or keyframe.pose_frame)
        if seen:
            self._blind = 0
            return self.tracking.hears([Loss.VIEW]) and self.tracking.report(True, keyframe.stamp, Loss.VIEW)
        self._blind_since = self._blind_since if self._blind else keyframe.stamp
        self._blind += 1
        if self._blind < BLIND or keyframe.pose is not None or self.tracking.hears(FRONT_ENDS):
            return False
        lost = self.tracking.report(False, self._blind_since, Loss.VIEW)
        return self.tracking.update(keyframe.stamp) or lost

    def begin(self) -> None:
        """Another trajectory begins."""
        self._pace.clear()
        self._last = self._posed = None
        self._frames = ("", "")

    def _break(self, keyframe: Keyframe, now: int) -> Loss:
        """Why a keyframe does not continue the trajectory; NONE: it does, as far as is known.

        Args:
            keyframe: the next one.
            now: its stamp, as far as images have not come since the last one.
        """
        posed = self._posed
        if posed is not None and keyframe.pose is not None:  # poses bridge a gap
            jumped = keyframe.jumps != posed.jumps and not self._has_other_frames(keyframe)
            return Loss.ODOMETRY if jumped else Loss.NONE
        return Loss.IMAGES if self._has_stopped(now) else Loss.NONE

    def _has_other_frames(self, keyframe: Keyframe) -> bool:
        """Whether its pose is in another world frame, or that of another frame on the robot."""
        found = (keyframe.world_frame, keyframe.pose_frame)
        return any(known and new not in ("", known) for known, new in zip(self._frames, found))

    @property
    def _may_stop(self) -> bool:
        """Whether a gap would be a loss: no front end knows better."""
        return bool(self._gap) and not self.tracking.hears(FRONT_ENDS) and self._pace.interval > 0

    def _has_stopped(self, now: int) -> bool:
        return self._may_stop and now - self.newest > max(self._gap, RARE * self._pace.interval)
