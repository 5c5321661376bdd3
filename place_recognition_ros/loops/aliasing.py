"""How much the places of a map look alike, learned without labels.

Whenever two places are compared with one query, at most one of them is right. What the weaker one reaches is
what a wrong match reaches in this environment: in corridors of one design much, in a park nothing.
"""

from collections import deque
from typing import Deque

import numpy as np

WINDOW = 256  # newest wrong matches
PRIOR, PRIOR_COUNT = -3.0, 8  # before anything is known: between a home and the floors of a tower


class Aliasing:
    """The typical log odds of wrong matches of a map, from geometry alone."""

    def __init__(self) -> None:
        self._rivals: Deque[float] = deque([PRIOR] * PRIOR_COUNT, maxlen=WINDOW)

    @property
    def level(self) -> float:
        """Median log odds of a wrong match, not above 0."""
        return min(0.0, float(np.median(self._rivals)))

    def observe(self, log_odds: float) -> None:
        """Take the log odds of a match that is weaker than another one of the same query."""
        self._rivals.append(log_odds)
