"""Conversion between the demo's values and ROS messages."""

from typing import Any, Dict, Optional

import cv2
import numpy as np
import rospy
from geometry_msgs.msg import Point, PoseWithCovariance, Quaternion
from geometry_msgs.msg import Pose as PoseMessage
from nav_msgs.msg import Odometry
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from demo import depth
from demo.sources import Frame, decode
from place_recognition_ros.config import Config
from place_recognition_ros.errors import ImageError
from place_recognition_ros.poses import Pose
from place_recognition_ros.ros.image_reader import ImageReader

FRAME_ID = "camera_optical"
READER = ImageReader(Config())
THUMBNAIL = (320, 240)  # maximum width and height, pixels


def to_message(frame: Frame, stamp: int) -> Any:
    """The Image or CompressedImage of a frame; ``stamp``: nanoseconds.

    Raises:
        ImageError: if the frame's file does not decode.
    """
    if frame.message is not None:
        message = frame.message
    elif frame.format:
        message = CompressedImage(format=frame.format, data=frame.data)
    else:
        image = decode(frame)
        if image is None:
            raise ImageError(f"expected an image that OpenCV can read. Received: '{frame.name}'")
        height, width = image.shape[:2]
        message = Image(height=height, width=width, encoding="bgr8", step=3 * width, data=image.tobytes())
    message.header.stamp = rospy.Time(stamp // 10**9, stamp % 10**9)
    message.header.frame_id = message.header.frame_id or FRAME_ID
    return message


def make_thumbnail(frame: Frame) -> Optional[bytes]:
    """A small JPEG for the report; None if the image cannot be read."""
    image = decode(frame) if frame.message is None else decode_message(frame.message)
    if image is None:
        return None
    scale = min(1.0, THUMBNAIL[0] / image.shape[1], THUMBNAIL[1] / image.shape[0])
    if scale < 1:
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", image)[1].tobytes()


def decode_message(message: Any) -> np.ndarray:
    """(H, W, 3) uint8 BGR or (H, W) uint8 gray as the node sees it.

    A message that does not decode gives a gray image; it is sent all the same, and the node reports it.
    """
    try:
        return READER.read(message)
    except ImageError:
        return np.full((THUMBNAIL[1], THUMBNAIL[0]), 127, np.uint8)


def camera_info(about: Dict[str, Any], header: Any) -> Any:
    """The message of a calibration; ``about``: the content of camera.yaml."""
    return CameraInfo(
        header=header,
        width=about["image_width"],
        height=about["image_height"],
        distortion_model=about["distortion_model"],
        D=about["distortion_coefficients"]["data"],
        K=about["camera_matrix"]["data"],
        R=about["rectification_matrix"]["data"],
        P=about["projection_matrix"]["data"],
    )


def depth_image(data: bytes, header: Any) -> Image:
    """The message (16UC1, millimetres, 0: not known) of a depth image's file."""
    millimetres = np.round(1000 * depth.decode(data)).astype("<u2")
    height, width = millimetres.shape
    return Image(header, height, width, "16UC1", 0, 2 * width, millimetres.tobytes())


def odometry(pose: Pose, header: Any) -> Odometry:
    """The message of a pose of the camera in ``odom``; ``header``: of the image."""
    message = Odometry(child_frame_id=header.frame_id)
    message.header.stamp, message.header.frame_id = header.stamp, "odom"
    where = PoseMessage(Point(*pose.position), Quaternion(*pose.orientation))
    message.pose = PoseWithCovariance(pose=where)
    return message
