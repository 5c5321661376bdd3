"""Which images of a camera stream become keyframes."""

from typing import Optional

from place_recognition_ros.poses import Pose, angle, distance
from place_recognition_ros.stream.stamps import CLOCK_JUMP
from place_recognition_ros.types import Count

PICKED = (Count.KEYFRAME, Count.CLOCK_JUMPED)


class KeyframePicker:
    """Picks by rate and, where poses are known, by motion.

    Args:
        max_rate_hz: 0: no limit.
        min_motion_m: 0: this motion does not count.
        min_rotation_rad: 0: this motion does not count. With both, either is enough.
    """

    def __init__(self, max_rate_hz: float, min_motion_m: float, min_rotation_rad: float) -> None:
        self.configure(max_rate_hz, min_motion_m, min_rotation_rad)
        self._stamp = 0
        self._pose: Optional[Pose] = None  # of the latest keyframe that has one
        self._oriented = False

    def configure(self, max_rate_hz: float, min_motion_m: float, min_rotation_rad: float) -> None:
        """Pick by these limits from the next image on."""
        # 5 % less, so that a camera's jitter does not halve a rate that divides its own
        self._period = 0.95e9 / max_rate_hz if max_rate_hz > 0 else 0.0
        self._min_motion = min_motion_m
        self._min_rotation = min_rotation_rad

    def is_due(self, stamp: int, pose: Optional[Pose] = None, oriented: bool = True) -> bool:
        """Whether an image would become a keyframe; without a pose: as far as that depends on its stamp."""
        return self._judge(stamp) in PICKED and self._has_moved(pose, oriented)

    def pick(self, stamp: int, pose: Optional[Pose], oriented: bool = True) -> Count:
        """Judge the next image.

        Args:
            stamp: nanoseconds.
            pose: of the camera or the robot, where known; one that is not rigid is not known.
            oriented: whether the orientation of the pose is known.

        Returns:
            KEYFRAME; CLOCK_JUMPED: a keyframe, too, but of a new session; or why it is not a keyframe.
        """
        pose = pose if pose is not None and pose.is_rigid else None
        verdict = self._judge(stamp)
        if verdict == Count.KEYFRAME and not self._has_moved(pose, oriented):
            verdict = Count.NOT_MOVED
        if verdict in PICKED:
            self._stamp = stamp
            if pose is not None or verdict == Count.CLOCK_JUMPED:
                self._pose, self._oriented = pose, oriented
        return verdict

    def _judge(self, stamp: int) -> Count:
        """By the stamp alone."""
        if stamp <= 0:
            return Count.NO_STAMP
        if stamp < self._stamp - CLOCK_JUMP:
            return Count.CLOCK_JUMPED
        if stamp <= self._stamp:
            return Count.NOT_NEWER
        if self._stamp and stamp - self._stamp < self._period:
            return Count.TOO_SOON
        return Count.KEYFRAME

    def _has_moved(self, pose: Optional[Pose], oriented: bool) -> bool:
        """Whether the camera has moved far enough, also where that is not known."""
        if not (self._min_motion or self._min_rotation) or pose is None or self._pose is None:
            return True
        comparable = oriented and self._oriented
        if not self._min_motion and not comparable:
            return True
        far = self._min_motion and distance(self._pose, pose) >= self._min_motion
        turned = self._min_rotation and comparable and angle(self._pose, pose) >= self._min_rotation
        return bool(far or turned)
