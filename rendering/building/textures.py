"""All textures of a building; small ones share a layer."""

from typing import Dict, List, NamedTuple, Sequence

import cv2
import numpy as np

from rendering.building import finishes, posters
from rendering.building.look import Look
from rendering.library import Library
from rendering.materials import SIZE, plain, plaster
from rendering.mesh import UNIT_UV, Mesh, Skin

MARGIN = 0.01  # of a tile, left out on each side, so that its neighbours do not shine through
POSTERS = 30  # per floor
LABELS = 64  # per floor


class Tile(NamedTuple):
    """A part of a layer."""

    layer: int
    uv: np.ndarray  # (4, 2)

    def show(self, mesh: Mesh, corners, glow: float = 0.0) -> None:
        """Add a face with this texture; ``corners`` as for :meth:`Mesh.quad`."""
        mesh.quad(corners, Skin(self.layer, glow=glow), self.uv)


def add_tiles(library: Library, name: str, images: Sequence[np.ndarray], across: int) -> List[Tile]:
    """Add images, ``across`` × ``across`` to a layer."""
    tiles = []
    cell = SIZE // across
    for first in range(0, len(images), across**2):
        sheet = np.ones((SIZE, SIZE, 3), np.float32)
        spots = []
        for k, image in enumerate(images[first : first + across**2]):
            row, column = divmod(k, across)
            small = cv2.resize(np.asarray(image, np.float32), (cell, cell), interpolation=cv2.INTER_AREA)
            sheet[row * cell : (row + 1) * cell, column * cell : (column + 1) * cell] = small
            spots.append((column / across, 1 - (row + 1) / across))
        layer = library.add(f"{name}{first}", sheet)
        inner = MARGIN + UNIT_UV * (1 - 2 * MARGIN)
        tiles += [Tile(layer, np.array(spot) + inner / across) for spot in spots]
    return tiles


class Textures(NamedTuple):
    """The textures of a building."""

    library: Library
    signs: Dict[str, Tile]
    posters: List[List[Tile]]  # per floor
    labels: List[List[Tile]]  # per floor


def building_textures(look: Look, floors: int, random: np.random.Generator) -> Textures:
    """Textures of the structure, and posters and labels of each floor."""
    library = Library()
    library.add("plain", plain())
    library.add("plaster", plaster(random))
    wood = finishes.wood(random)
    library.add("wood", wood)
    for paint in (finishes.blocks, finishes.concrete, finishes.slats, finishes.ceiling_tiles, finishes.steel):
        library.add(paint.__name__, paint(random))
    library.add(look.floor, getattr(finishes, look.floor)(random))
    library.add("carpet_rooms", finishes.carpet(random))
    veneer = wood if look.door_wood else None
    library.add("door", finishes.door_leaf(random, veneer, look.glazed))
    library.add("door_other", finishes.door_leaf(random, veneer, not look.glazed))
    library.add("lamp", finishes.lamp_panel(int(random.integers(2, 5))))
    for k in range(3):
        library.add(f"facade{k}", finishes.facade(random))
    drawn = {
        "grille": finishes.grille(), "diffuser": finishes.diffuser(), "exit": finishes.exit_sign(),
        "switch": finishes.switch(random), "socket": finishes.switch(random),
        "fire": finishes.warning(random, "FIRE", (0.72, 0.1, 0.08)),
        "hose": finishes.warning(random, "HOSE", (0.7, 0.12, 0.1)),
        "aid": finishes.warning(random, "AID", (0.08, 0.5, 0.3)),
        "toilet": finishes.warning(random, "WC", (0.15, 0.3, 0.6)),
        "plan": posters.plan_sheet(random),
    }  # fmt: skip
    signs = dict(zip(drawn, add_tiles(library, "sign", list(drawn.values()), 2)))
    numbers = [[posters.label(f"{f}.{k:02d}", look.accent) for k in range(LABELS - 1)] for f in range(floors)]
    numbers = [[posters.label(str(f), look.accent), *row] for f, row in enumerate(numbers)]
    hung = [[_poster(random) for _ in range(POSTERS)] for _ in range(floors)]
    return Textures(
        library,
        signs,
        [add_tiles(library, f"poster{f}_", row, 2) for f, row in enumerate(hung)],
        [add_tiles(library, f"label{f}_", row, 8) for f, row in enumerate(numbers)],
    )


def _poster(random) -> np.ndarray:
    return posters.KINDS[random.integers(len(posters.KINDS))](random)
