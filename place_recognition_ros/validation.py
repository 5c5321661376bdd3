"""What a user gives to the detector, checked by name before anything is changed."""

from typing import Any, Optional

import numpy as np

from place_recognition_ros.depth import check_depth
from place_recognition_ros.errors import KeyframeError
from place_recognition_ros.images import check_image
from place_recognition_ros.poses import MAX_NORM, MAX_POSITION, MIN_NORM, Pose, normalised
from place_recognition_ros.types import Camera, Keyframe

MAX_STAMP = 2**63 - 1  # nanoseconds, in the year 2262; ROS 1 ends in 2106


def checked_keyframe(keyframe: Keyframe) -> Keyframe:
    """A keyframe whose values can be used and stored: plain integers, finite numbers, unit quaternions.

    Raises:
        ImageError: if the image has another type or shape.
        KeyframeError: if its stamp, a pose, the camera, the depth or the name of a frame is not usable.
    """
    check_image(keyframe.image)
    stamp = keyframe.stamp
    if isinstance(stamp, bool) or not isinstance(stamp, (int, np.integer)) or not 0 <= stamp <= MAX_STAMP:
        raise KeyframeError(f"expected a stamp in nanoseconds, 0 to 2^63 − 1. Received: {stamp!r}")
    for name in ("pose_frame", "world_frame"):
        _check_name(name, getattr(keyframe, name))
    height, width = keyframe.image.shape[:2]
    if keyframe.depth is not None:
        check_depth(keyframe.depth, width, height)
    return keyframe._replace(
        stamp=int(stamp),
        pose=_checked_pose("pose", keyframe.pose),
        base_to_camera=_checked_pose("base_to_camera", keyframe.base_to_camera),
        camera=_checked_camera(keyframe.camera, width, height),
    )


def _checked_pose(name: str, pose: Any) -> Optional[Pose]:
    if pose is None:
        return None
    if isinstance(pose, Pose) and _is_finite(pose.position, (3,)) and _is_finite(pose.orientation, (4,)):
        checked = normalised(pose)
        if checked is not None:
            return checked
    raise KeyframeError(
        f"expected a Pose with positions up to {MAX_POSITION:g} m and a quaternion of length 1 "
        f"({MIN_NORM:g} to {MAX_NORM:g} is normalised) as {name}. Received: {pose}"
    )


def _checked_camera(camera: Any, width: int, height: int) -> Camera:
    if camera is None:
        return Camera(width, height)
    if not isinstance(camera, Camera) or (camera.width, camera.height) != (width, height):
        raise KeyframeError(f"expected the camera of a {width}×{height} image. Received: {camera}")
    for name in ("frame_id", "distortion_model"):
        _check_name(name, getattr(camera, name))
    if camera.intrinsics is not None and not _is_finite(camera.intrinsics, (3, 3)):
        raise KeyframeError(f"expected finite intrinsics of shape (3, 3). Received: {camera.intrinsics}")
    if camera.distortion is not None and not _is_finite(camera.distortion, (np.size(camera.distortion),)):
        raise KeyframeError(f"expected finite distortion of shape (n,). Received: {camera.distortion}")
    return camera._replace(width=width, height=height)


def _is_finite(array: Any, shape: tuple) -> bool:
    try:
        numbers = np.asarray(array)
        if numbers.dtype.kind not in "iuf":
            return False
    except (TypeError, ValueError):
        return False
    return numbers.shape == shape and bool(np.isfinite(numbers).all())


def _check_name(name: str, value: Any) -> None:
    try:
        value.encode("utf-8")
    except (AttributeError, UnicodeEncodeError):
        raise KeyframeError(f"expected text as {name}. Received: {value!r}") from None
