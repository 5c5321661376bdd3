"""Plan of the town: houses, and the objects in front of them."""

from typing import Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from rendering.library import Library
from rendering.mesh import Mesh
from rendering.town.furniture import Furniture
from rendering.town.houses import Details, HouseBuilder, Kit, random_details
from rendering.town.painted import SHOPS
from rendering.town.streets import (
    EAST,
    KERB,
    MIDDLE,
    NORTH,
    WALL,
    add_ground,
    add_park,
    church,
    dress_kerb,
    park_cars,
)

CREAM, SAND, ROSE, SKY = (0.93, 0.88, 0.76), (0.87, 0.74, 0.54), (0.86, 0.62, 0.55), (0.63, 0.73, 0.8)
MINT, SNOW, OCHRE, WINE = (0.68, 0.78, 0.66), (0.95, 0.94, 0.9), (0.86, 0.66, 0.34), (0.6, 0.27, 0.26)
STONE, TEAL, NIGHT = (0.85, 0.81, 0.72), (0.2, 0.42, 0.43), (0.22, 0.28, 0.4)
ONE = (1.0, 1.0, 1.0)

KITS = {
    "brick": Kit("brick_red", ONE, STONE, 3, 3, "shop", "slate", False),
    "gable": Kit("brick_brown", ONE, SNOW, 3, 2, "flat", "tiles_red", True),
    "ochre": Kit("brick_ochre", ONE, STONE, 2, 3, "shop", "tiles_brown", False),
    "cream": Kit("plaster", CREAM, SNOW, 3, 3, "shop", "tiles_red", False, shutters=TEAL),
    "rose": Kit("plaster", ROSE, SNOW, 2, 2, "flat", "tiles_red", True, shutters=(0.45, 0.25, 0.2)),
    "sky": Kit("plaster", SKY, SNOW, 3, 2, "shop", "slate", True),
    "mint": Kit("plaster", MINT, SNOW, 3, 3, "flat", "slate", False, balcony=True),
    "timber": Kit("plaster", SNOW, (0.8, 0.72, 0.6), 3, 3, "shop", "tiles_brown", True, timber=True),
    "timber_ochre": Kit("plaster", OCHRE, (0.7, 0.55, 0.4), 2, 3, "flat", "tiles_red", False, timber=True),
    "stone": Kit("rubble", ONE, STONE, 3, 2, "shop", "slate", False),
    "ashlar": Kit("stone", STONE, SNOW, 3, 3, "shop", "slate", False, balcony=True),
    "planks": Kit("planks", TEAL, SNOW, 2, 3, "shop", "slate", True),
    "planks_red": Kit("planks", WINE, SNOW, 2, 2, "flat", "tiles_brown", True),
    "night": Kit("planks", NIGHT, SNOW, 3, 3, "shop", "tiles_brown", False),
    "sand": Kit("plaster", SAND, STONE, 2, 2, "shop", "tiles_red", False, shutters=(0.3, 0.4, 0.3)),
}
Row = Sequence[Tuple[str, float]]  # kit, width in metres
TWIN_LEFT: Row = [("brick", 6.4), ("cream", 5.6), ("timber", 6.0), ("sky", 5.6)]
TWIN_RIGHT: Row = [("ashlar", 6.0), ("rose", 5.4), ("ochre", 6.6), ("gable", 5.6)]


class Terrace(NamedTuple):
    """A row of houses; ``at``: its left end as seen from the street, metres."""

    at: Tuple[float, float]
    yaw: float  # 0 faces −y
    depth: float
    sides: str  # sides of the row that are visible
    houses: Row


def terraces() -> List[Terrace]:
    """All rows of the town. The ``TWIN_*`` rows are in D–E and again in E–F."""
    west, middle, east = 0.0, MIDDLE, EAST
    half = (NORTH - 2 * WALL) / 2
    up, around, down = np.pi / 2, np.pi, -np.pi / 2
    return [
        Terrace((west + WALL, WALL), 0.0, half, "lr", TWIN_LEFT),
        Terrace((middle - WALL, NORTH - WALL), around, half, "lr",
                [("planks", 6.0), ("stone", 5.6), ("mint", 6.2), ("sand", 5.8)]),
        Terrace((middle + WALL, WALL), 0.0, half, "lrb", TWIN_LEFT),
        Terrace((west - WALL, NORTH + WALL), 0.0, 7.0, "", [("sand", 6.2), ("night", 6.2)]),
        Terrace((west + WALL, NORTH + WALL), 0.0, 7.0, "",
                [("timber_ochre", 6.0), ("planks_red", 5.4), ("ashlar", 6.4), ("rose", 5.8)]),
        Terrace((middle - WALL, NORTH + WALL), 0.0, 7.0, "", [("stone", 6.4), ("planks", 6.0)]),
        Terrace((middle + WALL, NORTH + WALL), 0.0, 7.0, "r", [("night", 6.4)]),
        Terrace((middle + WALL + 17.2, NORTH + WALL), 0.0, 7.0, "l", [("timber_ochre", 6.4)]),
        Terrace((east - WALL, NORTH + WALL), 0.0, 7.0, "", [("mint", 6.4), ("sand", 6.0)]),
        Terrace((west + WALL, -WALL), around, 7.0, "", [("planks_red", 6.2), ("stone", 6.2)]),
        Terrace((middle - WALL, -WALL), around, 7.0, "", TWIN_RIGHT),
        Terrace((middle + WALL, -WALL), around, 7.0, "", [("night", 6.4), ("mint", 6.0)]),
        Terrace((east - WALL, -WALL), around, 7.0, "", TWIN_RIGHT),
        Terrace((east + WALL, -WALL), around, 7.0, "r", [("cream", 6.4), ("planks", 6.0)]),
        Terrace((west - WALL, -WALL), up, 7.0, "",
                [("ochre", 6.2), ("mint", 6.4), ("timber", 5.8), ("gable", 5.8), ("night", 6.2),
                 ("cream", 6.0), ("planks_red", 6.0)]),
        Terrace((east + WALL, NORTH + WALL), down, 7.0, "",
                [("timber_ochre", 6.2), ("stone", 5.6), ("sky", 6.0), ("brick", 6.4), ("planks", 6.0),
                 ("sand", 6.2), ("night", 6.0)]),
    ]  # fmt: skip


def build_town(
    library: Library,
    seed: int,
    rows: Optional[Sequence[Terrace]] = None,
    kits: Mapping[str, Kit] = KITS,
    parked: bool = True,
) -> Mesh:
    """The whole town; the same seed gives the same town.

    Args:
        rows: its houses; None: the result of :func:`terraces`.
        kits: styles of the houses, by name.
        parked: with the cars along the kerbs, or without, for :func:`parked_cars`.
    """
    rng = np.random.default_rng(seed)
    town = Mesh()
    builder = HouseBuilder(library)
    signs = _signs(rng)
    for terrace in terraces() if rows is None else rows:
        _add_terrace(town, builder, terrace, kits, rng, signs)
    add_ground(town, library, rng)
    add_park(town, library, rng)
    town.place(church(library), (MIDDLE + WALL + 6.4, NORTH + WALL))
    furniture = Furniture(library)
    for start, end, busy in _kerbs():
        dress_kerb(town, library, furniture, rng, start, end, busy if parked else 0.0)
    return town


def parked_cars(fleet: Sequence[Mesh], rng: np.random.Generator, busy: float = 1.0) -> Mesh:
    """Parked cars along all kerbs, chosen from a fleet.

    Args:
        busy: factor of the usual number of cars.
    """
    cars = Mesh()
    for start, end, usual in _kerbs():
        park_cars(cars, lambda: fleet[int(rng.integers(len(fleet)))], rng, start, end, usual * busy)
    return cars


def _add_terrace(
    town: Mesh, builder: HouseBuilder, row: Terrace, kits: Mapping[str, Kit], rng, signs: Iterator[int]
) -> None:
    along = np.array([np.cos(row.yaw), np.sin(row.yaw)])
    at = np.array(row.at)
    for i, (name, width) in enumerate(row.houses):
        kit = kits[name]
        details: Details = random_details(rng, next(signs) if kit.ground == "shop" else 0)
        sides = ("l" if i == 0 and "l" in row.sides else "") + ("b" if "b" in row.sides else "")
        sides += "r" if i == len(row.houses) - 1 and "r" in row.sides else ""
        town.place(builder.house(width, row.depth, kit, details, sides), (at[0], at[1]), row.yaw)
        at = at + along * width


def _signs(rng: np.random.Generator) -> Iterator[int]:
    while True:
        yield from (int(i) for i in rng.permutation(len(SHOPS)))


def _kerbs() -> List[Tuple[Tuple[float, float], Tuple[float, float], float]]:
    """Start and end of each kerb with the houses on its left, and the share of its parking slots in use."""
    west, middle, east = 0.0, MIDDLE, EAST
    kerbs = []
    for left, right in ((west, middle), (middle, east)):
        a, b = left + KERB, right - KERB
        kerbs += [((a, KERB), (b, KERB), 0.8), ((b, NORTH - KERB), (a, NORTH - KERB), 0.8)]
        kerbs += [((b, -KERB), (a, -KERB), 0.8), ((a, NORTH + KERB), (b, NORTH + KERB), 0.8)]
    low, high = KERB, NORTH - KERB
    for x in (west, middle):
        kerbs.append(((x + KERB, high), (x + KERB, low), 0.6))
    for x in (middle, east):
        kerbs.append(((x - KERB, low), (x - KERB, high), 0.6))
    kerbs += [((west - KERB, low), (west - KERB, high), 0.6), ((east + KERB, high), (east + KERB, low), 0.6)]
    return kerbs
