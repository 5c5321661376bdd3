"""What makes one floor differ from another: posters, open doors, furniture, pipes. Metres."""

from typing import FrozenSet, NamedTuple, Tuple

import numpy as np

from rendering.building.design import Design
from rendering.building.textures import POSTERS

DIFFERENCE = 0.35  # natural: something distinctive in about a third of the views


class Hung(NamedTuple):
    """Something on a wall."""

    wall: int
    along: float
    z: float  # of its middle
    wide: float
    high: float
    poster: int


class Standing(NamedTuple):
    """Something in front of a wall."""

    wall: int
    along: float
    kind: int  # in objects.KINDS
    seed: int


class Contents(NamedTuple):
    """What is on one floor only."""

    hung: Tuple[Hung, ...]
    standing: Tuple[Standing, ...]
    opened: FrozenSet[int]  # fixtures: doors that are open
    pipes: Tuple[Tuple[int, float, float, float], ...]  # wall, from, to, distance to the ceiling
    vents: Tuple[Tuple[str, float, float], ...]  # more outlets in the ceiling
    dark: FrozenSet[int]  # lamps that are broken
    shift: Tuple[float, float]  # of the stains on the walls


def random_contents(design: Design, floor: int, difference: float, seed: int) -> Contents:
    """Contents of a floor.

    Args:
        design: of the building.
        floor: from 0.
        difference: 0: the floors are identical … 1: different in almost every view.
        seed: of the building.

    Returns:
        :class:`Contents`; the same seed and floor give the same contents.
    """
    random = np.random.default_rng((seed, 2, floor))
    hung, standing = [], []
    for wall, low, high in design.gaps:
        if random.random() < 0.55 * difference:
            hung += _hang(wall, low, high, random)
        if random.random() < 0.4 * difference and high - low > 0.7:
            kind, own = int(random.integers(9)), int(random.integers(1 << 30))
            standing.append(Standing(wall, float(random.uniform(low + 0.35, high - 0.35)), kind, own))
    doors = [i for i, f in enumerate(design.fixtures) if f.kind == "door" and f.room > 0]
    opened = frozenset(i for i in doors if random.random() < 0.4 * difference)
    pipes = [
        (wall, low, high, float(random.uniform(0.12, 0.3)))
        for wall, low, high in ((i, 0.1, w.length - 0.1) for i, w in enumerate(design.walls) if w.length > 3)
        if random.random() < 0.15 * difference
    ]
    vents = []
    for x, y, _ in design.lamps:
        spot = np.array([[x, y]]) + random.uniform(-1.2, 1.2, (1, 2))
        if random.random() < 0.3 * difference and design.plan.clearance(spot)[0] > 0.4:
            outlet = str(random.choice(["grille", "diffuser", "hatch"]))
            vents.append((outlet, float(spot[0, 0]), float(spot[0, 1])))
    dark = frozenset(k for k in range(len(design.lamps)) if random.random() < 0.08 * difference)
    shift = tuple(float(v) for v in random.uniform(0, 9, 2) * (difference > 0))
    return Contents(
        tuple(hung), tuple(standing), opened, tuple(pipes), tuple(vents), dark, (shift[0], shift[1])
    )


def _hang(wall, low, high, random):
    """One to four posters side by side."""
    size = random.uniform(0.3, 1.1)
    count = int(min((high - low) / (size + 0.1), random.integers(1, 4)))
    start = random.uniform(low, max(low, high - count * (size + 0.1)))
    z = random.uniform(1.3, 1.6)
    for k in range(max(1, count)):
        wide = min(size, high - low)
        ratio = random.choice([1.4, 0.75, 1.0])
        along = float(start + k * (size + 0.1) + wide / 2)
        yield Hung(
            wall, along, float(z), float(wide), float(min(wide * ratio, 1.3)), int(random.integers(POSTERS))
        )
