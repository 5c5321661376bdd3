"""Fit the coefficients of the evidence: first those of one view, then how the views of a run add up.

1. Logistic regression with L2 and constraints on the signs (Cox, J. R. Stat. Soc. B, 1958): a share of
   features found again and a number of inliers never speak against a match, look-alikes never for it.
2. Scale and correlation, by the log loss of the posteriors of the runs at each of their views. Views of one
   run fail together, therefore their number says less than the regression assumes.
3. The prior, by the same loss over matches as often as they occur: a posterior is a share of right matches.

Every building has the same weight: a long recording of one corridor does not outvote a short one of another.
In the first two steps, right and wrong matches of a building have the same weight too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.optimize import minimize, minimize_scalar

from place_recognition_ros.errors import CalibrationError
from place_recognition_ros.loops.evidence import Coefficients
from training.calibrate.runs import Runs, posteriors, view_log_odds
from training.data.recordings.recording import Verdict

# Of all coefficients in units of their usual size. The bias is penalised too, so that as much as possible is
# explained by the strength of a match relative to that of wrong ones in the same map, which generalises.
L2 = 1e-3
UNIT = np.array([1.0, 5.0, 1.0, 0.5, 5.0])  # the usual size of each
BOUNDS = ((None, None), (0.0, 10.0), (0.0, 10.0), (-2.0, 0.0), (0.0, 8.0))  # in these units
START = (-2.0, 1.5, 2.0, -0.5, 2.0)
SCALE, CORRELATION, PRIOR = (0.1, 2.0), (0.0, 1.0), (-4.0, 0.0)  # bounds


def fit(recordings: Sequence[Runs], buildings: Sequence[str]) -> Coefficients:
    """Fit the coefficients.

    Args:
        recordings: the runs.
        buildings: of each recording; recordings of one building share its weight.

    Raises:
        CalibrationError: if there are no right or no wrong matches.
    """
    if not recordings:
        raise CalibrationError("expected recordings. Received: none")
    known = [each.verdict != Verdict.UNKNOWN for each in recordings]
    right = np.concatenate([each.verdict[rows] == Verdict.RIGHT for each, rows in zip(recordings, known)])
    building = np.concatenate([[name] * int(rows.sum()) for name, rows in zip(buildings, known)])
    if right.all() or not right.any():
        raise CalibrationError(
            f"expected right and wrong matches. Received: {right.sum()} right and {(~right).sum()} wrong ones"
        )
    classes = _Loss(recordings, known, right, balanced(building, right))
    weights = classes.best_runs(classes.best_views())
    weights = _Loss(recordings, known, right, by_building(building)).best_prior(weights)
    return Coefficients(*(round(float(value), 3) for value in weights))


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


def by_building(building: np.ndarray) -> np.ndarray:
    """(N,) weights: of each building the same sum, and of each match of a building the same.

    Args:
        building: (N,) names.
    """
    _, place, count = np.unique(building, return_inverse=True, return_counts=True)
    return 1.0 / (len(count) * count[place])


class _Loss:
    """The weighted log loss of the matches whose truth is known."""

    def __init__(
        self, recordings: Sequence[Runs], known: Sequence[np.ndarray], right: np.ndarray, weight: np.ndarray
    ) -> None:
        self._recordings = recordings
        self._known = known
        self._sign = np.where(right, 1.0, -1.0)
        self._weight = weight

    def best_views(self) -> Coefficients:
        """The coefficients of one view."""

        def loss(values: np.ndarray) -> float:
            return self._of(view_log_odds, _of_view(values)) + L2 * float(values @ values)

        found = minimize(loss, START, method="L-BFGS-B", bounds=BOUNDS)
        return _of_view(found.x)

    def best_runs(self, weights: Coefficients) -> Coefficients:
        """The same with the correlation, and log odds of a view on the right scale."""

        def candidate(values: np.ndarray) -> Coefficients:
            scale, correlation, prior = (float(value) for value in values)
            return scaled(weights, scale)._replace(correlation=correlation, prior=prior)

        def loss(values: np.ndarray) -> float:
            return self._of(posteriors, candidate(values))

        found = minimize(loss, (1.0, 0.3, -1.0), method="L-BFGS-B", bounds=(SCALE, CORRELATION, PRIOR))
        return candidate(found.x)

    def best_prior(self, weights: Coefficients) -> Coefficients:
        """The same with the prior of matches as they occur."""
        found = minimize_scalar(
            lambda prior: self._of(posteriors, weights._replace(prior=prior)), bounds=PRIOR, method="bounded"
        )
        return weights._replace(prior=float(found.x))

    def _of(self, score: Callable[[Runs, Coefficients], np.ndarray], weights: Coefficients) -> float:
        scores = [score(each, weights)[rows] for each, rows in zip(self._recordings, self._known)]
        return float(self._weight @ np.logaddexp(0.0, -self._sign * np.concatenate(scores)))


def _of_view(values: np.ndarray) -> Coefficients:
    """Coefficients of one view, in units of their usual size; no correlation, no prior."""
    return Coefficients(*(float(value) for value in (*(values * UNIT), 0.0, 0.0)))


def scaled(weights: Coefficients, factor: float) -> Coefficients:
    """The coefficients with log odds of one view that are ``factor`` times as large.

    The aliasing of a map is a strength itself: it grows with the coefficients of the geometry.
    """
    return weights._replace(
        bias=factor * weights.bias,
        coverage=factor * weights.coverage,
        inliers=factor * weights.inliers,
        typical=factor * weights.typical,
    )
