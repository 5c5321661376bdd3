"""How much the places of a map look alike, learned without labels.

Whenever two places are compared with one query, at most one of them is right. What the weaker one reaches is
what a wrong match reaches in this environment: in corridors of one design much, in a park nothing.

For matches within a session only its own places count: a robot that has been switched on in one of many
look-alike floors sees few look-alikes before it leaves that floor.
"""

import json
from collections import deque
from typing import Deque

import numpy as np

from place_recognition_ros.loops.evidence import Coefficients
from place_recognition_ros.types import Kind

ALIASING = "aliasing"  # of the map: what was learned of it
WINDOW = 256  # newest queries
PRIOR_COUNT = 64  # queries that the prior counts as


class Aliasing:
    """The typical strength of wrong matches within sessions and in the whole map.

    Args:
        weights: of the evidence; ``typical`` is the strength before anything is known.
        text: of :meth:`to_text`; of other weights, or not usable: nothing is known.
    """

    def __init__(self, weights: Coefficients, text: str = "") -> None:
        self._weights = weights
        self._session: Deque[float] = deque([weights.typical] * PRIOR_COUNT, maxlen=WINDOW)
        self._map: Deque[float] = deque([weights.typical] * PRIOR_COUNT, maxlen=WINDOW)
        self.observed = 0
        """How many queries were observed since the start."""
        self._read(text)

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
        self.observed += 1

    def to_text(self) -> str:
        """What was learned, to be stored with the map."""
        session, whole = ([round(each, 2) for each in found] for found in (self._session, self._map))
        return json.dumps({"weights": list(self._weights), "session": session, "map": whole})

    def _read(self, text: str) -> None:
        try:
            stored = json.loads(text) if text else {}
            session, whole = ([float(each) for each in stored[name]] for name in ("session", "map"))
            usable = stored["weights"] == list(self._weights) and np.isfinite([*session, *whole]).all()
        except (ValueError, TypeError, KeyError):
            return
        if usable and session and whole:
            self._session.clear()
            self._map.clear()
            self._session.extend(session)
            self._map.extend(whole)
