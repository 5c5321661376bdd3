"""Between the demo's values and ROS messages."""

from typing import Any, Dict, Optional

import cv2
import numpy as np
import rospy
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from demo.sources import Frame, decode
from place_recognition_ros.errors import ImageError
from place_recognition_ros.messages import to_image

FRAME_ID = "camera_optical"
THUMBNAIL = (320, 240)  # pixels, at the most
KINDS = ("LOOP_CLOSURE", "KIDNAP_RECOVERY", "INTER_SESSION", "RELOCALIZATION")
STATUSES = ("RETRIEVED", "CONSISTENT", "VERIFIED", "REJECTED")
REASONS = (
    "NONE", "LOW_SIMILARITY", "AMBIGUOUS", "NOT_CONSISTENT", "FEW_MATCHES", "FEW_INLIERS", "DEGENERATE",
    "ODOMETRY_CONFLICT", "TOO_RECENT",
)  # fmt: skip


def constant(message: Any, field: str, names: Any) -> str:
    """The name of a message constant."""
    value = getattr(message, field)
    return next((name for name in names if getattr(type(message), name) == value), str(value))


def to_message(frame: Frame, stamp: int) -> Any:
    """The Image or CompressedImage of a frame; ``stamp``: nanoseconds."""
    if frame.message is not None:
        message = frame.message
    elif frame.format:
        message = CompressedImage(format=frame.format, data=frame.data)
    else:
        picture = decode(frame)
        if picture is None:
            raise ImageError(f"expected a picture. Received: '{frame.name}'")
        height, width = picture.shape[:2]
        message = Image(height=height, width=width, encoding="bgr8", step=3 * width, data=picture.tobytes())
    message.header.stamp = rospy.Time(stamp // 10**9, stamp % 10**9)
    message.header.frame_id = message.header.frame_id or FRAME_ID
    return message


def make_thumbnail(frame: Frame) -> Optional[bytes]:
    """A small JPEG for the report; None if the picture cannot be read."""
    picture = decode(frame) if frame.message is None else picture_of_message(frame.message)
    if picture is None:
        return None
    shrink = min(1.0, THUMBNAIL[0] / picture.shape[1], THUMBNAIL[1] / picture.shape[0])
    small = (
        cv2.resize(picture, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        if shrink < 1
        else picture
    )
    return cv2.imencode(".jpg", small)[1].tobytes()


def picture_of_message(message: Any) -> np.ndarray:
    """(H, W, 3) uint8 BGR as the node sees it; gray where it cannot: that is the node's to complain about."""
    try:
        picture = to_image(message)
    except ImageError:
        picture = np.full((THUMBNAIL[1], THUMBNAIL[0]), 127, np.uint8)
    return cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR) if picture.ndim == 2 else picture


def camera_info(about: Dict[str, Any], header: Any) -> Any:
    """The message that camera.yaml describes."""
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
