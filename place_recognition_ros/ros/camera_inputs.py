"""What accompanies the images, all of it optional: camera_info, depth, and the mounting of the camera."""

import re
from collections import Counter, deque
from typing import Any, Deque, List, NamedTuple, Optional, Set, Tuple
from typing import Counter as CounterType

import numpy as np
import rospy
from sensor_msgs.msg import CameraInfo, Image

from place_recognition_ros.config import Config
from place_recognition_ros.depth import check_depth
from place_recognition_ros.errors import CameraError, ImageError, KeyframeError
from place_recognition_ros.ros.image_reader import read_depth
from place_recognition_ros.ros.mounting import Mounting
from place_recognition_ros.stream.camera_info import to_camera
from place_recognition_ros.stream.stamped_buffer import StampedBuffer
from place_recognition_ros.types import Camera, Count, Keyframe

READ_AHEAD = 2**24  # bytes; with a smaller buffer rospy hands out old images
TOLERANCE = 2 * 10**7  # nanoseconds between an image and its depth: 2 cm at 1 m/s
KEPT = 16  # messages; half a second of 30 Hz
RECENT = 50  # keyframes over which the share with depth is reported


class InputStatus(NamedTuple):
    """A snapshot for diagnostics; nothing in it changes."""

    camera_info: str = "missing"
    depth: str = "missing"
    tf: str = "not used"
    troubles: Tuple[str, ...] = ()  # sentences: inputs that are published and cannot be used


class CameraInputs:
    """Completes keyframes with what came on the topics ``camera_info`` and ``depth``, and with tf.

    What is missing or not usable is left out and reported; the keyframe is used without it. The methods
    belong to one thread; rospy's threads only fill the buffers.

    Args:
        config: ``image_rectified`` and ``use_tf`` are used.
    """

    def __init__(self, config: Config) -> None:
        self._rectified = config.image_rectified
        self._mounting = Mounting(config.use_tf)
        self._infos = self._subscribe("camera_info", CameraInfo)
        self._depths = self._subscribe("depth", Image)
        self._camera: Optional[Camera] = None  # the last calibrated one
        self._recent: Deque[bool] = deque(maxlen=RECENT)  # whether the latest keyframes had depth
        self._troubles = {"camera_info": "", "depth": ""}  # why the newest is not usable
        self._logged: Set[Tuple[str, str]] = set()
        self.counts: CounterType[Count] = Counter()
        """What accompanied the keyframes since the start."""

    @staticmethod
    def _subscribe(topic: str, kind: type) -> StampedBuffer:
        # Until the subscriber exists nothing is received.
        found: List[rospy.Subscriber] = []
        buffer: StampedBuffer = StampedBuffer(
            KEPT, TOLERANCE, lambda: bool(found) and found[0].get_num_connections() > 0
        )

        def take(message: Any) -> None:
            buffer.add(message.header.stamp.to_nsec(), message)

        found.append(rospy.Subscriber(topic, kind, take, buff_size=READ_AHEAD))
        return buffer

    def complete(self, keyframe: Keyframe, frame_id: str) -> Keyframe:
        """The keyframe with its camera, depth and mounting, as far as they are known.

        Args:
            keyframe: with its image, stamp and, where known, pose.
            frame_id: of the image.
        """
        height, width = keyframe.image.shape[:2]
        depth = self._depth(keyframe.stamp, width, height)
        camera = self._calibrated(keyframe.stamp, width, height, frame_id)
        mounting = None
        if keyframe.pose is not None:
            mounting = self._mounting.at(keyframe.stamp, keyframe.pose_frame, camera.frame_id)
        return keyframe._replace(camera=camera, depth=depth, base_to_camera=mounting)

    @property
    def status(self) -> InputStatus:
        """A snapshot for diagnostics."""
        info = self._troubles["camera_info"] or ("ok" if self._camera else "missing")
        if self.counts[Count.CAMERA_CHANGED]:
            info += f"; changed {self.counts[Count.CAMERA_CHANGED]} times"
        depth = self._troubles["depth"] or "missing"
        if any(self._recent):
            depth = f"{100 * np.mean(self._recent):.0f} % of the latest keyframes"
        troubles = [f"{name}: {reason}" for name, reason in self._troubles.items() if reason]
        return InputStatus(info, depth, self._mounting.state, tuple(troubles))

    def _calibrated(self, stamp: int, width: int, height: int, frame_id: str) -> Camera:
        """The camera by the camera_info of its time, else by the newest: some drivers publish it once."""
        message = self._infos.at(stamp) or self._infos.newest
        if message is None:
            return Camera(width, height, frame_id)
        try:
            camera = to_camera(message, width, height, frame_id, self._rectified)
        except CameraError as error:
            self.counts[Count.BAD_CAMERA_INFO] += 1
            self._complain("camera_info", str(error))
            return Camera(width, height, frame_id)
        self._complain("camera_info", "")
        if self._camera is not None and not _is_same(camera, self._camera):
            self.counts[Count.CAMERA_CHANGED] += 1
            rospy.loginfo_throttle(60.0, "camera_info has changed: %s", camera)
        self._camera = camera
        return camera

    def _depth(self, stamp: int, width: int, height: int) -> Optional[np.ndarray]:
        message = self._depths.at(stamp)
        depth, trouble = None, ""
        if message is not None:
            try:
                depth = read_depth(message)
                check_depth(depth, width, height)
            except (ImageError, KeyframeError) as error:
                depth, trouble = None, str(error)
                self.counts[Count.BAD_DEPTH] += 1
        elif self._depths.received and not any(self._recent):
            trouble = "no depth image at the stamps of the images, ±20 ms, and in time"
        self._recent.append(depth is not None)
        self.counts[Count.DEPTH] += depth is not None
        self._complain("depth", trouble)
        return depth

    def _complain(self, name: str, reason: str) -> None:
        """Remember why an input is not usable; the log names each kind of fault once."""
        fault = (name, re.sub(r"\d+", "#", reason.split(" Received", maxsplit=1)[0]))  # sizes may vary
        if reason and fault not in self._logged:
            self._logged.add(fault)
            rospy.logwarn("%s cannot be used: %s", name, reason)
        self._troubles[name] = reason


def _is_same(a: Camera, b: Camera) -> bool:
    arrays = zip((a.intrinsics, a.distortion), (b.intrinsics, b.distortion))
    return a[:4] == b[:4] and all(np.array_equal(np.asarray(one), np.asarray(two)) for one, two in arrays)
