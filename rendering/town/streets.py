"""Roads, pavements, the park, the church, and cars and plants along the kerbs."""

from typing import Callable

import numpy as np

from rendering.library import Library
from rendering.mesh import UNIT_UV, Mesh, Skin
from rendering.painting import random_color
from rendering.town.furniture import Furniture
from rendering.town.plants import cypress, hedge, tree
from rendering.town.vehicles import SHAPES, car

WALL, KERB = 6.2, 3.8  # metres from the middle of a street to its houses, to its kerb
NORTH, MIDDLE, EAST = 30.0, 36.0, 72.0  # metres, middles of the streets; the others are at 0
STEP = 0.12  # height of the kerb, metres
UP = (0.0, 0.0, 1.0)
PAINTS = (
    (0.75, 0.12, 0.1), (0.14, 0.25, 0.5), (0.86, 0.86, 0.84), (0.12, 0.13, 0.15), (0.5, 0.53, 0.56),
    (0.16, 0.36, 0.26), (0.88, 0.7, 0.22), (0.5, 0.66, 0.74), (0.36, 0.16, 0.17), (0.8, 0.74, 0.6),
    (0.2, 0.46, 0.5), (0.85, 0.42, 0.16),
)  # fmt: skip


def floor(mesh: Mesh, x0, y0, x1, y1, z, skin: Skin) -> None:
    """A level rectangle whose texture is in world coordinates."""
    corners = [(x0, y0, z), (x1, y0, z), (x1, y1, z), (x0, y1, z)]
    mesh.quad(corners, skin, [(x * skin.scale, y * skin.scale) for x, y, _ in corners], UP)


def add_ground(town: Mesh, library: Library, rng: np.random.Generator) -> None:
    """Road surfaces, pavements, markings, drains."""
    asphalt, cobbles = Skin(library["asphalt"], scale=0.2), Skin(library["cobbles"], scale=0.45)
    slabs, pavers = Skin(library["slabs"], scale=0.4), Skin(library["pavers"], scale=0.5)
    floor(town, -WALL, -WALL, EAST + WALL, NORTH + WALL, 0.0, asphalt)
    floor(town, -KERB, KERB, KERB, NORTH - KERB, 0.005, cobbles)
    floor(
        town,
        MIDDLE - KERB,
        KERB,
        MIDDLE + KERB,
        NORTH - KERB,
        0.005,
        Skin(library["pavers"], (0.86, 0.8, 0.76), scale=0.7),
    )
    stone = Skin(library["stone"], (0.85, 0.85, 0.85), scale=0.7)
    pads = [
        (KERB, KERB, MIDDLE - KERB, NORTH - KERB, slabs),
        (MIDDLE + KERB, KERB, EAST - KERB, NORTH - KERB, pavers),
    ]
    pads += [
        (-WALL, -WALL, EAST + WALL, -KERB, slabs),
        (-WALL, NORTH + KERB, EAST + WALL, NORTH + WALL, pavers),
    ]
    pads += [
        (-WALL, -KERB, -KERB, NORTH + KERB, pavers),
        (EAST + KERB, -KERB, EAST + WALL, NORTH + KERB, slabs),
    ]
    for x0, y0, x1, y1, skin in pads:
        town.box((x0, y0, 0), (x1, y1, STEP), stone)
        inset = 0.16
        floor(town, x0 + inset, y0 + inset, x1 - inset, y1 - inset, STEP + 0.004, skin)
    _markings(town, library)
    _covers_and_repairs(town, library, rng)


def _covers_and_repairs(town: Mesh, library: Library, rng: np.random.Generator) -> None:
    """Manhole covers and patches of newer asphalt."""
    dark = Skin(library["stone"], (0.35, 0.35, 0.36), scale=2.0)
    for _ in range(40):
        along = rng.uniform(0, EAST), rng.choice([0.0, NORTH])
        across = rng.choice([0.0, MIDDLE, EAST]), rng.uniform(0, NORTH)
        x, y = along if rng.random() < 0.6 else across
        x, y = x + rng.uniform(-1.5, 1.5), y + rng.uniform(-1.5, 1.5)
        if rng.random() < 0.5:
            town.tube((x, y, 0.0), (x, y, 0.012), (0.36, 0.36), dark, 12)
        else:
            w, h = rng.uniform(0.4, 1.6, 2)
            gray = rng.uniform(0.6, 0.9)
            floor(
                town,
                x - w,
                y - h,
                x + w,
                y + h,
                0.008,
                Skin(library["asphalt"], (gray, gray, gray), scale=0.35),
            )


def _markings(town: Mesh, library: Library) -> None:
    white = Skin(library["plaster"], (0.86, 0.86, 0.83))
    for y in (0.0, NORTH):
        for x in np.arange(8.0, EAST - 6, 3.0):
            if abs(x + 0.7 - MIDDLE) > 7:
                floor(town, x, y - 0.06, x + 1.5, y + 0.06, 0.012, white)
        for corner in (WALL, MIDDLE - WALL - 2.4, MIDDLE + WALL, EAST - WALL - 2.4):
            for i in range(7):
                low = y - KERB + 0.4 + i * 1.05
                floor(town, corner, low, corner + 2.2, low + 0.55, 0.013, white)
    for x in (0.0, MIDDLE, EAST):
        for y in (WALL, NORTH - WALL - 0.35):
            floor(town, x - KERB + 0.2, y, x + KERB - 0.2, y + 0.3, 0.013, white)


def add_park(town: Mesh, library: Library, rng: np.random.Generator) -> None:
    """Lawn, hedge, trees, a fountain in the northern half of the eastern block."""
    x0, x1, y0, y1 = MIDDLE + WALL, EAST - WALL, 15.2, NORTH - WALL
    floor(town, x0, y0, x1, y1, STEP + 0.02, Skin(library["grass"], scale=0.35))
    for start, length, yaw in (
        ((x0, y1), 8.0, 0),
        ((x1 - 8, y1), 8.0, 0),
        ((x0, y0), 8.6, np.pi / 2),
        ((x1, y0), 8.6, np.pi / 2),
    ):
        town.place(hedge(library, length), (*start, STEP), yaw)
    furniture = Furniture(library)
    middle = (x0 + x1) / 2
    floor(
        town,
        middle - 3.6,
        y0,
        middle + 3.6,
        y1 + 0.1,
        STEP + 0.03,
        Skin(library["cobbles"], (1.1, 1.05, 0.95), scale=0.5),
    )
    town.place(furniture.fountain(), (middle, 19.8, STEP))
    for side in (-1, 1):
        town.place(furniture.bench(), (middle + side * 2.9, 19.8, STEP), -side * np.pi / 2)
        town.place(furniture.tub(side + 5), (middle + side * 3.2, 22.8, STEP))
    leaf = ["leaves_green", "leaves_light", "leaves_autumn"]
    for i, x in enumerate((x0 + 2.2, x0 + 5.2, middle - 4.6, middle + 4.8, x1 - 4.5, x1 - 2.0)):
        plant = tree(library, 90 + i, leaf[i % 3], rng.uniform(5.0, 7.5))
        town.place(plant, (x, rng.uniform(17.0, 22.0), STEP), rng.uniform(0, 6))
    for x in (middle - 3.9, middle + 3.9):
        town.place(cypress(library, int(x)), (x, 16.4, STEP))


def church(library: Library) -> Mesh:
    """A clock tower and a nave beside it; like a house it stands at y ≥ 0 and faces −y, 10.8 m wide."""
    mesh = Mesh()
    wall, slate = Skin(library["rubble"], (1.08, 1.04, 0.96), scale=0.4), Skin(library["slate"], scale=0.4)
    mesh.box((0, 0.8, 0), (5.4, 5.4, 15.0), wall)
    tip = (2.7, 3.1, 21.0)
    ring = [(-0.3, 0.5, 15.0), (5.7, 0.5, 15.0), (5.7, 5.7, 15.0), (-0.3, 5.7, 15.0)]
    for a, b in zip(ring, ring[1:] + ring[:1]):
        mesh.quad([a, b, tip, tip], slate, [(0, 0), (2, 0), (1, 2.4), (1, 2.4)])
    clock = Skin(library["clock"], glow=0.3)
    _front(mesh, clock, 1.5, 3.9, 0.78, 11.2, 13.6)
    for x, ends in ((-0.02, (4.3, 1.9)), (5.42, (1.9, 4.3))):
        face = [(x, ends[0], 11.2), (x, ends[1], 11.2), (x, ends[1], 13.6), (x, ends[0], 13.6)]
        mesh.quad(face, clock, UNIT_UV)
    glass = Skin(library["window2"], (0.8, 0.85, 1.0), gloss=0.6, glow=0.8)
    _front(mesh, Skin(library["door3"]), 1.7, 3.7, 0.78, 0.1, 3.4)
    _front(mesh, glass, 2.2, 3.2, 0.78, 5.0, 8.6)
    mesh.box((1.4, 0.0, 0), (4.0, 0.8, 0.16), Skin(library["stone"], scale=0.5))
    mesh.box((5.4, 1.6, 0), (10.8, 7.0, 6.0), wall)
    mesh.quad([(5.4, 1.3, 5.8), (10.8, 1.3, 5.8), (10.8, 4.3, 9.5), (5.4, 4.3, 9.5)], slate)
    mesh.quad([(10.8, 7.3, 5.8), (5.4, 7.3, 5.8), (5.4, 4.3, 9.5), (10.8, 4.3, 9.5)], slate)
    for x in (6.4, 8.9):
        _front(mesh, glass, x, x + 0.9, 1.58, 1.6, 4.6)
    return mesh


def _front(mesh: Mesh, skin: Skin, x0: float, x1: float, y: float, z0: float, z1: float) -> None:
    """A textured rectangle on a wall that faces −y."""
    mesh.quad([(x0, y, z0), (x1, y, z0), (x1, y, z1), (x0, y, z1)], skin, UNIT_UV)


def dress_kerb(town: Mesh, library: Library, furniture: Furniture, rng, start, end, busy: float) -> None:
    """Park cars and put up trees, lamps and smaller things along one kerb, houses on its left."""
    park_cars(town, lambda: random_car(library, rng), rng, start, end, busy)
    start, along, house, yaw, length = _line(start, end)
    leaf = ["leaves_green", "leaves_light", "leaves_autumn"]
    slot = rng.uniform(1.5, 3.0)
    while slot < length - 1.0:
        place = (*(start + along * slot + house * 0.55), STEP)
        choice = rng.random()
        if choice < 0.24:
            plant = tree(
                library, int(rng.integers(1 << 30)), leaf[int(rng.integers(3))], rng.uniform(4.2, 6.0), 90
            )
            town.place(plant, place, rng.uniform(0, 6))
        elif choice < 0.48:
            town.place(furniture.lamp(), place, yaw - np.pi / 2)
        else:
            _small_thing(town, furniture, rng, place, yaw, start + along * slot + house * 1.5)
        slot += rng.uniform(2.4, 4.2)


def park_cars(town: Mesh, next_car: Callable[[], Mesh], rng, start, end, busy: float) -> None:
    """Park cars along one kerb, houses on its left.

    Args:
        next_car: returns a car.
        busy: chance of a car in each slot.
    """
    start, along, house, yaw, length = _line(start, end)
    slot = 6.2
    while slot < length - 5.5:
        if rng.random() < busy:
            place = start + along * slot - house * 0.98
            town.place(
                next_car(),
                place,
                yaw + (np.pi if rng.random() < 0.5 else 0) + rng.normal(0, 0.02),
            )
        slot += rng.uniform(5.0, 6.4)


def _line(start, end):
    """Start, unit vector along, unit vector to the left, yaw (radians), length (metres) of a kerb."""
    start, end = np.asarray(start, float), np.asarray(end, float)
    along = (end - start) / np.linalg.norm(end - start)
    left = np.array([-along[1], along[0]])
    return start, along, left, np.arctan2(along[1], along[0]), float(np.linalg.norm(end - start))


def _small_thing(town: Mesh, furniture: Furniture, rng, place, yaw: float, deep) -> None:
    deep = (*deep, STEP)
    choice = int(rng.integers(0, 9))
    if choice == 0:
        town.place(furniture.bench(), place, yaw)
    elif choice == 1:
        town.place(furniture.bin(random_color(rng)), place)
    elif choice == 2:
        town.place(furniture.post_box(random_color(rng, (0.6, 0.9), (0.4, 0.75))), place, yaw)
    elif choice == 3:
        town.place(furniture.poster_column(int(rng.integers(10))), place, rng.uniform(0, 6))
    elif choice in (4, 5):
        town.place(furniture.tub(int(rng.integers(1 << 30))), deep)
    elif choice == 6:
        town.place(furniture.table(random_color(rng, (0.3, 0.8), (0.6, 0.9))), deep, yaw)
    elif choice == 7:
        town.place(furniture.menu(int(rng.integers(10))), deep, yaw)
    else:
        face = rng.choice([0.0, np.pi])
        town.place(
            furniture.traffic_sign(random_color(rng, (0.8, 0.9), (0.5, 0.8)), int(rng.integers(10))),
            place,
            yaw + face,
        )


def random_car(library: Library, rng: np.random.Generator) -> Mesh:
    """A car of any shape and paint."""
    name = str(rng.choice(["hatch", "hatch", "saloon", "saloon", "van"]))
    paint = PAINTS[int(rng.integers(len(PAINTS)))]
    panel = int(rng.integers(0, 30)) if name == "van" and rng.random() < 0.7 else -1
    return car(library, SHAPES[name], paint, int(rng.integers(0, 10)), panel)
