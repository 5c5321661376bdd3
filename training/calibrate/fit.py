"""Fit the coefficients of the evidence: first those of one view, then how the views of a run add up.

1. Logistic regression with L2 and constraints on the signs (Cox, J. R. Stat. Soc. B, 1958): a share of
   features found again and a number of inliers never speak against a match, look-alikes never for it.
2. Scale, correlation and prior, by the log loss of the posteriors of the runs at each of their views. Views
   of one run fail together, therefore their number says less than the regression assumes.

Every building and, within it, right and wrong matches have the same weight: a long recording of one corridor
does not outvote a short one of another.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize

from place_recognition_ros.errors import CalibrationError
from place_recognition_ros.loops.evidence import Coefficients
from training.calibrate.runs import Runs, posteriors
from training.data.recordings.recording import Verdict

L2 = 1e-3  # of the standardised coefficients
SIGNS = ((0.0, None), (0.0, None), (None, 0.0))  # of coverage, inliers, aliasing
SCALE, CORRELATION, PRIOR = (0.05, 2.0), (0.0, 1.0), (-8.0, 0.0)  # bounds


def fit(recordings: Sequence[Runs], buildings: Sequence[str]) -> Coefficients:
    """Fit the coefficients.

    Args:
        recordings: the runs.
        buildings: of each recording; recordings of one building share its weight.

    Raises:
        CalibrationError: if there are no right or no wrong matches.
    """
    known = [each.verdict != Verdict.UNKNOWN for each in recordings]
    right = np.concatenate([each.verdict[rows] == Verdict.RIGHT for each, rows in zip(recordings, known)])
    building = np.concatenate([[name] * int(rows.sum()) for name, rows in zip(buildings, known)])
    if right.all() or not right.any():
        raise CalibrationError(
            f"expected right and wrong matches. Received: {right.sum()} right and {(~right).sum()} wrong ones"
        )
    parts = np.concatenate([each.parts[rows] for each, rows in zip(recordings, known)])
    weight = balanced(building, right)
    return _fit_runs(recordings, known, right, weight, fit_views(parts, right, weight))


def balanced(building: np.ndarray, right: np.ndarray) -> np.ndarray:
    """(N,) weights: of each building and class the same sum, both classes together one half each.

    Args:
        building: (N,) names.
        right: (N,) bool.
    """
    weight = np.zeros(len(right))
    for name in np.unique(building):
        for class_ in (True, False):
            rows = (building == name) & (right == class_)
            weight[rows] = 1.0 / max(1, rows.sum())
    for class_ in (True, False):
        weight[right == class_] /= 2.0 * weight[right == class_].sum()
    return weight


def fit_views(parts: np.ndarray, right: np.ndarray, weight: np.ndarray) -> Coefficients:
    """The coefficients of one view: bias, coverage, inliers, aliasing.

    Args:
        parts: (N, 3) coverage, log of the inliers, aliasing.
        right: (N,) bool.
        weight: (N,), sum 1.
    """
    mean, deviation = parts.mean(axis=0), np.maximum(parts.std(axis=0), 1e-9)
    scaled = (parts - mean) / deviation
    sign = np.where(right, 1.0, -1.0)

    def loss(values: np.ndarray) -> tuple[float, np.ndarray]:
        margin = sign * (values[0] + scaled @ values[1:])
        slope = -sign * weight / (1.0 + np.exp(margin))
        penalty = L2 * float(values[1:] @ values[1:])
        total = float(weight @ np.logaddexp(0.0, -margin)) + penalty
        return total, np.append(slope.sum(), slope @ scaled + 2.0 * L2 * values[1:])

    found = minimize(loss, np.zeros(4), jac=True, method="L-BFGS-B", bounds=((None, None), *SIGNS))
    coverage, inliers, aliasing = found.x[1:] / deviation
    bias = found.x[0] - float(mean @ (coverage, inliers, aliasing))
    return Coefficients(bias, coverage, inliers, aliasing, correlation=0.0, prior=0.0)


def scaled_by(weights: Coefficients, factor: float) -> Coefficients:
    """The coefficients with log odds of one view that are ``factor`` times as large."""
    return weights._replace(
        bias=factor * weights.bias, coverage=factor * weights.coverage, inliers=factor * weights.inliers
    )


def _fit_runs(
    recordings: Sequence[Runs],
    known: Sequence[np.ndarray],
    right: np.ndarray,
    weight: np.ndarray,
    weights: Coefficients,
) -> Coefficients:
    """Add the correlation and the prior, and scale the log odds of a view."""

    def candidate(values: np.ndarray) -> Coefficients:
        scale, correlation, prior = values
        return scaled_by(weights, scale)._replace(correlation=correlation, prior=prior)

    def loss(values: np.ndarray) -> float:
        trial = candidate(values)
        posterior = [posteriors(each, trial)[1][rows] for each, rows in zip(recordings, known)]
        return float(weight @ np.logaddexp(0.0, np.where(right, -1.0, 1.0) * np.concatenate(posterior)))

    bounds = (SCALE, CORRELATION, PRIOR)
    starts = [(1.0, 0.3, -1.0), (0.7, 0.7, -1.0)]
    found = [minimize(loss, start, method="L-BFGS-B", bounds=bounds) for start in starts]
    best = min(found, key=lambda each: float(each.fun))
    return Coefficients(*(float(round(value, 3)) for value in candidate(best.x)))
