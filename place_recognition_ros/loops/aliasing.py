"""How much the places of a map look alike, learned without labels.

Whenever two places are compared with one query, at most one of them is right. What the weaker one reaches is
what a wrong match reaches in this environment: in corridors of one design much, in a park nothing.

For matches within a session only its own places count: a robot that has been switched on in one of many
look-alike floors sees few look-alikes before it leaves that floor. For the others, what wrong matches with
their world reach, the sessions that verified matches connect; until enough is known of it, those of the whole
map. Else one night that nothing recognised would spoil a map of a hundred days: it shows their places, but
nobody knows.
"""

import json
from collections import deque
from typing import Any, Callable, Deque, Dict, Mapping, Tuple

import numpy as np

from place_recognition_ros.loops.evidence import Coefficients
from place_recognition_ros.types import Kind

ALIASING = "aliasing"  # of the map: what was learned of it
WINDOW = 256  # newest queries
PRIOR_COUNT = 64  # queries that the prior counts as


class WorldMeans:
    """The means of numbers, or of vectors, that were observed in each world; the newest count most.

    Args:
        world_of: the oldest session that matches connect with one.
    """

    def __init__(self, world_of: Callable[[int], int]) -> None:
        self._world_of = world_of
        self.sums: Dict[int, Tuple[Any, float]] = {}
        """Oldest session of a world, at that time → the sum and how many it has."""

    def add(self, world: int, value: Any) -> None:
        """Observe a value."""
        total, count = self.sums.get(world, (0.0, 0.0))
        self.sums[world] = _limited(total + value, count + 1)

    def mean(self, session: int, prior: Any, general: Any) -> Any:
        """The mean in the world of a session.

        Args:
            session: the session.
            prior: what a world has before anything was observed, as ``PRIOR_COUNT`` observations.
            general: the mean of all worlds, which counts as much again. If there is no other, both are equal.
        """
        world = self._world_of(session)
        known = [each for number, each in self.sums.items() if self._world_of(number) == world]
        total, count = _limited(sum(each[0] for each in known), sum(each[1] for each in known))
        before = min(PRIOR_COUNT, WINDOW - count)
        own = (total + before * prior) / (count + before)
        return (count * own + PRIOR_COUNT * general) / (count + PRIOR_COUNT)


def _limited(total: Any, count: float) -> Tuple[Any, float]:
    """A sum of ``WINDOW`` observations at most."""
    share = min(1.0, WINDOW / max(count, 1.0))
    return share * total, share * count


class Aliasing:
    """The typical strength of wrong matches within sessions, in the whole map, and in each world.

    Args:
        weights: of the evidence; ``typical`` is the strength before anything is known.
        world_of: the oldest session that matches connect with one.
        text: of :meth:`to_text`; of other weights, or not usable: nothing is known.
    """

    def __init__(self, weights: Coefficients, world_of: Callable[[int], int], text: str = "") -> None:
        self._weights = weights
        self._session: Deque[float] = deque([weights.typical] * PRIOR_COUNT, maxlen=WINDOW)
        self._map: Deque[float] = deque([weights.typical] * PRIOR_COUNT, maxlen=WINDOW)
        self._worlds = WorldMeans(world_of)
        self.observed = 0
        """How many queries were observed since the start."""
        self._read(text)

    def level(self, kind: Kind, session: int) -> float:
        """Mean strength of the best wrong match of a query.

        Args:
            kind: of the match.
            session: of the match.
        """
        if kind == Kind.LOOP_CLOSURE:
            return float(np.mean(self._session))
        return float(self._worlds.mean(session, self._weights.typical, np.mean(self._map)))

    def observe(self, in_session: float, in_worlds: Mapping[int, float]) -> None:
        """Take the strengths of the best wrong matches of a query.

        Args:
            in_session: among the keyframes of the present session.
            in_worlds: among those of each world that was compared with it.
        """
        self._session.append(in_session)
        self._map.append(max(in_worlds.values()))
        for world, each in in_worlds.items():
            self._worlds.add(world, each)
        self.observed += 1

    def to_text(self) -> str:
        """What was learned, to be stored with the map."""
        session, whole = ([round(each, 2) for each in found] for found in (self._session, self._map))
        worlds = {number: [round(part, 2) for part in each] for number, each in self._worlds.sums.items()}
        return json.dumps(
            {"weights": list(self._weights), "session": session, "map": whole, "worlds": worlds}
        )

    def _read(self, text: str) -> None:
        try:
            stored = json.loads(text) if text else {}
            session, whole = ([float(each) for each in stored[name]] for name in ("session", "map"))
            in_worlds = stored.get("worlds", {})  # a map of version 1.0 has none
            worlds = {int(world): (float(total), float(count)) for world, (total, count) in in_worlds.items()}
            numbers = [*session, *whole, *(part for each in worlds.values() for part in each)]
            usable = stored["weights"] == list(self._weights) and np.isfinite(numbers).all()
        except (ValueError, TypeError, KeyError, AttributeError):
            return
        if usable and session and whole:
            self._session.clear()
            self._map.clear()
            self._session.extend(session)
            self._map.extend(whole)
            self._worlds.sums.update(worlds)
