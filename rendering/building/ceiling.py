"""Floors, ceilings, lamps, vents, and frames across corridors; and what is outside the windows."""

import numpy as np

from rendering.building.contents import Contents
from rendering.building.design import Design, Portal
from rendering.building.openings import steps
from rendering.building.plan import cells
from rendering.building.skins import FRAME_DARK, Skins, facing, solid
from rendering.mesh import UNIT_UV, Mesh, Skin

STOREY = 3.6  # metres from floor to floor
WHITE = (0.93, 0.93, 0.92)


def level(mesh: Mesh, xs, ys, z: float, skin: Skin, down: bool = False) -> None:
    """A level surface in cells, with its texture in world coordinates."""
    for x0, x1 in zip(xs, xs[1:]):
        for y0, y1 in zip(ys, ys[1:]):
            corners = [(x0, y0, z), (x1, y0, z), (x1, y1, z), (x0, y1, z)]
            uv = np.array([(x, y) for x, y, _ in corners]) * skin.scale
            mesh.quad(corners, skin, uv, (0, 0, -1 if down else 1))


def add_floor(mesh: Mesh, skins: Skins, design: Design) -> None:
    """The floor of the corridors."""
    for cell in cells(design.plan.spaces):
        level(mesh, steps(cell.x0, cell.x1), steps(cell.y0, cell.y1), 0.0, skins.floor)


def add_ceiling(mesh: Mesh, skins: Skins, design: Design, contents: Contents) -> None:
    """The ceiling of the corridors with its lamps, vents and portals."""
    top = design.look.height
    for cell in cells(design.plan.spaces):
        level(mesh, steps(cell.x0, cell.x1), steps(cell.y0, cell.y1), top, skins.ceiling, down=True)
    for k, (x, y, yaw) in enumerate(design.lamps):
        mesh.place(_lamp(skins, k not in contents.dark), (x, y, top), yaw)
    for kind, x, y in (*design.outlets, *contents.vents):
        mesh.place(_outlet(skins, kind), (x, y, top), 0.0)
    for portal in design.portals:
        mesh.place(_portal(skins, portal), (portal.x, portal.y, 0), portal.yaw)


def _beneath(half_x: float, half_y: float, z: float):
    """Corners of a level rectangle seen from below."""
    return [(-half_x, half_y, z), (half_x, half_y, z), (half_x, -half_y, z), (-half_x, -half_y, z)]


def _lamp(skins: Skins, is_lit: bool) -> Mesh:
    mesh, glow = Mesh(), 1.0 if is_lit else 0.0
    bright = Skin(skins.textures.library["lamp"], skins.look.lamp_color, glow=glow)
    kind = skins.look.lamp
    if kind == "panel":
        mesh.quad(_beneath(0.3, 0.3, -0.01), bright, UNIT_UV)
    elif kind == "tube":
        solid(mesh, (-0.65, -0.09, -0.07), (0.65, 0.09, 0), skins.paint(WHITE))
        mesh.quad(_beneath(0.62, 0.06, -0.075), bright, UNIT_UV)
    elif kind == "strip":
        mesh.quad(_beneath(0.6, 0.15, -0.01), bright, UNIT_UV)
    else:
        for y in (-0.4, 0.4):
            mesh.tube((0, y, 0), (0, y, -0.015), (0.1, 0.1), skins.paint((0.75, 0.75, 0.75)), 12)
            mesh.tube(
                (0, y, -0.014), (0, y, -0.018), (0.075, 0.075), skins.paint(skins.look.lamp_color, glow), 12
            )
    return mesh


def _outlet(skins: Skins, kind: str) -> Mesh:
    mesh, signs = Mesh(), skins.textures.signs
    if kind in ("grille", "diffuser"):
        half = (0.3, 0.2) if kind == "grille" else (0.28, 0.28)
        signs[kind].show(mesh, _beneath(*half, -0.012))
    elif kind == "detector":
        mesh.tube((0, 0, 0), (0, 0, -0.05), (0.06, 0.045), skins.paint(WHITE), 10)
    elif kind == "sprinkler":
        mesh.tube((0, 0, 0), (0, 0, -0.012), (0.045, 0.045), skins.paint((0.6, 0.6, 0.6)), 8)
        mesh.tube((0, 0, 0), (0, 0, -0.06), (0.012, 0.02), skins.paint((0.4, 0.35, 0.3)), 6)
    else:  # a hatch, or a tile that is missing
        mesh.quad(_beneath(0.3, 0.3, -0.008), skins.paint(FRAME_DARK))
    return mesh


def _portal(skins: Skins, portal: Portal) -> Mesh:
    """Posts and a lintel with a door closer; the leaves stand open along the walls."""
    mesh, top, look = Mesh(), skins.look.door_height + 0.1, skins.look
    for low, high in ((portal.left - 0.12, portal.left), (-portal.right, -portal.right + 0.12)):
        solid(mesh, (-0.08, low, 0), (0.08, high, top), skins.frame)
    solid(mesh, (-0.08, -portal.right, top), (0.08, portal.left, top + 0.08), skins.frame)
    wall = skins.wall._replace(tint=look.wall_paint)
    for x, ends in ((-0.06, (portal.left, -portal.right)), (0.06, (-portal.right, portal.left))):
        (a, b), z0, z1 = ends, top + 0.08, look.height
        mesh.quad([(x, a, z0), (x, b, z0), (x, b, z1), (x, a, z1)], wall)
    for y in (-0.35, 0.35):
        solid(mesh, (-0.12, y - 0.13, top - 0.07), (-0.08, y + 0.13, top), skins.steel)
    corners = [(-0.09, y, top + z) for y, z in ((0.18, 0.1), (-0.18, 0.1), (-0.18, 0.28), (0.18, 0.28))]
    skins.textures.signs["exit"].show(mesh, corners, 0.6)
    return mesh


def add_outdoors(mesh: Mesh, skins: Skins, design: Design, floor: int, random) -> None:
    """Houses around the building, and the ground between them, in the frame of a floor."""
    hull, library = design.plan.hull, skins.textures.library
    middle = np.array([(hull.x0 + hull.x1) / 2, (hull.y0 + hull.y1) / 2])
    ground = -0.5 - floor * STOREY
    level(mesh, np.linspace(-60, 90, 6), np.linspace(-60, 80, 6), ground, skins.paint((0.45, 0.47, 0.42)))
    for k in range(14):
        turn = 2 * np.pi * (k + random.uniform(-0.3, 0.3)) / 14
        away, half, high = random.uniform(28, 50), random.uniform(4, 9), random.uniform(6, 30)
        at = middle + away * np.array([np.cos(turn), np.sin(turn)])
        house = Mesh()
        skin = Skin(library[f"facade{k % 3}"])
        house.quad(facing(-half, half, 0, high), skin, UNIT_UV * (round(half / 4), max(1, round(high / 10))))
        mesh.place(house, (*at, ground), turn - np.pi / 2)
