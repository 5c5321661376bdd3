"""A generated town as a world to visit; each seed gives another town."""

import numpy as np

from rendering.camera import camera_pose, heading, pinhole
from rendering.light import light_at
from rendering.mesh import Mesh
from rendering.painting import random_color
from rendering.town.layout import KITS, build_town, parked_cars, terraces
from rendering.town.library import town_library
from rendering.town.renderer import Renderer
from rendering.town.streets import EAST, MIDDLE, NORTH, random_car

FLEET = 16  # different cars in a town
HIDING = 2.5  # metres; a car nearer than that hides the place
TURN = 0.1  # radians from the street's direction or from its normal, so that the four views of a spot differ
CLEARANCE = 0.7  # metres between a camera and any vertex
SAMPLES = 1.5  # rendered pixels per pixel, along either axis
ROAD, PAVEMENT = 1.3, 4.9  # metres from the middle of the street
FREE = ((0.0, 1.6), (4.4, 5.5))  # metres from the middle of the street, without parked cars
STREETS = (
    *(((0.0, y), (EAST, y)) for y in (0.0, NORTH)),
    *(((x, 0.0), (x, NORTH)) for x in (0.0, MIDDLE, EAST)),
)
SNOW = (0.95, 0.97, 1.0)
LEAVES = ("leaves_green", "leaves_light", "leaves_autumn", "ivy", "flowers")
GROUNDS = ("asphalt", "slabs", "pavers", "cobbles", "stone")
ROOFS = ("tiles_red", "tiles_brown", "slate")


class TownWorld:
    """A town and a camera in it.

    Attributes:
        intrinsics: (3, 3) float64, K, pixels; the centre of the first pixel is (0, 0).

    Args:
        seed: int; determines houses, paints, signs, trees and the camera's focal length.
        size: width and height of an image, pixels.
        samples: rendered pixels per pixel, along either axis.
        focal: focal length as a share of the width; None: determined by the seed.
    """

    def __init__(self, seed, size, samples=SAMPLES, focal=None):
        random = np.random.default_rng((seed, 1))
        self._library = town_library(seed)
        rows, kits = _houses(random)
        self._town = build_town(self._library, seed, rows, kits, parked=False).vertices()
        self._fleet = [random_car(self._library, random) for _ in range(FLEET)]
        self._obstacles = _obstacles(self._town)
        self._cars = np.zeros((0, 2), np.float32)
        chosen = random.uniform(0.55, 0.8)
        pixels = size[0] * (focal or chosen)
        self.intrinsics = pinhole(size, pixels)
        self._renderer = Renderer(_mesh(self._town), self._library, size, pixels, samples)
        self._light = light_at(0.0)

    def begin(self, conditions, random):
        """Change the world for a visit; ``conditions``: :class:`rendering.conditions.Conditions`."""
        town = _mesh(dress(self._town, self._library, conditions, random))
        cars = parked_cars(self._fleet, random, conditions.busy)
        town.place(cars, (0, 0))
        self._cars = cars.vertices()["vertex"][:, :2]
        self._renderer.show(town)
        self._light = conditions.light

    def candidate(self, random):
        """A random view from a vehicle on the road or from the pavement."""
        (x0, y0), (x1, y1) = STREETS[random.integers(len(STREETS))]
        along = np.arctan2(y1 - y0, x1 - x0)
        share, aside = random.random(), random.uniform(-ROAD, ROAD)
        towards = along + random.choice([0, np.pi])
        if random.random() < 0.25:
            aside = random.choice([-PAVEMENT, PAVEMENT])
        elif random.random() < 0.45:  # across, from the far side of the road
            towards = along - np.sign(aside) * np.pi / 2
        x = x0 + share * (x1 - x0) - aside * np.sin(along)
        y = y0 + share * (y1 - y0) + aside * np.cos(along)
        return camera_pose(
            (x, y, random.uniform(1.0, 1.7)),
            heading=towards + random.uniform(-TURN, TURN),
            pitch=random.uniform(-0.03, 0.12),
        )

    def fits(self, view):
        """Whether a camera can stand there."""
        x, y, _ = view.position
        aside = _from_streets(x, y)
        if not any(low <= aside <= high for low, high in FREE):
            return False
        near = np.hypot(self._obstacles[:, 0] - x, self._obstacles[:, 1] - y)
        return bool(near.min() > CLEARANCE) and not stands_before(self._cars, view)

    def sees(self, view, other):
        """Whether nothing stands between the cameras of two views; always true in a street."""
        return True

    def render(self, view):
        """(H, W, 3) uint8 BGR."""
        return self._renderer.render(view, self._light)

    def depth(self, view):
        """(H, W) float32 metres along the optical axis, at the centres of the pixels; 0: sky."""
        return self._renderer.depth(view)


def stands_before(things, view):
    """Whether something blocks the view of a camera.

    Args:
        things: (N, 2) metres, corners of parked cars.
        view: :class:`Pose` of the camera.
    """
    cos, sin = np.cos(heading(view)), np.sin(heading(view))
    x, y = (things - view.position[:2]).T
    ahead, aside = x * cos + y * sin, np.abs(y * cos - x * sin)
    return bool(((ahead > 0) & (ahead < HIDING) & (aside < 0.5 * ahead)).any())


def dress(vertices, library, conditions, random):
    """Change leaves, ground, roofs and windows with season and weather.

    Args:
        vertices: (N,) ``rendering.town.mesh.VERTEX`` of the town without its cars; not modified.
        library: its textures.
        conditions: the visit's.
        random: numpy Generator.

    Returns:
        (M,) ``VERTEX``.
    """
    vertices = vertices.copy()
    layer, gloss, glow = (vertices["surface"][:, i] for i in range(3))

    def of(names):
        return np.isin(layer, [library[name] for name in names])

    flat = vertices["normal"][:, 2] > 0.3
    kept = np.ones(len(vertices), bool)
    ground = of(GROUNDS) & flat & (vertices["vertex"][:, 2] < 0.2)
    gloss[ground] = np.maximum(gloss[ground], conditions.wet)
    windows = of([f"window{i}" for i in range(24)])
    glow[windows] *= (random.random(len(vertices) // 6 + 1) < conditions.lit).repeat(6)[: len(vertices)][
        windows
    ]
    if conditions.season == "autumn":
        layer[of(LEAVES[:2])] = library["leaves_autumn"]
        vertices["tint"][of(["leaves_autumn"])] *= random.uniform((0.8, 0.7, 0.5), (1.1, 1.05, 0.9))
        vertices["tint"][of(["grass", "ivy", "hedge"])] *= (1.1, 0.95, 0.7)
    if conditions.season == "winter":
        kept = ~of(LEAVES[:3])  # bare trees
        trodden = of(["asphalt", "cobbles"]) & ground
        white = (flat & of((*ROOFS, "grass", "hedge"))) | (ground & ~trodden)
        layer[white], vertices["tint"][white] = library["plaster"], SNOW
        vertices["tint"][trodden] *= random.uniform(1.2, 1.7)
    return vertices[kept]


def _houses(random):
    """The town's terraces with other houses, and the kits of these houses."""
    kits = {f"kit{i}": _kit(random) for i in range(len(KITS) * 2)} | KITS
    names = sorted(kits)
    rows = [
        row._replace(houses=[(str(random.choice(names)), width) for _, width in row.houses])
        for row in terraces()
    ]
    return rows, kits


def _kit(random):
    """A kit of the town with another paint, height and roof."""
    kit = KITS[str(random.choice(sorted(KITS)))]
    painted = kit.wall in ("plaster", "planks")
    return kit._replace(
        paint=random_color(random, (0.05, 0.4), (0.55, 0.95)) if painted else kit.paint,
        storeys=int(random.integers(2, 5)),
        windows=int(random.integers(2, 4)),
        ground=str(random.choice(["shop", "shop", "flat"])),
        roof=str(random.choice(ROOFS)),
        gable=bool(random.random() < 0.4),
        shutters=random_color(random) if painted and random.random() < 0.4 else None,
        balcony=bool(random.random() < 0.2),
    )


def _from_streets(x, y):
    """Metres to the middle of the nearest street."""
    distances = []
    for start, end in np.array(STREETS):
        along = end - start
        share = np.clip(np.dot((x, y) - start, along) / np.dot(along, along), 0, 1)
        distances.append(np.hypot(*(start + share * along - (x, y))))
    return min(distances)


def _obstacles(vertices):
    """(N, 2) float32 metres: vertices at the height of a camera, between knee and head."""
    at = vertices["vertex"]
    return at[(at[:, 2] > 0.3) & (at[:, 2] < 2.3), :2]


def _mesh(vertices):
    mesh = Mesh()
    mesh.add(vertices)
    return mesh
