"""Which revisits there are: a stretch of one robot's path along a stretch of another's."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.ndimage import label

from benchmarks.fleet import town
from benchmarks.fleet.reference import Found
from training.data.recordings.rendered import STREET_REVISIT, STREET_RIGHT, apart

TOUCH = np.ones((3, 3), int)  # pairs of positions that follow each other belong to one stretch


class Revisit(NamedTuple):
    """One of the stretches along which two robots drove."""

    district: int
    robots: tuple[int, int]
    number: int


class _Pair(NamedTuple):
    """How the positions of two visits relate."""

    right: np.ndarray  # (P, P) bool: a match of them is right
    stretches: np.ndarray  # (P, P) int: which revisit they belong to; 0: none


def visit_of(robot: int, district: int) -> town.Visit:
    """The visit of a robot to a district."""
    return next(each for each in town.visits(robot) if each.district == district)


@lru_cache(maxsize=None)
def _pair(district: int, a: int, b: int) -> _Pair:
    poses = [town.poses_of(visit_of(robot, district)) for robot in (a, b)]
    metres, degrees = (each[: town.POSITIONS, town.POSITIONS :] for each in apart(poses[0] + poses[1]))
    same = (metres <= STREET_REVISIT[0]) & (degrees <= STREET_REVISIT[1])
    right = (metres <= STREET_RIGHT[0]) & (degrees <= STREET_RIGHT[1])
    return _Pair(right, label(same, TOUCH)[0])


def is_right(district: int, found: Found) -> bool:
    """Whether the two images show one place."""
    right = _pair(district, found.robot, found.other).right
    return bool(right[town.position_of(found.row), town.position_of(found.other_row)])


def revisits_of(district: int, matches: Iterable[Found]) -> set[Revisit]:
    """The revisits that matches belong to."""
    revisits = set()
    for each in matches:
        (a, row), (b, other) = sorted([(each.robot, each.row), (each.other, each.other_row)])
        number = _pair(district, a, b).stretches[town.position_of(row), town.position_of(other)]
        if number:
            revisits.add(Revisit(district, (a, b), int(number)))
    return revisits


def every_revisit(district: int, seconds: float) -> set[Revisit]:
    """All that there are in the first seconds of the robots' drives."""
    revisits = set()
    for a in range(town.ROBOTS):
        for b in range(a + 1, town.ROBOTS):
            driven = (_driven(robot, district, seconds) for robot in (a, b))
            part = _pair(district, a, b).stretches[np.ix_(*map(np.arange, driven))]
            revisits |= {Revisit(district, (a, b), int(number)) for number in np.unique(part) if number}
    return revisits


def _driven(robot: int, district: int, seconds: float) -> int:
    """At how many positions of a district a robot was in the first seconds."""
    before = town.visits(robot).index(visit_of(robot, district)) * town.SECONDS
    return int(np.clip((seconds - before) / town.SECONDS, 0, 1) * town.POSITIONS)


def was_driven(district: int, found: Found, seconds: float) -> bool:
    """Whether both images of a match were taken in the first seconds."""
    return all(
        town.visits(robot).index(visit_of(robot, district)) * town.SECONDS + row / town.RATE < seconds
        for robot, row in ((found.robot, found.row), (found.other, found.other_row))
    )
