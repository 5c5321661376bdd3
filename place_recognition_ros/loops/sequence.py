"""Sequence check: a revisit must be supported by a sequence of images, not by one image.

After SeqSLAM (Milford and Wyeth, ICRA 2012, section III-C): the newest query descriptors are compared
with the keyframes around the match along straight lines, one for each relative speed, forward and
backward. The score is the mean similarity of the best line. Queries for which the line is outside the
map (before its first keyframe, for example) are evidence neither for nor against the match and are ignored.
"""

import numpy as np

SPEEDS = (-2.0, -1.5, -1.0, -0.67, -0.5, 0.0, 0.5, 0.67, 1.0, 1.5, 2.0)
TOLERANCE = 1  # keyframes on each side of the line that are compared, too


def sequence_radius(length: int) -> int:
    """Number of keyframes on each side of the match that a check of ``length`` queries compares."""
    return int(max(SPEEDS) * (length - 1)) + TOLERANCE


def sequence_similarity(queries: np.ndarray, neighbours: np.ndarray, match: int) -> float:
    """Mean similarity along the best line through the match.

    Args:
        queries: (n, D) float32, unit norm; newest first.
        neighbours: (m, D) float32, unit norm; keyframes of the match's session in order of time.
        match: row of the match in ``neighbours``.

    Returns:
        Mean cosine, −1 to 1.
    """
    similarity = queries @ neighbours.T
    steps = np.arange(len(queries))
    best = -1.0
    for speed in SPEEDS:
        columns = match - np.round(speed * steps).astype(int)
        inside = (columns >= 0) & (columns < len(neighbours))
        on_line = [_best_in_tolerance(similarity[row], columns[row]) for row in steps[inside]]
        best = max(best, float(np.mean(on_line)))
    return best


def _best_in_tolerance(row: np.ndarray, column: int) -> float:
    return float(row[max(0, column - TOLERANCE) : column + TOLERANCE + 1].max())
