"""Which matches are right, and how well the pipeline does, by ground truth."""

from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from place_recognition_ros.tools.replay.truth import Spot

RECALL_AT = (1, 2, 5, 10)


class Limits(NamedTuple):
    """Two images show the same place if their cameras were at most so far apart."""

    radius: float = 5.0  # metres
    angle: float = 45.0  # degrees between the orientations, where they are known


class Verdict(NamedTuple):
    """A pair of images by ground truth."""

    right: bool
    distance: float  # metres; NaN: only places are known
    angle: float  # degrees; NaN: not known


class Curve(NamedTuple):
    """Precision and recall for every threshold of a score."""

    recall: np.ndarray  # (N,) float64, ascending
    precision: np.ndarray  # (N,) float64

    @property
    def recall_at_full_precision(self) -> float:
        """The largest recall without a wrong match."""
        return float(self.recall[self.precision >= 1.0].max(initial=0.0))

    @property
    def area(self) -> float:
        """Average precision: the area under the curve."""
        steps = np.diff(np.concatenate([[0.0], self.recall]))
        return float(np.sum(steps * self.precision))


class Judge:
    """Ground truth of the keyframes of a run.

    Args:
        spots: of each keyframe, in the order of the run; None: not known.
        stamps: of each keyframe, nanoseconds.
        limits: what the same place is.
        min_age: nanoseconds: what was seen since then is not a revisit.
    """

    def __init__(
        self, spots: Sequence[Optional[Spot]], stamps: Sequence[int], limits: Limits, min_age: int
    ) -> None:
        self.spots = spots
        self.limits = limits
        self._stamps = np.array(stamps, np.int64)
        self._positions = np.full((len(spots), 3), np.nan)
        self._turns = np.full((len(spots), 4), np.nan)
        self._places = np.array(["" if spot is None else spot.place for spot in spots])
        for row, spot in enumerate(spots):
            if spot is not None and spot.position is not None:
                self._positions[row] = spot.position
            if spot is not None and spot.orientation is not None:
                self._turns[row] = spot.orientation
        self.revisits = [row for row in range(len(spots)) if self._is_revisit(row, min_age)]
        """Keyframes of places that were left and seen before."""

    def verdict(self, query: int, match: int) -> Optional[Verdict]:
        """Whether two keyframes show the same place; None: not known."""
        metres, degrees = self._apart(query, np.array([match]))
        if np.isnan(metres[0]) and not (self._places[query] and self._places[match]):
            return None
        same = bool(self._same(query, np.array([match]))[0])
        return Verdict(same, float(metres[0]), float(degrees[0]))

    def _apart(self, row: int, others: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """Metres and degrees; NaN: not known."""
        metres = np.linalg.norm(self._positions[others] - self._positions[row], axis=1)
        cosine = np.abs(self._turns[others] @ self._turns[row])
        return metres, np.degrees(2 * np.arccos(np.clip(cosine, 0, 1)))

    def _same(self, row: int, others: np.ndarray) -> np.ndarray:
        metres, degrees = self._apart(row, others)
        with np.errstate(invalid="ignore"):
            near = (metres <= self.limits.radius) & ~(degrees > self.limits.angle)
        labelled = (self._places[row] != "") & (self._places[others] != "")
        return np.where(labelled, self._places[others] == self._places[row], near)

    def _is_revisit(self, row: int, min_age: int) -> bool:
        before = np.flatnonzero(self._stamps[row] - self._stamps[:row] >= min_age)
        if not len(before):
            return False
        same = self._same(row, np.arange(row))
        left = np.flatnonzero(~same)
        return bool(len(left)) and bool(same[before[before < left[-1]]].any())


def curve(scores: Dict[int, Tuple[float, Optional[bool]]], revisits: Sequence[int]) -> Curve:
    """Precision and recall.

    Args:
        scores: keyframe → the score of its best match, and whether it is right; None: not known.
        revisits: the keyframes that should be recognised.
    """
    known = [(score, right, row) for row, (score, right) in scores.items() if right is not None]
    known = sorted((each for each in known if not np.isnan(each[0])), key=lambda each: -each[0])
    expected = set(revisits)
    right = np.cumsum([right for _, right, _ in known])
    recalled = np.cumsum([right and row in expected for _, right, row in known])
    wrong = np.cumsum([not right for _, right, _ in known])
    values = np.array([score for score, _, _ in known])
    last = np.append(values[1:] != values[:-1], True) if len(values) else np.zeros(0, bool)
    with np.errstate(invalid="ignore"):
        precision = right / np.maximum(right + wrong, 1)
    return Curve((recalled / max(1, len(expected)))[last], np.asarray(precision)[last])


def recall_at(
    ranked: Dict[int, List[Optional[bool]]], revisits: Sequence[int], counts: Sequence[int] = RECALL_AT
) -> Dict[int, float]:
    """Share of the revisits with a right match among the first k.

    Args:
        ranked: keyframe → whether its matches are right, the most similar first.
        revisits: the keyframes that should be recognised.
        counts: the values of k.
    """
    return {k: sum(any(ranked.get(row, [])[:k]) for row in revisits) / max(1, len(revisits)) for k in counts}
