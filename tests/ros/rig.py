"""A camera with depth on a robot with odometry and tf, for the tests of the node."""

import time

import numpy as np
import rospy
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import Quaternion, Transform, TransformStamped
from nav_msgs.msg import Odometry
from sensor_msgs.msg import CameraInfo, Image
from tf2_msgs.msg import TFMessage

from tests.ros.camera import FRAME, THERE, Camera, changed, to_camera_info, to_depth, to_image, to_time

HEIGHT, WIDTH = THERE[0].shape[:2]
K = [300.0, 0, WIDTH / 2, 0, 300, HEIGHT / 2, 0, 0, 1]


class Rig:
    """A camera with depth on a robot with odometry; stamps are seconds."""

    def __init__(self, ros):
        self.camera = Camera(ros)
        self._infos = ros.publisher("camera_info", CameraInfo)
        self._depths = ros.publisher("depth", Image)
        self._odometry = ros.publisher("odom", Odometry)
        self._reports = ros.subscribe("/diagnostics", DiagnosticArray)

    def publish(self, image, info=None, depth=None, odometry=None):
        """Publish an image, after what accompanies it, and return its LoopCandidates.

        Args:
            image: (H, W, 3) uint8 BGR.
            info: CameraInfo.
            depth: an array, or a depth image message.
            odometry: metres forward.
        """
        self.camera.now += 1.0
        stamp = to_time(self.camera.now)
        for publisher, message in ((self._infos, info), (self._depths, self.to_depth(depth))):
            if message is not None:
                message.header.stamp = message.header.stamp or stamp
                publisher.publish(message)
        if odometry is not None:
            self.publish_odometry(stamp, odometry)
            time.sleep(0.1)  # so that the image need not wait
        self.camera.publish(to_image(image, stamp))
        return self.camera.result(stamp)

    def publish_odometry(self, stamp, x, orientation=(0.0, 0.0, 0.0, 1.0)):
        """Publish a pose ``x`` metres forward, with NaN as its covariance, as some drivers do."""
        message = Odometry(child_frame_id="base_link")
        message.header.stamp, message.header.frame_id = to_time(stamp), "odom"
        message.pose.pose.position.x = x
        message.pose.pose.orientation = Quaternion(*orientation)
        message.pose.covariance = [float("nan")] * 36
        self._odometry.publish(message)

    def publish_late(self, image, depth, seconds):
        """Publish an image, and its depth so much later; returns its LoopCandidates."""
        self.camera.now += 1.0
        stamp = to_time(self.camera.now)
        self.camera.publish(to_image(image, stamp))
        time.sleep(seconds)
        self._depths.publish(to_depth(depth, stamp))
        return self.camera.result(stamp)

    @staticmethod
    def to_depth(depth):
        return to_depth(depth, rospy.Time()) if isinstance(depth, np.ndarray) else depth

    def wait(self, timeout=10, **values):
        """Wait for a new report whose camera inputs contain these texts; returns level and message.

        "ok" has to be the whole text.
        """
        first = len(self._reports.messages)

        def is_expected(report):
            found = {pair.key: pair.value for pair in report.status[1].values}
            return all(
                found[name] == text if text == "ok" else text in found[name] for name, text in values.items()
            )

        report = self._reports.wait_for(
            lambda each: each in self._reports.messages[first:] and is_expected(each), timeout
        )
        return report.status[1].level, report.status[1].message


def info(k=K, **fields):
    return changed(to_camera_info(k, WIDTH, HEIGHT, rospy.Time()), **fields)


def flat(metres):
    return np.full((HEIGHT, WIDTH), metres, np.float32)


def static_transform(ros, child=FRAME):
    """Publish where the camera is on the robot: 0.5 m ahead, looking forward."""
    message = TransformStamped(child_frame_id=child)
    message.header.frame_id = "base_link"
    message.transform = Transform()
    message.transform.translation.x = 0.5
    message.transform.rotation.x, message.transform.rotation.y = -0.5, 0.5
    message.transform.rotation.z, message.transform.rotation.w = -0.5, 0.5
    publisher = ros.publisher("/tf_static", TFMessage, latch=True)
    publisher.publish(TFMessage([message]))
    time.sleep(0.5)  # nothing tells when the node has it
    return publisher
