"""The topics that the images come from."""

import time
from typing import Any, Callable, List

import rospy
from sensor_msgs.msg import CompressedImage, Image

from place_recognition_ros.ros.arrivals import Arrival, Arrivals
from place_recognition_ros.ros.camera_inputs import READ_AHEAD
from place_recognition_ros.ros.complaints import Complainer

PATIENCE = 10.0  # seconds without a publisher, or until its first image, before there is a complaint


class ImageTopics(Complainer):
    """Subscribes to images, and complains where none can come.

    A publisher that has sent images may pause: a SLAM system has no new keyframes while the robot stands.

    Args:
        take: is called with each of them.
    """

    def __init__(self, take: Callable[[Arrival], None]) -> None:
        self._take = take
        self._arrivals = Arrivals()
        self._subscribers: List[rospy.Subscriber] = []
        self._has_arrived = False
        self._good = 0.0  # when all was well last, ``time.monotonic``

    def subscribe(self) -> None:
        """Begin to receive images."""
        self._good = time.monotonic()
        # No queue_size: rospy would drop images without counting them; the mailbox counts them.
        self._subscribers = [
            rospy.Subscriber("keyframe/compressed", CompressedImage, self._receive, buff_size=READ_AHEAD),
            rospy.Subscriber("keyframe", Image, self._receive, buff_size=READ_AHEAD),
        ]

    def complaint(self, now: float) -> str:
        connected = any(each.get_num_connections() for each in self._subscribers)
        if (connected and self._has_arrived) or not self._subscribers:
            self._good = now
        if now - self._good < PATIENCE:
            return ""
        topics = " or ".join(each.resolved_name for each in self._subscribers)
        if connected:
            return f"no image has arrived on {topics}: see rostopic hz, and whether the camera runs"
        return f"nothing is published on {topics}: start the camera, or set image:= to its topic"

    def _receive(self, message: Any) -> None:
        self._has_arrived = True
        self._take(self._arrivals.note(message))
