"""Furniture and equipment; each stands at the origin with its back at y = 0 and faces −y. Metres."""

import numpy as np

from rendering.building.skins import Skins, facing, solid
from rendering.mesh import Mesh
from rendering.painting import random_color

GRAY, BLACK, WHITE = (0.6, 0.6, 0.62), (0.12, 0.12, 0.13), (0.92, 0.92, 0.9)


def desk(skins: Skins, random) -> Mesh:
    """A desk with a screen and papers, and a chair in front of it."""
    mesh, top = Mesh(), skins.panelling._replace(tint=(0.8, 0.7, 0.56))
    solid(mesh, (-0.8, -0.4, 0.7), (0.8, 0.4, 0.74), top)
    for x in (-0.78, 0.72):
        solid(mesh, (x, -0.36, 0), (x + 0.06, 0.36, 0.7), skins.paint(GRAY))
    x = random.uniform(-0.4, 0.4)
    solid(mesh, (x - 0.28, 0.05, 0.86), (x + 0.28, 0.09, 1.2), skins.paint(BLACK))
    solid(mesh, (x - 0.04, 0.05, 0.74), (x + 0.04, 0.09, 0.86), skins.paint(BLACK))
    mesh.quad(facing(x - 0.26, x + 0.26, 0.88, 1.18, 0.045), skins.paint(random_color(random), glow=0.4))
    for _ in range(4):
        u, v = random.uniform(-0.7, 0.5), random.uniform(-0.35, 0.1)
        color = WHITE if random.random() < 0.5 else random_color(random)
        solid(mesh, (u, v, 0.74), (u + 0.21, v + 0.29, 0.74 + random.uniform(0.01, 0.12)), skins.paint(color))
    mesh.place(chair(skins, random), (0.0, -0.5, 0.0), np.pi + random.uniform(-0.5, 0.5))
    return mesh


def chair(skins: Skins, random) -> Mesh:
    """A chair with four legs."""
    mesh, cloth, leg = Mesh(), skins.paint(random_color(random, (0.2, 0.8), (0.15, 0.7))), skins.paint(BLACK)
    solid(mesh, (-0.23, -0.5, 0.42), (0.23, -0.06, 0.47), cloth)
    solid(mesh, (-0.22, -0.08, 0.52), (0.22, -0.04, 0.86), cloth)
    for x in (-0.2, 0.2):
        for y in (-0.47, -0.07):
            mesh.tube((x, y, 0), (x, y, 0.44 if y < -0.1 else 0.8), (0.013, 0.013), leg, 5)
    return mesh


def cupboard(skins: Skins, random) -> Mesh:
    """A cupboard or shelf with binders."""
    mesh, high = Mesh(), random.uniform(0.9, 1.9)
    wide = 0.45
    color = GRAY if random.random() < 0.5 else random_color(random, (0.05, 0.4), (0.5, 0.9))
    solid(mesh, (-wide, -0.36, 0), (wide, 0, high), skins.paint(color))
    if random.random() < 0.6:
        for z in np.arange(0.1, high - 0.3, 0.36):
            mesh.quad(facing(-wide + 0.04, wide - 0.04, z, z + 0.32, -0.362), skins.paint(BLACK))
            x = -wide + 0.06
            while x < wide - 0.15:
                thick = random.uniform(0.03, 0.08)
                back = facing(x, x + thick, z + 0.01, z + random.uniform(0.2, 0.3), -0.365)
                mesh.quad(back, skins.paint(random_color(random, (0.1, 0.9), (0.3, 0.95))))
                x += thick + random.choice([0.004, 0.05])
    else:
        for x in (-wide, 0.0):
            mesh.quad(
                facing(x + 0.015, x + wide - 0.015, 0.06, high - 0.02, -0.363),
                skins.paint(np.array(color) * 1.08),
            )
        solid(mesh, (-0.05, -0.38, high * 0.5), (-0.035, -0.36, high * 0.5 + 0.14), skins.paint(BLACK))
    return mesh


def plant(skins: Skins, random) -> Mesh:
    """Leaves in a pot."""
    mesh, radius = Mesh(), random.uniform(0.13, 0.18)
    mesh.tube((0, -0.2, 0), (0, -0.2, 0.32), (radius * 0.8, radius), skins.paint(random_color(random)), 10)
    for _ in range(int(random.integers(14, 26))):
        turn, lift = random.uniform(0, 2 * np.pi), random.uniform(0.4, 1.4)
        reach = random.uniform(0.3, 0.75)
        ray = np.array([np.cos(turn) * np.cos(lift) * 0.45, np.sin(turn) * np.cos(lift) * 0.3, np.sin(lift)])
        side = np.array([-np.sin(turn), np.cos(turn), 0]) * random.uniform(0.03, 0.07)
        root, tip = np.array([0, -0.2, 0.3]), np.array([0, -0.2, 0.3]) + ray * reach * 1.4
        middle = root + (tip - root) * 0.6
        green = skins.paint((0.15, random.uniform(0.3, 0.5), 0.14))
        mesh.quad([root, middle - side, tip, middle + side], green, normals=(0, -0.8, 0.6))
    return mesh


def boxes(skins: Skins, random) -> Mesh:
    """A stack of cardboard boxes."""
    mesh, z = Mesh(), 0.0
    for _ in range(int(random.integers(1, 4))):
        half, high = random.uniform(0.15, 0.28), random.uniform(0.2, 0.4)
        color = np.array((0.68, 0.5, 0.33)) * random.uniform(0.75, 1.15)
        if random.random() < 0.25:
            color = np.array(WHITE)
        solid(mesh, (-half, -0.36, z), (half, -0.02, z + high), skins.paint(color))
        mesh.quad(facing(-0.03, 0.03, z, z + high, -0.362), skins.paint(color * 0.7))
        mesh.quad(facing(-half * 0.8, -half * 0.2, z + 0.06, z + high * 0.6, -0.363), skins.paint(WHITE))
        z += high
    return mesh


def waste_bin(skins: Skins, random) -> Mesh:
    """One to three bins."""
    mesh = Mesh()
    count = int(random.integers(1, 4))
    for k in range(count):
        x = (k - (count - 1) / 2) * 0.32
        color = random_color(random, (0.2, 0.9), (0.2, 0.7))
        mesh.tube((x, -0.17, 0), (x, -0.17, random.uniform(0.4, 0.65)), (0.12, 0.14), skins.paint(color), 10)
    return mesh


def copier(skins: Skins, random) -> Mesh:
    """A copier: trays, a panel, a lid."""
    mesh = Mesh()
    solid(mesh, (-0.3, -0.38, 0), (0.3, 0, 0.85), skins.paint((0.8, 0.8, 0.79)))
    solid(mesh, (-0.28, -0.36, 0.85), (0.28, 0, 0.98), skins.paint((0.3, 0.31, 0.33)))
    for z in (0.08, 0.28, 0.48):
        mesh.quad(facing(-0.27, 0.27, z, z + 0.16, -0.383), skins.paint((0.68, 0.68, 0.68)))
        mesh.quad(facing(-0.1, 0.1, z + 0.1, z + 0.13, -0.385), skins.paint(BLACK))
    mesh.quad(facing(0.08, 0.26, 0.9, 0.96, -0.363), skins.paint((0.3, 0.6, 0.8), glow=0.5))
    return mesh


def bench(skins: Skins, random) -> Mesh:
    """A row of seats."""
    mesh, color = Mesh(), skins.paint(random_color(random, (0.2, 0.8), (0.2, 0.7)))
    for k in range(3):
        x = (k - 1) * 0.5
        solid(mesh, (x - 0.22, -0.38, 0.4), (x + 0.22, -0.04, 0.45), color)
        solid(mesh, (x - 0.22, -0.06, 0.45), (x + 0.22, -0.02, 0.8), color)
    solid(mesh, (-0.72, -0.24, 0.32), (0.72, -0.18, 0.4), skins.paint(BLACK))
    for x in (-0.6, 0.6):
        solid(mesh, (x - 0.03, -0.36, 0), (x + 0.03, -0.04, 0.34), skins.paint(BLACK))
    return mesh


def cooler(skins: Skins, random) -> Mesh:
    """A water cooler."""
    mesh = Mesh()
    solid(mesh, (-0.16, -0.34, 0), (0.16, -0.02, 0.98), skins.paint(WHITE))
    mesh.quad(facing(-0.12, 0.12, 0.6, 0.86, -0.342), skins.paint((0.25, 0.27, 0.3)))
    mesh.tube((0, -0.18, 0.98), (0, -0.18, 1.32), (0.13, 0.13), skins.paint((0.4, 0.6, 0.85)), 10)
    return mesh


def trolley(skins: Skins, random) -> Mesh:
    """A ladder or a trolley of the cleaners."""
    mesh, color = Mesh(), skins.paint(random_color(random, (0.4, 0.9), (0.4, 0.9)))
    for x in (-0.25, 0.25):
        mesh.tube((x, -0.05, 0), (x * 0.8, -0.02, 1.7), (0.02, 0.02), color, 5)
        mesh.tube((x, -0.36, 0), (x * 0.8, -0.06, 1.7), (0.02, 0.02), color, 5)
    for z in np.arange(0.25, 1.7, 0.27):
        y = -0.36 + 0.3 * z / 1.7
        solid(mesh, (-0.24, y - 0.04, z), (0.24, y + 0.04, z + 0.03), skins.steel)
    return mesh


KINDS = (chair, plant, boxes, waste_bin, copier, bench, cooler, cupboard, trolley)
WIDTHS = {bench: 1.5, cupboard: 1.0, waste_bin: 1.0}  # metres; the others need 0.65
