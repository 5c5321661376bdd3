"""The mesh of a wall: paint, openings, signs, posters, and what stands in front of it."""

from typing import Sequence

import numpy as np

from rendering.building.contents import Contents
from rendering.building.design import NEAR_DOOR, Design, Fixture, Mark
from rendering.building.objects import KINDS
from rendering.building.openings import (
    add_door,
    add_glass,
    add_lift,
    add_window,
    opening,
    sheet,
    steps,
)
from rendering.building.skins import FRAME_DARK, Skins, facing, solid
from rendering.building.textures import Tile
from rendering.mesh import Mesh

PROUD = 0.012  # metres: sheets in front of the wall
SKIRTING = 0.09
RED, GREEN, WHITE = (0.72, 0.07, 0.06), (0.05, 0.5, 0.25), (0.92, 0.92, 0.9)


def add_wall(mesh: Mesh, skins: Skins, design: Design, contents: Contents, index: int, floor: int) -> None:
    """Add a wall with everything on it.

    Args:
        mesh: of the floor, extended.
        skins: surfaces.
        design: structure.
        contents: of the floor.
        index: of the wall.
        floor: from 0.
    """
    wall, local = design.walls[index], Mesh()
    fixtures = [(k, f) for k, f in enumerate(design.fixtures) if f.wall == index]
    shift = (contents.shift[0] + 3.7 * index, contents.shift[1])
    _add_surface(local, skins, wall.length, [f for _, f in fixtures], shift)
    for k, fixture in fixtures:
        _add_fixture(local, skins, fixture, k in contents.opened, k)
        _add_label(local, skins.textures.labels[floor], fixture, k)
    for mark in design.marks:
        if mark.wall == index:
            _add_mark(local, skins, mark)
    _add_contents(local, skins, contents, index, floor)
    mesh.place(local, wall.start, wall.yaw)


def _add_label(mesh: Mesh, labels: Sequence[Tile], fixture: Fixture, number: int) -> None:
    """The number of a room beside its door, or of the floor beside a lift."""
    x = fixture.high + NEAR_DOOR
    if fixture.kind == "door":
        plate = facing(x - 0.08, x + 0.08, 1.5, 1.68, -PROUD)
        labels[1 + number % (len(labels) - 1)].show(mesh, plate)
    if fixture.kind == "lift":
        labels[0].show(mesh, facing(x - 0.18, x + 0.08, 1.5, 1.8, -PROUD))


def _add_contents(mesh: Mesh, skins: Skins, contents: Contents, index: int, floor: int) -> None:
    """Posters, furniture and pipes at one wall."""
    frame, metal = skins.paint((0.4, 0.4, 0.4)), skins.paint((0.62, 0.63, 0.66))
    for hung in (each for each in contents.hung if each.wall == index):
        low, high = hung.along - hung.wide / 2, hung.along + hung.wide / 2
        z0, z1 = hung.z - hung.high / 2, hung.z + hung.high / 2
        solid(mesh, (low - 0.015, -0.015, z0 - 0.015), (high + 0.015, 0, z1 + 0.015), frame)
        skins.textures.posters[floor][hung.poster].show(mesh, facing(low, high, z0, z1, -0.018))
    for thing in (each for each in contents.standing if each.wall == index):
        furniture = KINDS[thing.kind](skins, np.random.default_rng(thing.seed))
        mesh.place(furniture, (thing.along, -0.03, 0))
    for _, low, high, drop in (each for each in contents.pipes if each[0] == index):
        z = skins.look.height - drop
        mesh.tube((low, -0.12, z), (high, -0.12, z), (0.05, 0.05), metal, 8)
        for x in np.arange(low + 0.5, high, 1.5):
            solid(mesh, (x, -0.19, z - 0.07), (x + 0.05, 0, z + 0.07), skins.paint((0.35, 0.35, 0.36)))


def _add_surface(mesh: Mesh, skins: Skins, length: float, fixtures: Sequence[Fixture], shift) -> None:
    look = skins.look
    edges = sorted({0.0, length, *(x for f in fixtures for x in (f.low, f.high))})
    for low, high in zip(edges, edges[1:]):
        inside = [f for f in fixtures if f.low <= low and high <= f.high]
        hole = opening(inside[0], look) if inside else None
        bands = [(0.0, look.height)] if hole is None else [(0.0, hole[0]), (hole[1], look.height)]
        for z0, z1 in bands:
            if z1 - z0 < 0.01:
                continue
            xs = steps(low, high)
            if inside and inside[0].kind == "panelling":
                sheet(mesh, xs, steps(z0, z1), skins.panelling, shift, -0.02)
                _add_joints(mesh, skins, low, high)
            elif z0 < look.lower < z1:
                sheet(mesh, xs, steps(z0, look.lower), skins.lower, shift)
                sheet(mesh, xs, steps(look.lower, z1), skins.wall, shift)
                mesh.quad(
                    facing(low, high, look.lower - 0.02, look.lower + 0.02, -0.004), skins.paint(look.accent)
                )
            else:
                sheet(mesh, xs, steps(z0, z1), skins.wall, shift)
        if hole is None or hole[0] > SKIRTING:
            solid(mesh, (low, -0.025, 0), (high, 0, SKIRTING), skins.skirting)
        if hole is None and look.rail:
            solid(mesh, (low, -0.06, 0.84), (high, -0.02, 0.96), skins.panelling)


def _add_joints(mesh: Mesh, skins: Skins, low: float, high: float) -> None:
    """The dark joints of a panelling."""
    dark = skins.paint((0.2, 0.12, 0.08))
    for x in np.arange(low, high + 0.01, (high - low) / max(1, round((high - low) / 0.9))):
        mesh.quad(facing(x - 0.008, x + 0.008, 0, skins.look.height, -0.024), dark)
    for z in (0.8, 1.6, 2.4):
        mesh.quad(facing(low, high, z - 0.006, z + 0.006, -0.024), dark)


def _add_fixture(mesh: Mesh, skins: Skins, fixture: Fixture, is_open: bool, number: int) -> None:
    random = np.random.default_rng(number)  # the same rooms on all floors
    if fixture.kind == "door":
        add_door(mesh, skins, fixture, is_open, random)
    elif fixture.kind == "glass":
        add_glass(mesh, skins, fixture, random)
    elif fixture.kind == "window":
        z0, z1 = opening(fixture, skins.look) or (0, 0)
        add_window(mesh, skins, fixture.low, fixture.high, z0, z1)
    elif fixture.kind == "lift":
        add_lift(mesh, skins, fixture)


def _add_mark(mesh: Mesh, skins: Skins, mark: Mark) -> None:
    x, signs, look = mark.along, skins.textures.signs, skins.look

    def sign(name, wide, z0, z1, glow=0.0):
        signs[name].show(mesh, facing(x - wide / 2, x + wide / 2, z0, z1, -PROUD), glow)

    if mark.kind == "extinguisher":
        mesh.tube((x, -0.12, 0.25), (x, -0.12, 0.72), (0.08, 0.08), skins.paint(RED), 10)
        mesh.tube((x, -0.12, 0.72), (x, -0.12, 0.82), (0.04, 0.03), skins.paint(FRAME_DARK), 8)
        mesh.quad(facing(x - 0.05, x + 0.05, 0.4, 0.6, -0.205), skins.paint(WHITE))
        sign("fire", 0.2, 1.5, 1.7)
    elif mark.kind == "hose":
        color = RED if look.accent[0] > 0.5 else (0.7, 0.7, 0.7)
        solid(mesh, (x - 0.35, -0.1, 0.7), (x + 0.35, 0, 1.5), skins.paint(color))
        mesh.quad(facing(x - 0.3, x + 0.3, 0.75, 1.45, -0.102), skins.paint(np.array(color) * 0.75))
        signs["hose"].show(mesh, facing(x - 0.15, x + 0.15, 0.95, 1.25, -0.105))
    elif mark.kind == "exit":
        sign("exit", 0.34, 0.32, 0.5, 0.6) if mark.wall % 2 else sign("exit", 0.36, 2.05, 2.24, 0.6)
    elif mark.kind == "plan":
        sign("plan", 0.42, 1.35, 1.67)
    elif mark.kind == "aid":
        solid(mesh, (x - 0.18, -0.1, 1.3), (x + 0.18, 0, 1.6), skins.paint(GREEN))
        signs["aid"].show(mesh, facing(x - 0.15, x + 0.15, 1.32, 1.58, -0.102))
    elif mark.kind == "alarm":
        solid(mesh, (x - 0.06, -0.04, 1.35), (x + 0.06, 0, 1.47), skins.paint(RED))
        mesh.quad(facing(x - 0.03, x + 0.03, 1.38, 1.44, -0.042), skins.paint(WHITE))
        solid(mesh, (x - 0.07, -0.05, 2.0), (x + 0.07, 0, 2.1), skins.paint(RED))
    elif mark.kind == "grille":
        sign("grille", 0.5, look.height - 0.45, look.height - 0.15)
    elif mark.kind == "switch":
        sign("switch", 0.09, 1.08, 1.2)
    else:
        sign("socket", 0.09, 0.28, 0.37)
