"""Which images of a camera stream become keyframes."""

from typing import Optional

from place_recognition_ros.poses import Pose, angle, distance
from place_recognition_ros.types import Count

CLOCK_JUMP = 10**9  # nanoseconds: a stamp further back than this shows that the clock was set back


class KeyframePicker:
    """Picks by rate and, where poses are known, by motion.

    Args:
        max_rate_hz: 0: no limit.
        min_motion_m: 0: this motion does not count.
        min_rotation_rad: 0: this motion does not count. With both, either is enough.
    """

    def __init__(self, max_rate_hz: float, min_motion_m: float, min_rotation_rad: float) -> None:
        # 5 % less, so that a camera's jitter does not halve a rate that divides its own
        self._period = 0.95e9 / max_rate_hz if max_rate_hz > 0 else 0.0
        self._min_motion = min_motion_m
        self._min_rotation = min_rotation_rad
        self._stamp = 0
        self._pose: Optional[Pose] = None

    def pick(self, stamp: int, pose: Optional[Pose]) -> Count:
        """Judge the next image.

        Args:
            stamp: nanoseconds.
            pose: of the camera or the robot, where known.

        Returns:
            KEYFRAME; CLOCK_JUMPED: a keyframe, too, but of a new session; or why it is not a keyframe.
        """
        verdict = self._judge(stamp, pose)
        if verdict in (Count.KEYFRAME, Count.CLOCK_JUMPED):
            self._stamp, self._pose = stamp, pose
        return verdict

    def _judge(self, stamp: int, pose: Optional[Pose]) -> Count:
        if stamp <= 0:
            return Count.NO_STAMP
        if stamp < self._stamp - CLOCK_JUMP:
            return Count.CLOCK_JUMPED
        if stamp <= self._stamp:
            return Count.NOT_NEWER
        if self._stamp and stamp - self._stamp < self._period:
            return Count.TOO_SOON
        return Count.KEYFRAME if self._moved(pose) else Count.NOT_MOVED

    def _moved(self, pose: Optional[Pose]) -> bool:
        if not (self._min_motion or self._min_rotation) or pose is None or self._pose is None:
            return True
        far = self._min_motion and distance(self._pose, pose) >= self._min_motion
        turned = self._min_rotation and angle(self._pose, pose) >= self._min_rotation
        return bool(far or turned)
