"""Doors, windows, lifts and glass in a wall, and the rooms behind, in the wall's frame.

A wall is at y = 0 and is seen from y < 0; x is along it, z up; metres.
"""

import numpy as np

from rendering.building.design import ROOM_MARGIN, WALL_THICKNESS, Fixture
from rendering.building.look import Look
from rendering.building.objects import cupboard, desk
from rendering.building.skins import FRAME_DARK, Skins, facing, solid
from rendering.mesh import UNIT_UV, Mesh, Skin

CELL = 0.7  # metres; light varies from corner to corner of such a cell
GLASS_TOP, LIFT_TOP = 2.25, 2.1
FRAME = 0.06


def opening(fixture: Fixture, look: Look):
    """(low, high) z of the hole that a fixture leaves in its wall; None if there is no hole."""
    heights = {
        "door": (0.0, look.door_height),
        "glass": (0.0, GLASS_TOP),
        "lift": (0.0, LIFT_TOP),
        "window": (look.window_sill, look.height - 0.25),
    }
    return heights.get(fixture.kind)


def steps(low: float, high: float) -> np.ndarray:
    """Coordinates from low to high, at most ``CELL`` apart."""
    return np.linspace(low, high, max(1, int(np.ceil((high - low) / CELL))) + 1)


def sheet(mesh: Mesh, xs, zs, skin: Skin, shift=(0.0, 0.0), y: float = 0.0) -> None:
    """A wall surface in cells; the texture is in wall coordinates plus ``shift``."""
    for x0, x1 in zip(xs, xs[1:]):
        for z0, z1 in zip(zs, zs[1:]):
            uv = (np.array([(x0, z0), (x1, z0), (x1, z1), (x0, z1)]) + shift) * skin.scale
            mesh.quad(facing(x0, x1, z0, z1, y), skin, uv)


def add_door(mesh: Mesh, skins: Skins, fixture: Fixture, is_open: bool, random) -> None:
    """A leaf or two in a frame; an open one shows the room."""
    low, high, top = fixture.low, fixture.high, skins.look.door_height
    for x in (low - FRAME, high):
        solid(mesh, (x, -0.02, 0), (x + FRAME, WALL_THICKNESS, top + FRAME), skins.frame)
    solid(mesh, (low, -0.02, top), (high, WALL_THICKNESS, top + FRAME), skins.frame)
    leaves = 2 if high - low > 1.3 else 1
    wide = (high - low) / leaves
    for k in range(leaves):
        skin = skins.doors[(fixture.wall + k) % 2 if leaves == 1 else 0]
        uv = UNIT_UV if k == 0 and leaves == 1 else UNIT_UV * ((-1, 1) if k else (1, 1))
        hinge = low if k == 0 else high
        if is_open:  # turned into the room
            turn = np.radians(100)
            dx, dy = wide * np.cos(turn) * (-1 if k else 1), wide * np.sin(turn)
            corners = [
                (hinge, 0.1, 0),
                (hinge + dx, 0.1 + dy, 0),
                (hinge + dx, 0.1 + dy, top),
                (hinge, 0.1, top),
            ]
        else:
            corners = facing(low + k * wide, low + (k + 1) * wide, 0, top, 0.06)
        mesh.quad(corners, skin, uv)
    if not is_open and skins.look.frame[0] < 0.4:  # a door closer
        solid(mesh, (low + 0.1, 0.0, top - 0.16), (low + 0.38, 0.06, top - 0.09), skins.steel)
    if is_open:
        add_room(mesh, skins, fixture, ROOM_MARGIN, random)


def add_glass(mesh: Mesh, skins: Skins, fixture: Fixture, random) -> None:
    """A glazed partition with bars and frosted stripes, and the room behind it."""
    count = max(2, round((fixture.high - fixture.low) / 1.0))
    bar = skins.paint(FRAME_DARK if skins.look.frame[0] < 0.4 else (0.7, 0.7, 0.7))
    for x in np.linspace(fixture.low, fixture.high - 0.06, count + 1):
        solid(mesh, (x, 0.0, 0), (x + 0.06, 0.08, GLASS_TOP), bar)
    for z in (0.0, GLASS_TOP - 0.06):
        solid(mesh, (fixture.low, 0.0, z), (fixture.high, 0.08, z + 0.06), bar)
    stripe = skins.paint((0.85, 0.88, 0.9))
    for z in (0.95, 1.03, 1.11, 1.35, 1.43, 1.51):
        mesh.quad(facing(fixture.low, fixture.high, z, z + 0.04, 0.04), stripe)
    add_room(mesh, skins, fixture, 0.0, random)


def add_window(mesh: Mesh, skins: Skins, x0, x1, z0, z1, y=0.0, thickness=0.3) -> None:
    """A hole to the outside: reveals, a sill and a frame with bars."""
    reveal = skins.wall
    mesh.quad([(x0, y, z0), (x0, y + thickness, z0), (x0, y + thickness, z1), (x0, y, z1)], reveal)
    mesh.quad([(x1, y + thickness, z0), (x1, y, z0), (x1, y, z1), (x1, y + thickness, z1)], reveal)
    mesh.quad([(x0, y + thickness, z1), (x1, y + thickness, z1), (x1, y, z1), (x0, y, z1)], reveal)
    solid(
        mesh, (x0 - 0.03, y - 0.06, z0 - 0.04), (x1 + 0.03, y + thickness, z0), skins.paint((0.85, 0.84, 0.8))
    )
    bar = skins.frame
    back = y + thickness - 0.1
    across = max(1, round((x1 - x0) / 0.9))
    for x in np.linspace(x0, x1 - FRAME, across + 1):
        solid(mesh, (x, back, z0), (x + FRAME, back + 0.06, z1), bar)
    for z in (z0, z0 + (z1 - z0) * 0.65, z1 - FRAME):
        solid(mesh, (x0, back, z), (x1, back + 0.06, z + FRAME), bar)


def add_lift(mesh: Mesh, skins: Skins, fixture: Fixture) -> None:
    """Steel doors, a frame and the call button."""
    low, high = fixture.low, fixture.high
    mesh.quad(facing(low, high, 0, LIFT_TOP, 0.1), skins.steel, UNIT_UV)
    for x in (low - 0.1, high):
        solid(mesh, (x, -0.02, 0), (x + 0.1, 0.12, LIFT_TOP + 0.1), skins.steel._replace(scale=0.5))
    solid(mesh, (low, -0.02, LIFT_TOP), (high, 0.12, LIFT_TOP + 0.1), skins.steel._replace(scale=0.5))
    solid(mesh, (high + 0.14, -0.02, 1.0), (high + 0.22, 0, 1.25), skins.paint(FRAME_DARK))
    solid(mesh, (high + 0.16, -0.025, 1.1), (high + 0.2, -0.02, 1.14), skins.paint((1.0, 0.5, 0.1), glow=0.5))


def add_room(mesh: Mesh, skins: Skins, fixture: Fixture, margin: float, random) -> None:
    """The room behind a fixture, with what stands in it."""
    x0, x1, y0 = fixture.low - margin, fixture.high + margin, WALL_THICKNESS
    y1, top = y0 + fixture.room, skins.look.height
    xs, ys, zs = steps(x0, x1), steps(y0, y1), steps(0, top)
    hole = (x0 + 0.3, x1 - 0.3, 0.9, 2.2)
    for side, yaw, at in ((y1 - y0, np.pi / 2, (x0, y0)), (y1 - y0, -np.pi / 2, (x1, y1))):
        wall = Mesh()
        sheet(wall, steps(0, side), zs, skins.room)
        mesh.place(wall, at, yaw)
    if fixture.outdoors:
        for z0, z1 in ((0, hole[2]), (hole[3], top)):
            sheet(mesh, xs, steps(z0, z1), skins.room, y=y1)
        for a, b in ((x0, hole[0]), (hole[1], x1)):
            sheet(mesh, steps(a, b), steps(hole[2], hole[3]), skins.room, y=y1)
        add_window(mesh, skins, *hole, y=y1)
    else:
        sheet(mesh, xs, zs, skins.room, y=y1)
        tiles = skins.textures.posters[0]
        tiles[random.integers(len(tiles))].show(mesh, facing(x0 + 0.4, x1 - 0.4, 1.1, 2.0, y1 - 0.02))
    for a, b in zip(xs, xs[1:]):
        for c, d in zip(ys, ys[1:]):
            corners = [(a, c, 0), (b, c, 0), (b, d, 0), (a, d, 0)]
            mesh.quad(corners, skins.room_floor)
            mesh.quad([(x, y, top) for x, y, _ in corners[::-1]], skins.room)
    mesh.place(desk(skins, random), ((x0 + x1) / 2, y1 - 0.7, 0), random.uniform(-0.1, 0.1))
    if random.random() < 0.7 and fixture.room > 2:
        mesh.place(cupboard(skins, random), (x1 - 0.3, y0 + fixture.room * 0.45, 0), -np.pi / 2)


def sunlit_openings(fixture: Fixture, look: Look, is_open: bool):
    """Corners x0, x1, z0, z1 and depth y of the windows that belong to a fixture."""
    if fixture.kind == "window":
        return [(fixture.low, fixture.high, *opening(fixture, look), 0.0)]
    if fixture.outdoors and fixture.room and (fixture.kind == "glass" or is_open):
        margin = 0.0 if fixture.kind == "glass" else ROOM_MARGIN
        low, high = fixture.low - margin + 0.3, fixture.high + margin - 0.3
        return [(low, high, 0.9, 2.2, WALL_THICKNESS + fixture.room)]
    return []
