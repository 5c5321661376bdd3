"""How much the places of a map look alike, learned without labels.

Whenever two places are compared with one query, at most one of them is right. What the weaker one reaches is
what a wrong match reaches in this environment: in corridors of one design much, in a park nothing.

Between matches of the present session only its own places count: a robot that has been switched on in one of
many look-alike floors sees few look-alikes before it leaves that floor.
"""

from collections import deque
from typing import Deque

import numpy as np

from place_recognition_ros.types import Kind

WINDOW = 256  # newest queries
PRIOR_COUNT = 64  # queries that the prior counts as


class Aliasing:
    """The typical strength of wrong matches, of the present session and of the whole map.

    Args:
        prior: the strength before anything is known: a world with some look-alikes.
    """

    def __init__(self, prior: float) -> None:
        self._session: Deque[float] = deque([prior] * PRIOR_COUNT, maxlen=WINDOW)
        self._map: Deque[float] = deque([prior] * PRIOR_COUNT, maxlen=WINDOW)

    def level(self, kind: Kind) -> float:
        """Mean strength of the best wrong match of a query, among the matches of a kind."""
        return float(np.mean(self._session if kind == Kind.LOOP_CLOSURE else self._map))

    def observe(self, in_session: float, in_map: float) -> None:
        """Take the strengths of the best wrong match of a query.

        Args:
            in_session: among the keyframes of the present session.
            in_map: among all.
        """
        self._session.append(in_session)
        self._map.append(in_map)
