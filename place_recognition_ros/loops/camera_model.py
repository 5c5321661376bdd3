"""Camera models of sensor_msgs/CameraInfo: from pixels to the normalised image plane and back.

plumb_bob (Brown 1966), rational_polynomial (Claus and Fitzgibbon, CVPR 2005) and equidistant, the fisheye
model of Kannala and Brandt (PAMI 2006), as OpenCV implements them.
"""

from typing import NamedTuple, Optional

import cv2
import numpy as np

from place_recognition_ros.types import Camera

COEFFICIENTS = {
    "": (0,),
    "plumb_bob": (0, 4, 5),
    "rational_polynomial": (0, 8, 12, 14),
    "equidistant": (0, 4),
}
"""Distortion model → possible numbers of coefficients; 0: no distortion."""

FOCAL_LENGTHS = (0.05, 50.0)  # of the longer side of the image
MAX_ASPECT = 2.0  # of a pixel
MAX_OFFSET = 1.0  # of the image's sides: distance of the principal point from its centre
MAX_TANGENT = 4.0  # of the angle to the optical axis, 76°; the plane cannot represent rays at 90°
MAX_ERROR = 0.05  # pixels between a point and the projection of its ray
MAX_PIXEL = 1e5  # no coordinate of a real image is larger
_STEP = 1e-5  # on the normalised plane, for derivatives
_STEPS = 3  # of Newton's method after OpenCV's iterations, which stop early


class Rays(NamedTuple):
    """Rays of N pixels, on the plane z = 1 of the camera's optical frame."""

    points: np.ndarray  # (N, 2) float64; NaN: the pixel has no ray under this model
    per_pixel: np.ndarray  # (N, 2, 2) float64, derivative of ``points`` by the pixel's x (column 0) and y


def is_calibrated(camera: Optional[Camera]) -> bool:
    """Whether the calibration of a camera makes sense; that of a driver may be missing or a placeholder."""
    if camera is None or camera.intrinsics is None or camera.distortion_model not in COEFFICIENTS:
        return False
    try:
        intrinsics = np.asarray(camera.intrinsics, float)
        distortion = _distortion(camera)
    except (TypeError, ValueError):
        return False
    if intrinsics.shape != (3, 3) or len(distortion) not in COEFFICIENTS[camera.distortion_model]:
        return False
    if not (np.isfinite(intrinsics).all() and np.isfinite(distortion).all()):
        return False
    size = np.array((camera.width, camera.height), float)
    focal, centre = np.diag(intrinsics)[:2], intrinsics[:2, 2]
    longer = size.max()
    low, high = (factor * longer for factor in FOCAL_LENGTHS)
    return bool(
        size.min() > 0 and longer <= MAX_PIXEL
        and low <= focal.min() and focal.max() <= min(high, MAX_ASPECT * focal.min())
        and (np.abs(centre - size / 2) <= MAX_OFFSET * size).all()
        and np.allclose(intrinsics[[1, 2, 2, 2], [0, 0, 1, 2]], (0, 0, 0, 1))
    )  # fmt: skip


def rays(camera: Camera, pixels: np.ndarray) -> Rays:
    """The rays of pixels.

    Args:
        camera: calibrated, see :func:`is_calibrated`.
        pixels: (N, 2); (0, 0) is the centre of the first pixel.

    Returns:
        The rays. A pixel has none if it is not finite, if the distortion could not be inverted there (the
        projection of the result is not the pixel), if the model folds there (the derivative mirrors), or if
        the angle to the optical axis is above 76°.
    """
    pixels = np.asarray(pixels, float).reshape(-1, 2)
    with np.errstate(all="ignore"):
        usable = (np.abs(pixels) <= MAX_PIXEL).all(axis=1)
        if not _is_distorted(camera):
            return _rays_without_distortion(camera, pixels, usable)
        points = _undistort(camera, np.where(usable[:, None], pixels, 0.0))
        for _ in range(_STEPS):
            points = _limited(points)
            points = points + times(inverse(_derivative(camera, points)), pixels - project(camera, points))
        tangent = np.hypot(points[:, 0], points[:, 1])
        points = _limited(points)
        derivative = _derivative(camera, points)
        error = np.abs(project(camera, points) - pixels).max(axis=1, initial=0.0)
        folded = derivative[:, 0, 0] * derivative[:, 1, 1] <= derivative[:, 0, 1] * derivative[:, 1, 0]
        per_pixel = inverse(derivative)
        usable &= (tangent <= MAX_TANGENT) & (error <= MAX_ERROR) & ~folded
        usable &= np.isfinite(per_pixel).all(axis=(1, 2))
    points[~usable] = np.nan
    return Rays(points, per_pixel)


def _rays_without_distortion(camera: Camera, pixels: np.ndarray, usable: np.ndarray) -> Rays:
    per_pixel = np.linalg.inv(np.asarray(camera.intrinsics, float)[:2, :2])
    points = (pixels - np.asarray(camera.intrinsics, float)[:2, 2]) @ per_pixel.T
    points[~(usable & ((points**2).sum(axis=1) <= MAX_TANGENT**2))] = np.nan
    return Rays(points, np.broadcast_to(per_pixel, (len(points), 2, 2)))


def project(camera: Camera, points: np.ndarray) -> np.ndarray:
    """(N, 2) points of the plane z = 1 → (N, 2) pixels, float64."""
    if len(points) == 0:
        return np.zeros((0, 2))
    solid = np.ones((1, len(points), 3))
    solid[0, :, :2] = points
    intrinsics = np.asarray(camera.intrinsics, float)
    if not _is_distorted(camera):
        return np.asarray(points @ intrinsics[:2, :2].T + intrinsics[:2, 2])
    zero = np.zeros(3)
    if camera.distortion_model == "equidistant":
        pixels, _ = cv2.fisheye.projectPoints(solid, zero, zero, _skewless(camera), _four(camera))
    else:
        pixels, _ = cv2.projectPoints(solid, zero, zero, intrinsics, _distortion(camera))
    return np.asarray(pixels, float).reshape(-1, 2)


def _undistort(camera: Camera, pixels: np.ndarray) -> np.ndarray:
    if len(pixels) == 0:
        return np.zeros((0, 2))
    intrinsics = np.asarray(camera.intrinsics, float)
    shaped = np.ascontiguousarray(pixels[:, None])
    if camera.distortion_model == "equidistant":
        points = cv2.fisheye.undistortPoints(shaped, _skewless(camera), _four(camera))
    else:
        points = cv2.undistortPoints(shaped, intrinsics, _distortion(camera))
    return np.asarray(points, float).reshape(-1, 2)


def _derivative(camera: Camera, points: np.ndarray) -> np.ndarray:
    """(N, 2, 2): of the pixel by the point on the plane."""
    steps = np.array([(_STEP, 0.0), (-_STEP, 0.0), (0.0, _STEP), (0.0, -_STEP)])
    moved = project(camera, (points[None] + steps[:, None]).reshape(-1, 2)).reshape(4, -1, 2)
    return np.stack([moved[0] - moved[1], moved[2] - moved[3]], axis=-1) / (2 * _STEP)


def inverse(matrices: np.ndarray) -> np.ndarray:
    """Inverses of (N, 2, 2) matrices; infinite or NaN where there is none."""
    (a, b), (c, d) = matrices.transpose(1, 2, 0)
    return np.asarray(np.array([(d, -b), (-c, a)]).transpose(2, 0, 1) / (a * d - b * c)[:, None, None])


def times(matrices: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """(N, 2, 2) matrices times (N, 2) vectors."""
    return np.asarray(np.einsum("nij,nj->ni", matrices, vectors))


def _limited(points: np.ndarray) -> np.ndarray:
    return np.clip(np.where(np.isfinite(points), points, 0.0), -2 * MAX_TANGENT, 2 * MAX_TANGENT)


def _distortion(camera: Camera) -> np.ndarray:
    return np.zeros(0) if camera.distortion is None else np.asarray(camera.distortion, float).ravel()


def _is_distorted(camera: Camera) -> bool:
    return camera.distortion_model == "equidistant" or bool(np.any(_distortion(camera)))


def _four(camera: Camera) -> np.ndarray:
    distortion = _distortion(camera)
    return distortion if len(distortion) else np.zeros(4)


def _skewless(camera: Camera) -> np.ndarray:
    """OpenCV's fisheye functions treat skew differently from each other."""
    return np.asarray(camera.intrinsics, float) * np.array([(1, 0, 1), (0, 1, 1), (0, 0, 1)])
