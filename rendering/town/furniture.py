"""Objects on pavements: lamps, benches, bins, tables, signs. Metres, foot at the origin."""

import numpy as np

from rendering.library import Library
from rendering.mesh import UNIT_UV, Color, Mesh, Skin
from rendering.town.plants import shrub

IRON: Color = (0.12, 0.15, 0.14)
OAK: Color = (0.5, 0.36, 0.24)


class Furniture:
    """Builds each object as a separate mesh."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._iron = Skin(library["plain"], IRON, gloss=0.12)
        self._oak = Skin(library["planks"], OAK, scale=1.5)
        self._stone = Skin(library["stone"], scale=0.7)

    def _plain(self, tint: Color, **more: float) -> Skin:
        return Skin(self._library["plain"], tint, **more)

    def lamp(self) -> Mesh:
        """A street lamp that leans over the road (+x)."""
        mesh = Mesh()
        mesh.tube((0, 0, 0), (0, 0, 0.6), (0.1, 0.08), self._iron)
        mesh.tube((0, 0, 0.6), (0, 0, 3.6), (0.05, 0.04), self._iron)
        mesh.tube((0, 0, 3.4), (0.55, 0, 3.75), (0.03, 0.03), self._iron, 6)
        mesh.tube((0.55, 0, 3.7), (0.55, 0, 3.45), (0.05, 0.18), self._iron)
        mesh.ball((0.55, 0, 3.4), 0.15, self._plain((1.0, 0.93, 0.75), glow=1.0), rings=4)
        return mesh

    def bench(self) -> Mesh:
        """A bench along x that faces −y."""
        mesh = Mesh()
        for i in range(3):
            mesh.box((-0.8, -0.45 + 0.15 * i, 0.42), (0.8, -0.33 + 0.15 * i, 0.47), self._oak)
        for i in range(2):
            mesh.box((-0.8, 0.02, 0.58 + 0.17 * i), (0.8, 0.07, 0.7 + 0.17 * i), self._oak)
        for x in (-0.6, 0.6):
            mesh.box((x - 0.03, -0.42, 0), (x + 0.03, -0.36, 0.42), self._iron)
            mesh.box((x - 0.03, 0.0, 0), (x + 0.03, 0.05, 0.85), self._iron)
        return mesh

    def bin(self, tint: Color) -> Mesh:
        """A litter bin."""
        mesh = Mesh()
        mesh.tube((0, 0, 0.1), (0, 0, 0.85), (0.2, 0.24), self._plain(tint, gloss=0.1))
        mesh.tube((0, 0, 0.85), (0, 0, 0.92), (0.26, 0.22), self._iron)
        return mesh

    def post_box(self, tint: Color) -> Mesh:
        """A letter box or a switch cabinet with a poster on it."""
        mesh = Mesh()
        mesh.box((-0.28, -0.22, 0), (0.28, 0.22, 1.25), self._plain(tint, gloss=0.1))
        mesh.box((-0.31, -0.25, 1.25), (0.31, 0.25, 1.32), self._plain(tint))
        mesh.box((-0.2, -0.235, 0.98), (0.2, -0.22, 1.04), self._plain((0.05, 0.05, 0.05)))
        return mesh

    def poster_column(self, first: int) -> Mesh:
        """A round advertising column with posters."""
        mesh = Mesh()
        mesh.tube((0, 0, 0), (0, 0, 0.4), (0.66, 0.62), self._stone, 14)
        turns = np.linspace(0, 2 * np.pi, 17)
        for i in range(16):
            ring = [(0.58 * np.cos(t), 0.58 * np.sin(t)) for t in turns[i : i + 2]]
            (ax, ay), (bx, by) = ring
            for level in range(2):
                z = 0.4 + 1.15 * level
                skin = Skin(self._library[f"poster{(first + i // 4 + 3 * level) % 10}"])
                u = i % 4 / 4
                uv = [(u, 0), (u + 0.25, 0), (u + 0.25, 1), (u, 1)]
                mesh.quad([(ax, ay, z), (bx, by, z), (bx, by, z + 1.15), (ax, ay, z + 1.15)], skin, uv)
        mesh.tube((0, 0, 2.7), (0, 0, 2.85), (0.72, 0.66), self._iron, 14)
        mesh.ball((0, 0, 2.85), 0.62, self._plain((0.25, 0.35, 0.3)), 0.5, 4)
        return mesh

    def tub(self, seed: int) -> Mesh:
        """A tub with flowers."""
        mesh = Mesh()
        mesh.tube((0, 0, 0), (0, 0, 0.5), (0.26, 0.34), self._plain((0.55, 0.34, 0.25)))
        mesh.place(shrub(self._library, seed, 0.42), (0, 0, 0.5))
        return mesh

    def table(self, tint: Color) -> Mesh:
        """A café table with two chairs and a parasol."""
        mesh = Mesh()
        mesh.tube((0, 0, 0), (0, 0, 0.72), (0.04, 0.04), self._iron, 6)
        mesh.tube((0, 0, 0.7), (0, 0, 0.75), (0.36, 0.36), self._plain((0.85, 0.83, 0.78)), 12)
        for side in (-1, 1):
            mesh.box((side * 0.65 - 0.2, -0.2, 0.42), (side * 0.65 + 0.2, 0.2, 0.46), self._oak)
            back = side * 0.83
            mesh.box((back - 0.02, -0.2, 0.42), (back + 0.02, 0.2, 0.9), self._oak)
            for y in (-0.17, 0.17):
                mesh.box((side * 0.65 - 0.02, y - 0.02, 0), (side * 0.65 + 0.02, y + 0.02, 0.42), self._iron)
        mesh.tube((0, 0, 0.75), (0, 0, 2.35), (0.025, 0.025), self._iron, 6)
        cloth = self._plain(tint)
        mesh.tube((0, 0, 1.98), (0, 0, 2.4), (1.05, 0.04), cloth, 10)
        return mesh

    def menu(self, poster: int) -> Mesh:
        """A board that stands on the pavement, facing ±x."""
        mesh = Mesh()
        skin = Skin(self._library[f"poster{poster}"])
        for side in (-1, 1):
            ends = (0.3, -0.3) if side < 0 else (-0.3, 0.3)
            face = [
                (side * 0.22, ends[0], 0.05),
                (side * 0.22, ends[1], 0.05),
                (0, ends[1], 1.0),
                (0, ends[0], 1.0),
            ]
            mesh.quad(face, skin, UNIT_UV)
        return mesh

    def traffic_sign(self, tint: Color, face: int) -> Mesh:
        """A round sign that faces −x."""
        mesh = Mesh()
        mesh.tube((0, 0, 0), (0, 0, 2.5), (0.03, 0.03), self._plain((0.6, 0.6, 0.6), gloss=0.2), 6)
        mesh.tube((-0.03, 0, 2.3), (-0.05, 0, 2.3), (0.32, 0.32), self._plain(tint), 16)
        mesh.tube((-0.05, 0, 2.3), (-0.06, 0, 2.3), (0.24, 0.24), self._plain((0.95, 0.95, 0.93)), 16)
        plate = Skin(self._library[f"plate{face}"])
        spots = [(-0.065, 0.18, 2.22), (-0.065, -0.18, 2.22), (-0.065, -0.18, 2.38), (-0.065, 0.18, 2.38)]
        mesh.quad(spots, plate, UNIT_UV)
        return mesh

    def fountain(self) -> Mesh:
        """A round basin with a column."""
        mesh = Mesh()
        mesh.tube((0, 0, 0), (0, 0, 0.55), (1.7, 1.6), self._stone, 20)
        mesh.tube((0, 0, 0.56), (0, 0, 0.57), (1.4, 1.4), self._plain((0.2, 0.32, 0.36), gloss=0.8), 20)
        mesh.tube((0, 0, 0.5), (0, 0, 1.7), (0.3, 0.2), self._stone, 10)
        mesh.tube((0, 0, 1.6), (0, 0, 1.8), (0.35, 0.75), self._stone, 14)
        mesh.ball((0, 0, 2.15), 0.32, self._stone, rings=6)
        return mesh
