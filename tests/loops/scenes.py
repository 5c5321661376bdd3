"""Cameras and features of synthetic views."""

import numpy as np

from place_recognition_ros.loops.camera_model import project
from place_recognition_ros.types import Camera

MODELS = {
    "": (),
    "plumb_bob": (-0.28, 0.07, 0.0002, -0.0003, 0.0),
    "rational_polynomial": (0.6, 0.05, 0.0001, -0.0002, 0.002, 0.9, 0.12, 0.01),
    "equidistant": (-0.01, 0.02, -0.01, 0.002),
}
"""Distortion model → coefficients of a usual camera."""


def camera_of(model="", width=640, height=480, focal=400.0):
    intrinsics = np.array([(focal, 0.0, width / 2 - 0.5), (0.0, focal, height / 2 - 0.5), (0.0, 0.0, 1.0)])
    return Camera(width, height, "camera", model, intrinsics, np.array(MODELS[model]))


def vectors(rng, count):
    """(count, 32) uint8: int8 descriptors of unit norm."""
    values = rng.normal(size=(count, 32))
    values *= 127 / np.linalg.norm(values, axis=1, keepdims=True)
    return np.rint(values).astype(np.int8).view(np.uint8)


def in_view(camera, points):
    """(N, 3) points of a camera's frame → (N, 2) pixels, (N,) bool: in the image."""
    plane = points[:, :2] / np.where(points[:, 2:] > 0.1, points[:, 2:], np.nan)
    pixels = project(camera, np.nan_to_num(plane, nan=9.0))
    inside = np.isfinite(plane).all(axis=1) & (np.abs(plane) < 3).all(axis=1)
    return pixels, inside & ((pixels >= 0) & (pixels < (camera.width, camera.height))).all(axis=1)
