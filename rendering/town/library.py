"""All textures of the town."""

import numpy as np

from rendering import materials
from rendering.library import Library
from rendering.painting import random_color
from rendering.town import materials as outdoors
from rendering.town import painted


def town_library(seed: int) -> Library:
    """All textures of the town; the same seed gives the same textures."""
    library = Library()
    rng = np.random.default_rng(seed)
    _add_walls(library, rng)
    _add_grounds(library, rng)
    _add_plants(library, rng)
    for i in range(24):
        frame = [(0.93, 0.92, 0.88), (0.93, 0.92, 0.88), (0.32, 0.22, 0.15), (0.2, 0.32, 0.28)][i % 4]
        library.add(f"window{i}", painted.window(rng, frame, ((2, 3), (2, 2), (3, 2))[i % 3]))
    for i in range(16):
        library.add(f"door{i}", painted.door(rng))
        library.add(f"shop{i}", painted.shop_window(rng))
    for i, name in enumerate(painted.SHOPS):
        library.add(f"sign{i}", painted.sign(rng, name))
    for i in range(10):
        library.add(f"poster{i}", painted.poster(rng))
        library.add(f"plate{i}", painted.plate(rng))
    for i in range(3):
        library.add(f"mural{i}", painted.mural(rng))
    for i in range(5):
        library.add(f"awning{i}", outdoors.stripes(random_color(rng, (0.5, 0.8), (0.4, 0.75))))
    library.add("clock", painted.clock())
    return library


def _add_walls(library: Library, rng: np.random.Generator) -> None:
    masonry = materials.masonry
    library.add("plain", materials.plain())
    library.add("brick_red", masonry(rng, 24, 8, 2.2, (0.62, 0.3, 0.22), (0.62, 0.5, 0.44), 0.24))
    library.add("brick_brown", masonry(rng, 24, 8, 2.2, (0.47, 0.31, 0.24), (0.5, 0.43, 0.38), 0.24))
    library.add("brick_ochre", masonry(rng, 24, 8, 2.2, (0.74, 0.58, 0.38), (0.64, 0.55, 0.44), 0.2))
    library.add("stone", masonry(rng, 7, 4, 3.5, (0.64, 0.6, 0.53), (0.48, 0.45, 0.4), 0.15))
    library.add("rubble", masonry(rng, 11, 6, 5.0, (0.56, 0.53, 0.5), (0.43, 0.41, 0.39), 0.22, 0.37))
    library.add("plaster", materials.plaster(rng))
    library.add("planks", materials.planks(rng, 12))
    library.add("tiles_red", outdoors.roof_tiles(rng, 10, 14, (0.66, 0.33, 0.23)))
    library.add("tiles_brown", outdoors.roof_tiles(rng, 10, 14, (0.45, 0.31, 0.26)))
    library.add("slate", masonry(rng, 14, 9, 1.6, (0.36, 0.38, 0.43), (0.26, 0.27, 0.31), 0.16))


def _add_grounds(library: Library, rng: np.random.Generator) -> None:
    masonry = materials.masonry
    library.add("asphalt", outdoors.asphalt(rng))
    library.add("slabs", masonry(rng, 5, 5, 3.0, (0.6, 0.58, 0.54), (0.4, 0.38, 0.36), 0.12, 0.0))
    library.add("pavers", masonry(rng, 14, 7, 2.5, (0.58, 0.5, 0.45), (0.45, 0.41, 0.38), 0.15))
    library.add("cobbles", masonry(rng, 16, 14, 5.0, (0.5, 0.48, 0.46), (0.36, 0.35, 0.34), 0.18))
    library.add("grass", outdoors.grass(rng))


def _add_plants(library: Library, rng: np.random.Generator) -> None:
    library.add("bark", outdoors.bark(rng))
    library.add("leaves_green", outdoors.leaves(rng, (0.33, 0.5, 0.2)))
    library.add("leaves_light", outdoors.leaves(rng, (0.5, 0.6, 0.24)))
    library.add("leaves_autumn", outdoors.leaves(rng, (0.78, 0.47, 0.18)))
    library.add("ivy", outdoors.leaves(rng, (0.22, 0.4, 0.17), 300))
    library.add("flowers", outdoors.leaves(rng, (0.3, 0.5, 0.22), 200, 170))
    library.add("hedge", painted.hedge(rng))
