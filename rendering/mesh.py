"""Triangles with all vertex attributes of the shader, in NumPy arrays."""

from typing import List, NamedTuple, Sequence, Tuple

import numpy as np

VERTEX = np.dtype(
    [
        ("vertex", "<f4", 3),  # metres, z up
        ("normal", "<f4", 3),
        ("texcoord", "<f4", 2),
        ("surface", "<f4", 3),  # texture layer, gloss 0–1, glow 0–1
        ("tint", "<f4", 3),  # multiplies the texture
    ]
)

Color = Tuple[float, float, float]
WHITE: Color = (1.0, 1.0, 1.0)
UNIT_UV = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], float)


class Skin(NamedTuple):
    """The appearance of a surface."""

    layer: int  # of the texture array
    tint: Color = WHITE
    gloss: float = 0.0  # reflection of the sky: 0 plaster … 1 glass
    glow: float = 0.0  # light emitted in the evening, 0–1
    scale: float = 1.0  # texture repeats per metre, for faces without texture coordinates


class Mesh:
    """A list of triangles that can be extended."""

    def __init__(self) -> None:
        self._parts: List[np.ndarray] = []

    def vertices(self) -> np.ndarray:
        """(N,) array of ``VERTEX``, three per triangle."""
        return np.concatenate(self._parts) if self._parts else np.zeros(0, VERTEX)

    def add(self, vertices: np.ndarray) -> None:
        """Add triangles as they are: (N,) array of ``VERTEX``, three per triangle."""
        self._parts.append(vertices)

    def quad(self, corners, skin: Skin, uv=None, normals=None, shade=None) -> None:
        """Add one face with four corners.

        Args:
            corners: (4, 3) metres, counter-clockwise seen from its front, the lower left one first.
            skin: its appearance.
            uv: (4, 2) texture coordinates; metres along its edges times ``skin.scale`` if not given.
            normals: (4, 3) or (3,); the normal of the face if not given.
            shade: (4,) factor of the tint at each corner.
        """
        corners = np.asarray(corners, float)
        right, up = corners[1] - corners[0], corners[3] - corners[0]
        if normals is None:
            normals = np.cross(corners[2] - corners[0], corners[3] - corners[1])
            normals = normals / max(np.linalg.norm(normals), 1e-12)
        if uv is None:
            uv = UNIT_UV * [np.linalg.norm(right), np.linalg.norm(up)] * skin.scale
        part = np.zeros(4, VERTEX)
        part["vertex"], part["normal"], part["texcoord"] = corners, normals, uv
        part["surface"] = (skin.layer, skin.gloss, skin.glow)
        part["tint"] = skin.tint if shade is None else np.outer(shade, skin.tint)
        self._parts.append(part[[0, 1, 2, 0, 2, 3]])

    def box(self, low: Sequence[float], high: Sequence[float], skin: Skin) -> None:
        """Add a box with edges along the axes, without its underside."""
        (x0, y0, z0), (x1, y1, z1) = low, high
        self.quad([(x0, y0, z0), (x1, y0, z0), (x1, y0, z1), (x0, y0, z1)], skin)
        self.quad([(x1, y0, z0), (x1, y1, z0), (x1, y1, z1), (x1, y0, z1)], skin)
        self.quad([(x1, y1, z0), (x0, y1, z0), (x0, y1, z1), (x1, y1, z1)], skin)
        self.quad([(x0, y1, z0), (x0, y0, z0), (x0, y0, z1), (x0, y1, z1)], skin)
        self.quad([(x0, y0, z1), (x1, y0, z1), (x1, y1, z1), (x0, y1, z1)], skin)

    def beam(self, start, end, width: float, depth: float, skin: Skin) -> None:
        """Add a bar in the plane of a façade (x, z) that stands ``depth`` proud of it."""
        (x0, z0), (x1, z1) = start, end
        along = np.array([x1 - x0, z1 - z0], float)
        side = np.array([-along[1], along[0]]) / np.linalg.norm(along) * width / 2
        ring = [(x0, z0) - side, (x1, z1) - side, (x1, z1) + side, (x0, z0) + side]
        self.quad([(x, -depth, z) for x, z in ring], skin)
        for (ax, az), (bx, bz) in zip(ring, ring[1:] + ring[:1]):
            self.quad([(ax, 0, az), (bx, 0, bz), (bx, -depth, bz), (ax, -depth, az)], skin)

    def tube(self, start, end, radii: Tuple[float, float], skin: Skin, sides: int = 8) -> None:
        """Add a round bar from ``start`` to ``end`` (metres), radius at either end, with its cap."""
        start, end = np.asarray(start, float), np.asarray(end, float)
        axis = (end - start) / np.linalg.norm(end - start)
        first = np.cross(axis, (1, 0, 0) if abs(axis[0]) < 0.9 else (0, 1, 0))
        first /= np.linalg.norm(first)
        second = np.cross(axis, first)
        turn = np.linspace(0, 2 * np.pi, sides + 1)
        rays = np.outer(np.cos(turn), first) + np.outer(np.sin(turn), second)
        length = np.linalg.norm(end - start) * skin.scale
        girth = 2 * np.pi * max(radii) * skin.scale
        for i in range(sides):
            a, b = rays[i], rays[i + 1]
            ring = [start + a * radii[0], start + b * radii[0], end + b * radii[1], end + a * radii[1]]
            u0, u1 = girth * i / sides, girth * (i + 1) / sides
            self.quad(ring, skin, [(u0, 0), (u1, 0), (u1, length), (u0, length)], [a, b, b, a])
            self.quad([end, end + a * radii[1], end + b * radii[1], end], skin, normals=axis)

    def ball(self, center, radius: float, skin: Skin, squash: float = 1.0, rings: int = 6) -> None:
        """Add a sphere, flattened in z by ``squash``."""
        sides = 2 * rings
        for i in range(rings):
            for j in range(sides):
                cell = [(j, i), (j + 1, i), (j + 1, i + 1), (j, i + 1)]
                turn = np.array([2 * np.pi * u / sides for u, _ in cell])
                lift = np.array([np.pi * (v / rings - 0.5) for _, v in cell])
                ray = np.stack([np.cos(lift) * np.cos(turn), np.cos(lift) * np.sin(turn), np.sin(lift)], 1)
                place = np.asarray(center) + ray * radius * [1, 1, squash]
                uv = [(u / sides * 3, v / rings * 2) for u, v in cell]
                self.quad(place, skin, uv, ray)

    def place(self, other: "Mesh", at: Sequence[float], yaw: float = 0.0, size: float = 1.0) -> None:
        """Add a copy of ``other``, turned by ``yaw`` radians about z, then moved to ``at`` (metres)."""
        part = other.vertices().copy()
        cos, sin = np.cos(yaw), np.sin(yaw)
        turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
        where = np.array([at[0], at[1], at[2] if len(at) > 2 else 0.0])
        part["vertex"] = part["vertex"] @ turn.T * size + where
        part["normal"] = part["normal"] @ turn.T
        self._parts.append(part)
