"""Materials and proportions of a building."""

from typing import NamedTuple

import numpy as np

from rendering.mesh import Color
from rendering.painting import random_color

WALL_PAINTS = (
    (0.93, 0.92, 0.89), (0.9, 0.87, 0.78), (0.85, 0.87, 0.88), (0.88, 0.9, 0.85), (0.92, 0.88, 0.84),
    (0.8, 0.85, 0.9), (0.95, 0.95, 0.94), (0.86, 0.83, 0.76),
)  # fmt: skip
WOODS = ((0.55, 0.3, 0.16), (0.72, 0.52, 0.32), (0.38, 0.2, 0.13), (0.8, 0.66, 0.46), (0.62, 0.4, 0.22))
FLOORS = {  # texture: gloss, repeats per metre, tints
    "carpet": (0.0, 1.0, ((0.36, 0.4, 0.47), (0.42, 0.4, 0.38), (0.45, 0.28, 0.26), (0.3, 0.4, 0.36))),
    "stone_tiles": (0.45, 0.42, ((0.9, 0.87, 0.8), (0.75, 0.75, 0.74), (0.95, 0.92, 0.88))),
    "linoleum": (0.25, 0.5, ((0.6, 0.66, 0.68), (0.72, 0.66, 0.52), (0.5, 0.58, 0.52), (0.62, 0.6, 0.58))),
    "parquet": (0.2, 0.7, ((0.72, 0.52, 0.34), (0.55, 0.38, 0.25), (0.82, 0.68, 0.5))),
    "terrazzo": (0.4, 0.9, ((1.0, 0.98, 0.95), (0.85, 0.83, 0.82), (0.9, 0.82, 0.75))),
}
CEILINGS = ("ceiling_tiles", "ceiling_tiles", "plaster", "slats", "concrete")
LAMPS = ("panel", "tube", "downlight", "strip")


class Look(NamedTuple):
    """What all floors of a building have in common, besides the plan. Metres."""

    height: float  # of the ceiling
    camera: float  # height of the robot's camera above the floor
    focal: float  # of its width
    wall: str  # texture
    wall_paint: Color
    lower_paint: Color
    lower: float  # height of the lower paint; 0: none
    accent: Color
    rail: bool
    floor: str  # texture
    floor_paint: Color
    ceiling: str  # texture
    ceiling_paint: Color
    skirting: Color
    door_wood: bool
    door_paint: Color
    glazed: bool
    frame: Color
    door_height: float
    panelling: Color
    lamp: str
    lamp_spacing: float
    lamp_color: Color  # linear RGB
    lamp_power: float
    window_sill: float


def random_look(random: np.random.Generator) -> Look:
    """Materials and proportions that fit together."""

    def pick(options):
        return options[random.integers(len(options))]

    floor = pick(sorted(FLOORS))
    paint, wooden = pick(WALL_PAINTS), random.random() < 0.65
    warmth = random.uniform(0, 1)
    dark = float(random.uniform(0.12, 0.3))
    gray = float(random.uniform(0.5, 0.75))
    return Look(
        height=float(random.uniform(2.45, 3.1)),
        camera=float(random.uniform(0.5, 1.2)),
        focal=float(random.uniform(0.55, 0.8)),
        wall=pick(("plaster", "plaster", "plaster", "blocks", "concrete")),
        wall_paint=paint,
        lower_paint=pick((random_color(random, (0.1, 0.4), (0.45, 0.8)), (gray, gray, gray))),
        lower=float(random.uniform(0.9, 1.3)) if random.random() < 0.4 else 0.0,
        accent=random_color(random, (0.35, 0.8), (0.4, 0.8)),
        rail=bool(random.random() < 0.3),
        floor=floor,
        floor_paint=pick(FLOORS[floor][2]),
        ceiling=pick(CEILINGS),
        ceiling_paint=(0.95, 0.95, 0.94) if random.random() < 0.8 else (0.7, 0.66, 0.6),
        skirting=pick(((dark, dark, dark), paint, pick(WOODS), (0.75, 0.74, 0.72))),
        door_wood=wooden,
        door_paint=pick(WOODS) if wooden else random_color(random, (0.05, 0.6), (0.4, 0.85)),
        glazed=bool(random.random() < 0.5),
        frame=pick(((dark, dark, dark), (0.85, 0.85, 0.84), (0.5, 0.5, 0.52), pick(WOODS))),
        door_height=float(random.uniform(2.0, 2.2)),
        panelling=pick(WOODS),
        lamp=pick(LAMPS),
        lamp_spacing=float(random.uniform(2.2, 3.6)),
        lamp_color=(1.0, float(0.98 - 0.1 * warmth), float(0.98 - 0.28 * warmth)),
        lamp_power=float(random.uniform(0.8, 1.5)),
        window_sill=float(pick((0.15, 0.8, 0.9))),
    )
