"""Checks of what accompanies the images: calibration, depth, odometry."""

from typing import Any, Iterator, Tuple

import numpy as np

from place_recognition_ros.depth import check_depth
from place_recognition_ros.errors import CameraError, ImageError, KeyframeError
from place_recognition_ros.ros.doctor.finding import ERROR, OK, WARN, Finding
from place_recognition_ros.ros.doctor.listener import Observation
from place_recognition_ros.stream.camera_info import to_camera

ALIGNED = 2 * 10**7  # nanoseconds between an image and its depth or camera_info; as camera_inputs
NEAR = 10**8  # nanoseconds between an image and its pose; as odometry
MAX_SPEED = 100.0  # m/s
MOST = 0.5  # of the images


def _size(message: Any) -> Tuple[int, int]:
    return int(message.width), int(message.height)


def check_camera_info(seen: Observation) -> Iterator[Finding]:
    """Whether the calibration is that of the images."""
    infos, (topic, images) = seen.recording(seen.node.inputs.camera_info), seen.image
    raw = [message for message in images.samples if hasattr(message, "encoding")]
    if not infos.samples or not raw:
        return
    name, message = seen.node.inputs.camera_info, infos.samples[-1]
    try:
        to_camera(
            message, *_size(raw[-1]), raw[-1].header.frame_id, bool(seen.node.parameter("image_rectified"))
        )
    except CameraError as error:
        found = f"{name} cannot be that of the images on {topic}: {error}"
        yield Finding(
            ERROR,
            "calibration",
            found,
            f"rostopic echo -n 1 {name}   (camera_info:= the topic beside the images)",
        )
        return
    if message.header.frame_id != raw[-1].header.frame_id:
        found = (
            f"{name} is of the frame '{message.header.frame_id}', the images of '{raw[-1].header.frame_id}'"
        )
        yield Finding(WARN, "calibration", found, "camera_info:= the topic beside the images")
    else:
        yield Finding(OK, "calibration", f"{name} fits the images")


def check_depth_images(seen: Observation) -> Iterator[Finding]:
    """Whether depth images are aligned with the images, in time and in space."""
    from place_recognition_ros.ros.image_reader import read_depth

    name, (topic, images) = seen.node.inputs.depth, seen.image
    depths = seen.recording(name)
    if not depths.samples or not images.samples:
        return
    raw = [message for message in images.samples if hasattr(message, "encoding")]
    try:
        depth = read_depth(depths.samples[-1])
        if raw:
            check_depth(depth, *_size(raw[-1]))
    except (ImageError, KeyframeError) as error:
        found = f"{name} cannot be used with the images on {topic}: {error}"
        yield Finding(
            ERROR,
            "depth alignment",
            found,
            "depth:= the registered depth (aligned_depth_to_color, depth_registered)",
        )
        return
    yield _check_times(
        seen,
        "depth alignment",
        name,
        ALIGNED,
        "depth:= the depth of the same driver, or synchronise the clocks",
    )


def _check_times(seen: Observation, title: str, topic: str, near: int, fix: str) -> Finding:
    """Whether most images have a message near in time; both have arrived."""
    offsets = nearest(seen.image[1].stamps, seen.recording(topic).stamps)
    share = float(np.mean(np.abs(offsets) <= near))
    if share >= MOST:
        return Finding(OK, title, f"{topic}: for {100 * share:.0f} % of the images, within ±{near / 1e9:g} s")
    found = f"{topic}: for {100 * share:.0f} % of the images within ±{near / 1e9:g} s"
    return Finding(WARN, title, f"{found}; median {np.median(offsets) / 1e9:+.3f} s", fix)


def nearest(stamps: Any, others: Any) -> np.ndarray:
    """Offset of the nearest of the others for each stamp, nanoseconds, int64 (N,); no list is empty."""
    here, there = np.array(stamps, np.int64), np.array(others, np.int64)
    offsets = there[np.newaxis, :] - here[:, np.newaxis]
    return offsets[np.arange(len(here)), np.abs(offsets).argmin(axis=1)]


def check_odometry(seen: Observation) -> Iterator[Finding]:
    """Whether the poses are possible, and of the time of the images."""
    name = seen.node.inputs.odom
    poses = seen.recording(name)
    if not poses.samples:
        return
    positions = np.array([_xyz(message.pose.pose.position) for message in poses.samples])
    rotations = np.array([(*_xyz(m.pose.pose.orientation), m.pose.pose.orientation.w) for m in poses.samples])
    if not np.isfinite(positions).all() or not np.allclose(np.linalg.norm(rotations, axis=1), 1, atol=0.1):
        found = f"{name}: poses with NaN, or with a quaternion of another length than 1"
        yield Finding(ERROR, "odometry", found, f"rostopic echo -n 1 {name}/pose/pose")
        return
    seconds = np.diff(np.array([message.header.stamp.to_nsec() for message in poses.samples])) / 1e9
    speeds = np.linalg.norm(np.diff(positions, axis=0), axis=1) / np.maximum(np.abs(seconds), 1e-3)
    if (seconds < 0).any() or (speeds > MAX_SPEED).any():
        found = f"{name}: jumps; up to {max(speeds):.0f} m/s, {np.count_nonzero(seconds < 0)} stamps go back"
        yield Finding(ERROR, "odometry", found, f"rostopic info {name}   (two publishers, or a reset?)")
        return
    if not poses.samples[-1].child_frame_id:
        yield Finding(
            WARN,
            "odometry",
            f"{name}: no child_frame_id, so that tf is not used",
            f"set it in the publisher of {name}",
        )
    fix = "synchronise the clocks of camera and odometry (chronyc makestep), or correct the stamps"
    if seen.image[1].stamps:
        yield _check_times(seen, "odometry", name, NEAR, fix)


def _xyz(vector: Any) -> Tuple[float, float, float]:
    return vector.x, vector.y, vector.z
