"""Refinement of a camera motion by robust least squares, and its covariance.

Robust least squares with the loss of Geman and McClure (1987): matches of a detail next to the right one are
inliers that are 2 to 4 pixels off, where this loss has lost most of its influence. A few Gauss-Newton steps
where only a motion is needed, and Levenberg-Marquardt (SciPy's MINPACK) for the result. The covariance is the
sandwich of M-estimation (Huber 1967; MacKinnon and White 1985 for few samples; Liang and Zeger 1986 for the
residuals of one correspondence, which share its errors): it holds where residuals are larger or have heavier
tails than assumed.
"""

from enum import Enum
from typing import Callable, Dict, NamedTuple, Optional, Tuple

import cv2
import numpy as np
from scipy.optimize import least_squares

from place_recognition_ros.loops.residuals import Motion, Residuals, cross, median

INFLATION = 6.0  # of the covariance; measured on rendered pairs of training towns, see ``_estimate``
MIN_NOISE = 0.1  # pixels of the reduced image: what calibration and rounding leave, in any case
MAX_LEVERAGE = 0.5
BEND = 2.4  # standard deviations; residuals of more than about twice as much have hardly any influence
_STEPS, _EVALUATIONS = 2, 10


class Freedom(Enum):
    """Which part of a motion is estimated."""

    METRIC = "rotation and translation"
    DIRECTION = "rotation and direction of the translation, whose length is 1"
    ROTATION = "rotation; the translation is zero"


class Estimate(NamedTuple):
    """A motion, and how well it is known."""

    motion: Motion
    covariance: np.ndarray  # (6, 6) float64 of the translation and a rotation about the match's axes;
    # of ``refine``: 0 for what is not estimated
    noise: float  # standard deviation of a residual, pixels of the reduced image


def refine(residuals: Residuals, start: Motion, freedom: Freedom) -> Optional[Estimate]:
    """Minimise the residuals.

    Args:
        residuals: of the inliers.
        start: the motion found before.
        freedom: what is estimated.

    Returns:
        The estimate; None: the residuals do not determine it.
    """
    path = _Path(start, freedom)
    evaluate = _bent(residuals, path)
    if evaluate is None:
        return None
    found = least_squares(
        lambda step: evaluate(step)[0], path.zero, lambda step: evaluate(step)[1], method="lm",
        max_nfev=_EVALUATIONS, ftol=1e-2, xtol=1e-3, gtol=1e-8,
    )  # fmt: skip
    return _estimate(residuals, path.after(found.x)[0], freedom)


def improve(residuals: Residuals, start: Motion, freedom: Freedom) -> Optional[Motion]:
    """As :func:`refine`, by a few Gauss-Newton steps and without the covariance."""
    path = _Path(start, freedom)
    evaluate = _bent(residuals, path)
    if evaluate is None:
        return None
    step = path.zero
    for _ in range(_STEPS):
        value, slope = evaluate(step)
        normal = slope.T @ slope
        try:
            step = step - np.linalg.solve(normal + 1e-6 * np.diag(np.diag(normal)), slope.T @ value)
        except np.linalg.LinAlgError:
            return None
    return path.after(step)[0] if np.isfinite(step).all() else None


def _bent(residuals: Residuals, path: "_Path") -> Optional[Callable[..., Tuple[np.ndarray, np.ndarray]]]:
    """Step → residuals whose squares are the loss, and their derivatives; None: too few residuals."""
    values, slopes = residuals(path.start)
    exists = (slopes != 0).any(axis=2)
    if not np.isfinite(values).all() or exists.sum() < 2 * 6:
        return None
    bend = BEND * _noise(values[exists])
    known: Dict[bytes, Tuple[np.ndarray, np.ndarray]] = {}

    def evaluate(step: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        key = step.tobytes()
        if key not in known:
            known.clear()
            motion, chain = path.after(step)
            value, slope = residuals(motion)
            flat, by_step = value[exists], slope[exists] @ chain
            bent = 1 / np.sqrt(1 + (flat / bend) ** 2)
            known[key] = flat * bent, by_step * (bent**3)[:, None]
        return known[key]

    return evaluate


class _Path:
    """Motions near a start, as a function of the steps that the freedom allows; the last three turn it."""

    def __init__(self, start: Motion, freedom: Freedom) -> None:
        self.start, self._freedom = start, freedom
        self.zero = np.zeros({Freedom.METRIC: 6, Freedom.DIRECTION: 5, Freedom.ROTATION: 3}[freedom])
        self._tangent = np.linalg.svd(start.translation[None])[2][1:].T  # (3, 2), across the translation

    def after(self, step: np.ndarray) -> Tuple[Motion, np.ndarray]:
        """The motion after a small step, and the (6, p) derivative of its translation and rotation."""
        turn = cross(step[-3:])
        rotation = cv2.Rodrigues(step[-3:])[0] @ self.start.rotation
        translation = self.start.translation
        chain = np.zeros((6, len(step)))
        chain[3:, -3:] = np.eye(3) + turn / 2  # the left Jacobian of the rotation group, to first order
        if self._freedom == Freedom.METRIC:
            translation = translation + step[:3]
            chain[:3, :3] = np.eye(3)
        elif self._freedom == Freedom.DIRECTION:
            shifted = translation + self._tangent @ step[:2]
            length = np.sqrt(shifted @ shifted)
            translation = shifted / length
            across = self._tangent - np.outer(translation, translation @ self._tangent)
            chain[:3, :2] = across / length
        return Motion(rotation, translation), chain


def _noise(values: np.ndarray) -> float:
    """Standard deviation by the median, which mismatches do not move."""
    return max(MIN_NOISE, 1.4826 * median(np.abs(values)))


def _estimate(residuals: Residuals, motion: Motion, freedom: Freedom) -> Optional[Estimate]:
    """The sandwich covariance, times ``INFLATION``, plus that of ``MIN_NOISE`` at every feature.

    The inflation stands for what residuals do not show: features that are near each other share the error of
    their localisation, a depth at an edge may be that of the background, and some inliers are mismatches.
    """
    values, slopes = residuals(motion)
    path = _Path(motion, freedom)
    _, chain = path.after(path.zero)
    exists = (slopes != 0).any(axis=2)
    by_step = slopes @ chain  # (N, M, p)
    noise = _noise(values[exists])
    square = (values / (BEND * noise)) ** 2
    influence, curvature = values / (1 + square) ** 2, (1 - 3 * square) / (1 + square) ** 3
    flat = by_step[exists]
    information = flat.T @ flat
    scale = np.sqrt(np.diag(information))
    if not (scale > 0).all() or np.linalg.cond(information / np.outer(scale, scale)) > 1e10:
        return None
    inverse = np.linalg.inv(information)
    leverage = np.minimum(((by_step @ inverse) * by_step).sum(axis=(1, 2)), MAX_LEVERAGE)
    scores = (influence[:, :, None] * by_step).sum(axis=1) / (1 - leverage)[:, None]
    bread = inverse / max(0.1, float(curvature[exists].mean()))
    inner = INFLATION * bread @ (scores.T @ scores) @ bread + MIN_NOISE**2 * inverse
    covariance = chain @ inner @ chain.T
    if not np.isfinite(covariance).all():
        return None
    return Estimate(motion, (covariance + covariance.T) / 2, noise)
