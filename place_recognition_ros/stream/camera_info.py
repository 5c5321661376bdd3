"""CameraInfo messages, of any library → calibrated cameras. Pure functions."""

from typing import Any, Tuple

import numpy as np

from place_recognition_ros.errors import CameraError
from place_recognition_ros.loops.camera_model import COEFFICIENTS, FOCAL_LENGTHS, MAX_ASPECT, MAX_OFFSET
from place_recognition_ros.types import Camera

MODELS = [name for name in COEFFICIENTS if name]
MAX_COEFFICIENT = 1e6


def to_camera(message: Any, width: int, height: int, frame_id: str, rectified: bool) -> Camera:
    """The camera that took an image.

    Args:
        message: a sensor_msgs/CameraInfo of ROS 1; its binning and region of interest are taken into account.
        width: of the image, pixels.
        height: of the image, pixels.
        frame_id: of the image; empty: that of the message is used.
        rectified: whether the image is rectified; the calibration then is P, without distortion.

    Raises:
        CameraError: if the calibration cannot be that of the image; the message says why.
    """
    if message.width < 1 or message.height < 1:
        raise CameraError(f"expected a size of the camera. Received: {message.width}×{message.height}")
    numbers = np.reshape(message.P, (3, 4))[:, :3] if rectified else np.reshape(message.K, (3, 3))
    intrinsics = _checked_intrinsics(numbers, "P" if rectified else "K")
    if rectified:
        model, distortion = "plumb_bob", np.zeros(5)
    else:
        model, distortion = _checked_distortion(message)
    intrinsics = _cropped_and_binned(intrinsics, message, width, height)
    _check_geometry(intrinsics, width, height)
    return Camera(width, height, frame_id or message.header.frame_id, model, intrinsics, distortion)


def _checked_intrinsics(numbers: np.ndarray, name: str) -> np.ndarray:
    intrinsics = np.array(numbers, float)
    zero = intrinsics[[0, 1, 2, 2], [1, 0, 0, 1]]
    if not np.isfinite(intrinsics).all() or zero.any() or intrinsics[2, 2] != 1:
        raise CameraError(
            f"expected {name} of the form fx 0 cx, 0 fy cy, 0 0 1. Received: {intrinsics.ravel().tolist()}"
        )
    if intrinsics[0, 0] <= 0 or intrinsics[1, 1] <= 0:
        raise CameraError(f"expected focal lengths above 0 in {name}. Received: {np.diag(intrinsics)[:2]}")
    return intrinsics


def _checked_distortion(message: Any) -> Tuple[str, np.ndarray]:
    distortion = np.array(message.D, float)
    model = message.distortion_model
    if not model and not distortion.any():
        return "plumb_bob", np.zeros(5)  # of many simulators: an ideal camera
    if model not in MODELS:
        raise CameraError(f"expected one of the distortion models {', '.join(MODELS)}. Received: {model!r}")
    counts = COEFFICIENTS[model]
    if len(distortion) not in counts:
        raise CameraError(
            f"expected {' or '.join(map(str, counts))} numbers in D of {model}. Received: {len(distortion)}"
        )
    if not (np.abs(distortion) <= MAX_COEFFICIENT).all():  # NaN too
        raise CameraError(f"expected finite numbers in D. Received: {distortion.tolist()}")
    return model, distortion


def _cropped_and_binned(intrinsics: np.ndarray, message: Any, width: int, height: int) -> np.ndarray:
    """K of the image: of the full sensor first the region of interest is cut out, then pixels are joined."""
    region = message.roi
    sizes = (
        (0, "width", width, message.width, region.width, region.x_offset, message.binning_x),
        (1, "height", height, message.height, region.height, region.y_offset, message.binning_y),
    )
    for axis, name, size, full, part, offset, binning in sizes:
        binning = max(1, binning)
        used = part or full
        if offset + used > full or not used - binning < size * binning < used + binning:
            raise CameraError(
                f"expected the {name} of the image, {size}. Received: camera_info of {full} pixels, of which "
                f"{used} from {offset} on, binning {binning}"
            )
        intrinsics[axis, axis] /= binning
        intrinsics[axis, 2] = (intrinsics[axis, 2] - offset + 0.5) / binning - 0.5
    return intrinsics


def _check_geometry(intrinsics: np.ndarray, width: int, height: int) -> None:
    focal, centre = np.diag(intrinsics)[:2], intrinsics[:2, 2]
    low, high = (factor * max(width, height) for factor in FOCAL_LENGTHS)
    if focal.min() < low or focal.max() > high or focal.max() > MAX_ASPECT * focal.min():
        raise CameraError(
            f"expected focal lengths of a {width}×{height} image, {low:.0f} to {high:.0f} pixels and alike. "
            f"Received: {focal.tolist()}"
        )
    size = np.array((width, height))
    if (np.abs(centre - size / 2) > MAX_OFFSET * size).any():
        raise CameraError(
            f"expected a principal point near the {width}×{height} image. Received: {centre.tolist()}"
        )
