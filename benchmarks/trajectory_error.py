"""Absolute trajectory error."""

from __future__ import annotations

import numpy as np


def trajectory_error(path: np.ndarray, true: np.ndarray, with_scale: bool = False) -> float:
    """Absolute trajectory error: RMS of the distances after the best alignment, as evo's ``evo_ape -a``.

    Args:
        path: (N, 3) positions.
        true: (N, 3) the true ones.
        with_scale: whether the alignment has a scale (``-as``).
    """
    return float(np.sqrt(np.mean(np.sum((align(path, true, with_scale) - true) ** 2, axis=1))))


def align(path: np.ndarray, true: np.ndarray, with_scale: bool = False) -> np.ndarray:
    """(N, 3): the path, moved onto the true one by Umeyama's least squares."""
    middle, target = path.mean(0), true.mean(0)
    u, values, v = np.linalg.svd((true - target).T @ (path - middle))
    signs = np.array([1.0, 1.0, np.sign(np.linalg.det(u) * np.linalg.det(v))])
    scale = (values * signs).sum() / np.sum((path - middle) ** 2) if with_scale else 1.0
    return scale * (path - middle) @ (u * signs @ v).T + target
