"""Parked cars: a side profile, swept across and rounded off. x forward, z up, metres."""

from typing import NamedTuple, Sequence, Tuple

import numpy as np

from rendering.library import Library
from rendering.mesh import UNIT_UV, Color, Mesh, Skin

Profile = Sequence[Tuple[float, float]]


class Shape(NamedTuple):
    """A car's silhouette, clockwise from the rear sill, in metres."""

    body: Profile
    cabin: Profile  # rear bottom, rear top, front top, front bottom
    wheels: Tuple[float, float]  # positions of the axles
    width: float


SHAPES = {
    "hatch": Shape(
        [(-1.95, 0.32), (-2.0, 0.62), (-1.93, 0.95), (0.72, 0.98), (1.72, 0.8), (1.95, 0.58), (1.92, 0.3)],
        [(-1.9, 0.95), (-1.5, 1.46), (0.02, 1.48), (0.78, 0.97)],
        (-1.22, 1.2),
        1.68,
    ),
    "saloon": Shape(
        [(-2.2, 0.32), (-2.25, 0.65), (-2.18, 0.93), (0.78, 0.95), (1.9, 0.8), (2.15, 0.56), (2.12, 0.3)],
        [(-1.55, 0.93), (-1.0, 1.38), (0.02, 1.4), (0.8, 0.95)],
        (-1.35, 1.32),
        1.72,
    ),
    "van": Shape(
        [(-2.2, 0.34), (-2.24, 0.7), (-2.22, 1.08), (1.5, 1.05), (2.0, 0.92), (2.2, 0.62), (2.18, 0.32)],
        [(-2.2, 1.08), (-2.12, 1.95), (0.9, 1.97), (1.62, 1.05)],
        (-1.38, 1.4),
        1.8,
    ),
}
GLASS: Color = (0.1, 0.12, 0.14)


def car(library: Library, shape: Shape, paint: Color, plate: int, panel: int = -1) -> Mesh:
    """A car at the origin.

    Args:
        plate: index of its number plate texture.
        panel: index of the shop sign on a van; −1: none.
    """
    mesh = Mesh()
    body = Skin(library["plain"], paint, gloss=0.5)
    half = shape.width / 2
    _hull(mesh, shape.body, half, 0.07, body)
    _cabin(mesh, library, shape, half - 0.05, body, windowed=panel < 0)
    for x in shape.wheels:
        for side in (-1, 1):
            _wheel(mesh, library, x, side * (half - 0.02), side)
    _lights(mesh, library, shape, half)
    _plates(mesh, library, shape, plate)
    if panel >= 0:
        board = Skin(library[f"sign{panel}"], gloss=0.2)
        for side in (-1, 1):
            ends = (-1.75, 0.2) if side < 0 else (0.2, -1.75)
            y = side * (half + 0.01)
            face = [(ends[0], y, 1.25), (ends[1], y, 1.25), (ends[1], y, 1.75), (ends[0], y, 1.75)]
            mesh.quad(face, board, UNIT_UV)
    return mesh


def _hull(mesh: Mesh, profile: Profile, half: float, bevel: float, skin: Skin) -> None:
    """Sweep the profile from side to side; bevelled edges give highlights."""
    points = np.array(profile, float)
    middle = points.mean(0)
    inner = middle + (points - middle) * (1 - bevel * np.array([0.35, 1.6]))
    count = len(points)
    for i in range(count):
        j = (i + 1) % count
        (ax, az), (bx, bz) = points[i], points[j]
        (cx, cz), (dx, dz) = inner[i], inner[j]
        flat = half - bevel
        mesh.quad([(ax, -flat, az), (ax, flat, az), (bx, flat, bz), (bx, -flat, bz)][::-1], skin)
        mesh.quad([(ax, -flat, az), (bx, -flat, bz), (dx, -half, dz), (cx, -half, cz)], skin)
        mesh.quad([(bx, flat, bz), (ax, flat, az), (cx, half, cz), (dx, half, dz)], skin)
        center = inner.mean(0)
        left = [(cx, -half, cz), (dx, -half, dz), (center[0], -half, center[1])]
        mesh.quad([*left, left[2]], skin, normals=(0, -1, 0))
        right = [(dx, half, dz), (cx, half, cz), (center[0], half, center[1])]
        mesh.quad([*right, right[2]], skin, normals=(0, 1, 0))


def _cabin(mesh: Mesh, library: Library, shape: Shape, half: float, body: Skin, windowed: bool) -> None:
    (rx, rz), (rtx, rtz), (ftx, ftz), (fx, fz) = shape.cabin
    glass = Skin(library["plain"], GLASS, gloss=0.9)
    top = half - 0.17
    low = [(rx, rz), (fx, fz)]
    high = [(rtx, rtz), (ftx, ftz)]
    side = glass if windowed else body
    for sign in (-1, 1):
        face = [
            (low[0][0], sign * half, low[0][1]),
            (low[1][0], sign * half, low[1][1]),
            (high[1][0], sign * top, high[1][1]),
            (high[0][0], sign * top, high[0][1]),
        ]
        mesh.quad(face if sign < 0 else [face[i] for i in (1, 0, 3, 2)], side)
        for share in (0.0, 0.46, 1.0) if windowed else ():
            foot = np.array(face[0]) * (1 - share) + np.array(face[1]) * share
            head = np.array(face[3]) * (1 - share) + np.array(face[2]) * share
            out = np.array([0, sign * 0.012, 0])
            mesh.tube(foot + out, head + out, (0.028, 0.028), body, 5)
    mesh.quad([(fx, -half, fz), (fx, half, fz), (ftx, top, ftz), (ftx, -top, ftz)], glass)
    mesh.quad([(rx, half, rz), (rx, -half, rz), (rtx, -top, rtz), (rtx, top, rtz)], glass)
    mesh.box((rtx - 0.03, -top - 0.02, rtz - 0.03), (ftx + 0.03, top + 0.02, rtz + 0.05), body)


def _wheel(mesh: Mesh, library: Library, x: float, y: float, side: int) -> None:
    tyre = Skin(library["plain"], (0.06, 0.06, 0.065))
    mesh.tube(
        (x, y, 0.34),
        (x, y + side * 0.024, 0.34),
        (0.39, 0.385),
        Skin(library["plain"], (0.03, 0.03, 0.03)),
        14,
    )
    mesh.tube((x, y - side * 0.2, 0.31), (x, y + side * 0.03, 0.31), (0.31, 0.31), tyre, 14)
    mesh.tube(
        (x, y, 0.31),
        (x, y + side * 0.05, 0.31),
        (0.2, 0.17),
        Skin(library["plain"], (0.6, 0.61, 0.63), 0.3),
        10,
    )


def _lights(mesh: Mesh, library: Library, shape: Shape, half: float) -> None:
    front, rear = shape.body[-2][0], shape.body[1][0]
    white = Skin(library["plain"], (0.95, 0.95, 0.9), gloss=0.3)
    red = Skin(library["plain"], (0.7, 0.06, 0.05), gloss=0.3, glow=0.15)
    for side in (-1, 1):
        y = side * (half - 0.3)
        mesh.box((front - 0.12, y - 0.17, 0.58), (front + 0.012, y + 0.17, 0.72), white)
        mesh.box((rear - 0.012, y - 0.13, 0.66), (rear + 0.12, y + 0.13, 0.86), red)
    dark = Skin(library["plain"], (0.12, 0.12, 0.13))
    mesh.box((front - 0.1, -half + 0.1, 0.32), (front + 0.03, half - 0.1, 0.46), dark)
    mesh.box((rear - 0.03, -half + 0.1, 0.32), (rear + 0.1, half - 0.1, 0.46), dark)


def _plates(mesh: Mesh, library: Library, shape: Shape, plate: int) -> None:
    skin = Skin(library[f"plate{plate}"])
    front, rear = shape.body[-2][0] + 0.035, shape.body[1][0] - 0.035
    uv = UNIT_UV
    mesh.quad(
        [(front, -0.26, 0.46), (front, 0.26, 0.46), (front, 0.26, 0.58), (front, -0.26, 0.58)], skin, uv
    )
    mesh.quad([(rear, 0.26, 0.5), (rear, -0.26, 0.5), (rear, -0.26, 0.62), (rear, 0.26, 0.62)], skin, uv)
