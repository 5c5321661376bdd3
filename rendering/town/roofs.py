"""Saddle roofs with chimneys and dormers. A house stands at y ≥ 0 and faces −y; metres."""

from typing import NamedTuple, Tuple

import numpy as np

from rendering.mesh import UNIT_UV, Mesh, Skin

PITCH = 0.85  # rise over run
OVERHANG = 0.35


class RoofSkins(NamedTuple):
    """Materials of a roof."""

    tiles: Skin
    gable: Skin
    chimney: Skin
    slate: Skin
    dormer: Skin
    window: Skin


def add_roof(mesh: Mesh, size: Tuple[float, float, float], gable: bool, seed: int, skins: RoofSkins) -> None:
    """Add the roof of a house.

    Args:
        size: width, depth and height of its walls.
        gable: its gable faces the street.
        seed: determines the position of the chimney and whether there is a dormer.
    """
    width, depth, height = size
    if gable:
        _saddle(mesh, width, depth, height, skins)
    else:
        turned = Mesh()
        _saddle(turned, depth, width, height, skins)
        mesh.place(turned, (0, depth), -np.pi / 2)
        if seed % 2:
            _dormer(mesh, width * 0.5, height, skins)
    rise = PITCH * (width if gable else depth) / 2
    x, y = width * (0.2 if seed % 5 < 3 else 0.78), depth * 0.5
    mesh.box((x - 0.35, y, height), (x + 0.35, y + 0.6, height + rise + 0.7), skins.chimney)
    pot = skins.chimney._replace(tint=(1.3, 0.85, 0.7))
    mesh.tube((x, y + 0.3, height + rise), (x, y + 0.3, height + rise + 1.1), (0.14, 0.12), pot, 6)


def _saddle(mesh: Mesh, width: float, depth: float, height: float, skins: RoofSkins) -> None:
    """Two slopes whose gable faces −y."""
    middle, over = width / 2, OVERHANG
    top, low = height + PITCH * middle, height - over * PITCH
    front, back = -over, depth + over
    left = [(-over, back, low), (-over, front, low), (middle, front, top), (middle, back, top)]
    right = [(width + over, front, low), (width + over, back, low), (middle, back, top), (middle, front, top)]
    mesh.quad(left, skins.tiles)
    mesh.quad(right, skins.tiles)
    for y, way in ((0.0, -1.0), (depth, 1.0)):
        tip = [(0, y, height), (width, y, height), (middle, y, top), (middle, y, top)]
        mesh.quad(tip, skins.gable, [(x * 0.5, z * 0.5) for x, _, z in tip], (0, way, 0))


def _dormer(mesh: Mesh, x: float, height: float, skins: RoofSkins) -> None:
    y, z = 0.55, height + 0.35
    mesh.box((x - 0.7, y, z), (x + 0.7, y + 2.4, z + 1.25), skins.dormer)
    face = [(-0.45, 0.15), (0.45, 0.15), (0.45, 1.15), (-0.45, 1.15)]
    mesh.quad([(x + dx, y - 0.02, z + dz) for dx, dz in face], skins.window, UNIT_UV)
    mesh.box((x - 0.85, y - 0.15, z + 1.25), (x + 0.85, y + 2.4, z + 1.35), skins.slate)
