"""Sequence check: a place is met again in some order, not in one picture.

After SeqSLAM (Milford and Wyeth, ICRA 2012, section III-C): the newest query descriptors are compared
with the keyframes round the match along straight lines, one for each relative speed, here forward and
backward; the best line's mean similarity is the score. Where the line leaves the map (the match is
the map's first keyframe, say) there is no evidence for or against, and nothing is counted.
"""

import numpy as np

SPEEDS = (-2.0, -1.5, -1.0, -0.67, -0.5, 0.0, 0.5, 0.67, 1.0, 1.5, 2.0)
REACH = 1  # keyframes beside the line that may stand for it


def sequence_radius(length: int) -> int:
    """How many keyframes on each side of the match a check of this length may touch."""
    return int(max(SPEEDS) * (length - 1)) + REACH


def sequence_similarity(queries: np.ndarray, neighbours: np.ndarray, match: int) -> float:
    """Mean similarity along the best line through the match.

    Args:
        queries: (n, D) float32, unit norm; the newest query first, then back in time.
        neighbours: (m, D) float32, unit norm; keyframes of the match's session in order.
        match: row of the match in ``neighbours``.

    Returns:
        Cosine, −1 to 1.
    """
    similarity = queries @ neighbours.T
    steps = np.arange(len(queries))
    best = -1.0
    for speed in SPEEDS:
        columns = match - np.round(speed * steps).astype(int)
        inside = (columns >= 0) & (columns < len(neighbours))
        on_line = [_best_near(similarity[row], columns[row]) for row in steps[inside]]
        best = max(best, float(np.mean(on_line)))
    return best


def _best_near(row: np.ndarray, column: int) -> float:
    return float(row[max(0, column - REACH) : column + REACH + 1].max())
