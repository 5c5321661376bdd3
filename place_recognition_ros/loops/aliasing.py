"""How much the places of a map look alike, learned without labels.

Whenever two places are compared with one query, at most one of them is right. What the weaker one reaches is
what a wrong match reaches in this environment: in corridors of one design much, in a park nothing.
"""

from collections import deque
from typing import Deque

import numpy as np

WINDOW = 256  # newest queries
PRIOR_COUNT = 64  # queries that the prior counts as


class Aliasing:
    """The typical strength of wrong matches of a map.

    Args:
        prior: the strength before anything is known: a world with some look-alikes.
    """

    def __init__(self, prior: float) -> None:
        self._strengths: Deque[float] = deque([prior] * PRIOR_COUNT, maxlen=WINDOW)

    @property
    def level(self) -> float:
        """Mean strength of the best wrong match of a query."""
        return float(np.mean(self._strengths))

    def observe(self, strength: float) -> None:
        """Take the strength of the best match of a query at another place than the right one."""
        self._strengths.append(strength)
