"""Houses from a kit: a wall with openings, what fills them, a roof.

A house stands at y ≥ 0 and faces −y; x runs along its street side, z up; metres.
"""

from typing import List, NamedTuple, Optional

import numpy as np

from rendering.library import Library
from rendering.mesh import UNIT_UV, Color, Mesh, Skin
from rendering.town.plants import ivy
from rendering.town.roofs import RoofSkins, add_roof

REVEAL = 0.2  # depth of the windows in the wall, metres
PLINTH = 0.55  # metres
WOOD: Color = (0.33, 0.24, 0.18)


class Kit(NamedTuple):
    """The style of a house."""

    wall: str  # texture of the upper wall
    paint: Color
    trim: Color
    storeys: int
    windows: int  # per storey
    ground: str  # "shop", "flat" or "arch"
    roof: str  # texture
    gable: bool  # its gable faces the street
    timber: bool = False
    shutters: Optional[Color] = None
    balcony: bool = False


class Details(NamedTuple):
    """Details that differ between two houses of one kit."""

    windows: List[int]  # textures, used in turn
    door: int
    door_at: float  # 0 left … 1 right
    shop: int
    sign: int
    awning: int  # −1: none
    flowers: int  # one bit per window
    ivy: bool
    seed: int


class Hole(NamedTuple):
    """An opening in a wall."""

    x0: float
    x1: float
    z0: float
    z1: float
    skin: Skin


def random_details(rng: np.random.Generator, sign: int) -> Details:
    """Random details; the caller chooses the sign, because no two shops share one."""
    return Details(
        windows=[int(i) for i in rng.integers(0, 24, 12)],
        door=int(rng.integers(0, 16)),
        door_at=float(rng.integers(0, 2)),
        shop=int(rng.integers(0, 16)),
        sign=sign,
        awning=int(rng.integers(-2, 5)),
        flowers=int(rng.integers(0, 1 << 12)) & int(rng.integers(0, 1 << 12)),
        ivy=bool(rng.random() < 0.22),
        seed=int(rng.integers(0, 1 << 30)),
    )


class HouseBuilder:
    """Builds each house as a separate mesh."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def house(self, width: float, depth: float, kit: Kit, details: Details, sides="") -> Mesh:
        """One house.

        Args:
            width, depth: metres.
            sides: any of "l", "r", "b": other sides that are visible and get windows.
        """
        mesh = Mesh()
        height = 3.3 + 2.75 * (kit.storeys - 1)
        mesh.place(self._front(width, height, kit, details), (0, 0))
        looks = {"l": ((0, depth), -np.pi / 2, depth), "r": ((width, 0), np.pi / 2, depth)}
        looks["b"] = ((width, depth), np.pi, width)
        for side, (at, yaw, length) in looks.items():
            wall = self._side(length, height, kit, details, blank=side not in sides)
            mesh.place(wall, at, yaw)
        roof = RoofSkins(
            tiles=self._skin(kit.roof, scale=0.4),
            gable=self._skin(kit.wall, kit.paint),
            chimney=self._skin("brick_brown"),
            slate=self._skin("slate"),
            dormer=self._skin("planks", (0.85, 0.83, 0.78), 1.0),
            window=self._glass(details.windows[-1]),
        )
        add_roof(mesh, (width, depth, height), kit.gable, details.seed, roof)
        return mesh

    def _skin(self, name: str, tint: Color = (1, 1, 1), scale: float = 0.5, **more: float) -> Skin:
        return Skin(self._library[name], tint, scale=scale, **more)

    def _front(self, width: float, height: float, kit: Kit, details: Details) -> Mesh:
        mesh = Mesh()
        holes = self._upper_windows(width, kit, details) + self._ground_floor(mesh, width, kit, details)
        self._wall(mesh, width, height, holes, kit, details)
        for i, hole in enumerate(holes):
            if hole.z0 > 3:
                self._dress(mesh, hole, kit, flowers=bool(details.flowers >> i & 1))
        if kit.timber:
            self._timber(mesh, width, height, kit)
        band = self._skin("plaster", kit.trim)
        mesh.box((0, -0.09, 3.12), (width, 0, 3.3), band)
        mesh.box((-0.05, -0.16, height - 0.2), (width + 0.05, 0, height), band)
        mesh.tube(
            (width - 0.12, -0.1, 0),
            (width - 0.12, -0.1, height),
            (0.05, 0.05),
            self._skin("plain", (0.4, 0.42, 0.4)),
            6,
        )
        if details.ivy:
            mesh.place(
                ivy(self._library, details.seed, width * 0.45, height * 0.85),
                (0 if details.door_at else width * 0.5, 0),
            )
        return mesh

    def _side(self, width: float, height: float, kit: Kit, details: Details, blank: bool) -> Mesh:
        mesh, holes = Mesh(), []
        if not blank:
            mirrored = details._replace(windows=details.windows[5:] + details.windows[:5])
            holes = self._upper_windows(width, kit, mirrored)
            for i, x in enumerate((width * 0.22, width * 0.7)):
                holes.append(Hole(x - 0.55, x + 0.55, 1.0, 2.5, self._glass(details.windows[-1 - i])))
        self._wall(mesh, width, height, holes, kit, details)
        for hole in holes:
            self._dress(mesh, hole, kit, flowers=False)
        if not blank:
            mesh.box((0, -0.09, 3.12), (width, 0, 3.3), self._skin("plaster", kit.trim))
        return mesh

    def _glass(self, number: int) -> Skin:
        return Skin(self._library[f"window{number}"], gloss=0.75, glow=1.0)

    def _upper_windows(self, width: float, kit: Kit, details: Details) -> List[Hole]:
        holes = []
        pitch = width / kit.windows
        half = min(0.55, pitch * 0.27)
        for storey in range(1, kit.storeys):
            base = 3.3 + 2.75 * (storey - 1)
            for i in range(kit.windows):
                x = pitch * (i + 0.5)
                number = details.windows[(storey * kit.windows + i) % len(details.windows)]
                holes.append(Hole(x - half, x + half, base + 0.75, base + 2.25, self._glass(number)))
        return holes

    def _ground_floor(self, mesh: Mesh, width: float, kit: Kit, details: Details) -> List[Hole]:
        """Door and ground-floor openings; signs and awnings are added to the mesh."""
        door = Skin(self._library[f"door{details.door}"], gloss=0.08)
        x = 0.95 if details.door_at < 0.5 else width - 0.95
        holes = [Hole(x - 0.55, x + 0.55, 0.12, 2.45, door)]
        mesh.box((x - 0.75, -0.45, 0), (x + 0.75, 0, 0.12), self._skin("stone"))
        left, right = (1.95, width - 0.5) if details.door_at < 0.5 else (0.5, width - 1.95)
        if kit.ground == "flat":
            for i in range(2):
                middle = left + (right - left) * (i + 0.5) / 2
                holes.append(Hole(middle - 0.5, middle + 0.5, 1.0, 2.45, self._glass(details.windows[i])))
            return holes
        goods = Skin(self._library[f"shop{details.shop}"], gloss=0.55, glow=0.8)
        holes.append(Hole(left, right, 0.55, 2.4, goods))
        board = Skin(self._library[f"sign{details.sign}"], gloss=0.1, glow=0.25)
        mesh.box((0.25, -0.1, 2.52), (width - 0.25, 0, 3.08), self._skin("plain", kit.trim))
        ends = (left - 0.1, right + 0.1)
        face = [(ends[0], -0.14, 2.5), (ends[1], -0.14, 2.5), (ends[1], -0.14, 3.1), (ends[0], -0.14, 3.1)]
        mesh.quad(face, board, UNIT_UV)
        if details.awning >= 0:
            self._awning(mesh, left, right, details.awning)
        self._blade_sign(mesh, width - x, details)
        return holes

    def _awning(self, mesh: Mesh, left: float, right: float, number: int) -> None:
        cloth = Skin(self._library[f"awning{number}"])
        low, high, out = 2.12, 2.62, -1.05
        uv = [(0, 0), ((right - left) / 3, 0), ((right - left) / 3, 0.8), (0, 0.8)]
        top = [(left, out, low), (right, out, low), (right, -0.1, high), (left, -0.1, high)]
        mesh.quad(top, cloth, uv)
        under = [(x, y, z - 0.01) for x, y, z in (top[1], top[0], top[3], top[2])]
        mesh.quad(under, cloth._replace(tint=(0.6, 0.6, 0.6)), uv)
        mesh.quad(
            [(left, out, low - 0.22), (right, out, low - 0.22), (right, out, low), (left, out, low)],
            cloth,
            uv,
        )

    def _blade_sign(self, mesh: Mesh, x: float, details: Details) -> None:
        """A small sign that projects over the pavement."""
        if details.seed % 3 == 0:
            return
        board = Skin(self._library[f"sign{details.sign}"], glow=0.2)
        mesh.box((x - 0.03, -1.15, 4.02), (x + 0.03, 0, 4.07), self._skin("plain", (0.15, 0.15, 0.17)))
        for side in (-1, 1):
            ys = (-0.2, -1.1) if side < 0 else (-1.1, -0.2)
            at = x + side * 0.03
            face = [(at, ys[0], 3.6), (at, ys[1], 3.6), (at, ys[1], 3.98), (at, ys[0], 3.98)]
            mesh.quad(face, board, UNIT_UV)

    def _wall(
        self, mesh: Mesh, width: float, height: float, holes: List[Hole], kit: Kit, details: Details
    ) -> None:
        """The wall around the openings, their reveals and their panes."""
        wall, plinth = self._skin(kit.wall, kit.paint), self._skin("stone", (0.8, 0.78, 0.75))
        if kit.ground == "shop":
            plinth = self._skin("stone", kit.trim)
        start = details.seed % 97 / 97.0
        xs = sorted({0.0, width, *(h.x0 for h in holes), *(h.x1 for h in holes)})
        zs = sorted({0.0, PLINTH, 3.12, height, *(h.z0 for h in holes), *(h.z1 for h in holes)})
        for x0, x1 in zip(xs, xs[1:]):
            for z0, z1 in zip(zs, zs[1:]):
                if any(h.x0 < (x0 + x1) / 2 < h.x1 and h.z0 < (z0 + z1) / 2 < h.z1 for h in holes):
                    continue
                skin = plinth if z1 <= PLINTH else wall
                corners = [(x0, 0, z0), (x1, 0, z0), (x1, 0, z1), (x0, 0, z1)]
                uv = [(x * 0.5 + start, z * 0.5 + start) for x, _, z in corners]
                shade = [0.72 + 0.28 * min(1.0, z / 0.9) - 0.12 * (z > height - 0.4) for _, _, z in corners]
                mesh.quad(corners, skin, uv, shade=shade)
        for hole in holes:
            self._fill(mesh, hole, self._skin("plaster", kit.trim))

    def _fill(self, mesh: Mesh, hole: Hole, reveal: Skin) -> None:
        x0, x1, z0, z1, skin = hole
        back = REVEAL
        mesh.quad([(x0, back, z0), (x1, back, z0), (x1, back, z1), (x0, back, z1)], skin,
                  UNIT_UV)  # fmt: skip
        mesh.quad([(x0, 0, z0), (x0, back, z0), (x0, back, z1), (x0, 0, z1)], reveal)
        mesh.quad([(x1, back, z0), (x1, 0, z0), (x1, 0, z1), (x1, back, z1)], reveal)
        mesh.quad([(x0, back, z1), (x1, back, z1), (x1, 0, z1), (x0, 0, z1)], reveal)
        mesh.quad([(x0, 0, z0), (x1, 0, z0), (x1, back, z0), (x0, back, z0)], reveal)

    def _dress(self, mesh: Mesh, hole: Hole, kit: Kit, flowers: bool) -> None:
        """Surround, sill, shutters, flower box."""
        trim = self._skin("plaster", kit.trim)
        x0, x1, z0, z1, _ = hole
        mesh.box((x0 - 0.14, -0.16, z0 - 0.1), (x1 + 0.14, 0, z0), trim)
        mesh.box((x0 - 0.14, -0.07, z1), (x1 + 0.14, 0, z1 + 0.17), trim)
        if kit.shutters is not None:
            slats = self._skin("planks", kit.shutters, 2.0)
            mesh.box((x0 - 0.52, -0.06, z0), (x0 - 0.04, 0, z1), slats)
            mesh.box((x1 + 0.04, -0.06, z0), (x1 + 0.52, 0, z1), slats)
        else:
            mesh.box((x0 - 0.12, -0.05, z0), (x0, 0, z1), trim)
            mesh.box((x1, -0.05, z0), (x1 + 0.12, 0, z1), trim)
        if flowers:
            mesh.box((x0, -0.38, z0 - 0.02), (x1, -0.16, z0 + 0.16), self._skin("planks", WOOD, 2.0))
            bloom = Skin(self._library["flowers"])
            for y, lift in ((-0.42, 0.0), (-0.3, 0.1)):
                face = [(x0, y, z0 + lift), (x1, y, z0 + lift), (x1, y, z0 + 0.45), (x0, y, z0 + 0.45)]
                mesh.quad(face, bloom, [(0, 0.2), (1.6, 0.2), (1.6, 0.75), (0, 0.75)], normals=(0, -0.7, 0.7))
        if kit.balcony:
            self._balcony(mesh, x0 - 0.3, x1 + 0.3, z0 - 0.75)

    def _balcony(self, mesh: Mesh, x0: float, x1: float, z: float) -> None:
        iron = self._skin("plain", (0.13, 0.14, 0.16))
        mesh.box((x0, -0.8, z), (x1, 0, z + 0.1), self._skin("stone"))
        mesh.box((x0, -0.8, z + 0.95), (x1, -0.76, z + 1.0), iron)
        for x in np.arange(x0, x1 + 0.01, (x1 - x0) / 10):
            mesh.box((x - 0.015, -0.79, z), (x + 0.015, -0.76, z + 1.0), iron)

    def _timber(self, mesh: Mesh, width: float, height: float, kit: Kit) -> None:
        """Half-timbering between and beside the windows."""
        skin = self._skin("planks", WOOD, 2.0)
        pitch = width / kit.windows
        for storey in range(1, kit.storeys):
            base = 3.3 + 2.75 * (storey - 1)
            top = base + 2.65
            for z in (base + 0.08, base + 0.6, top):
                mesh.beam((0, z), (width, z), 0.17, 0.05, skin)
            for i in range(kit.windows + 1):
                x = min(max(pitch * i, 0.1), width - 0.1)
                mesh.beam((x, base), (x, top), 0.17, 0.055, skin)
                if i < kit.windows:
                    mesh.beam((x, base + 0.08), (x + pitch * 0.5, base + 0.6), 0.13, 0.045, skin)
                    mesh.beam((x + pitch, base + 0.08), (x + pitch * 0.5, base + 0.6), 0.13, 0.045, skin)
