"""A generated office building: floors of one design that differ in posters, doors and furniture."""

from typing import List, NamedTuple

import numpy as np

from rendering.building.ceiling import STOREY, add_ceiling, add_floor, add_outdoors
from rendering.building.contents import DIFFERENCE, Contents, random_contents
from rendering.building.design import WALL_THICKNESS, Design, random_design
from rendering.building.lighting import Source, irradiance, window_sources
from rendering.building.openings import ROOM_MARGIN, sunlit_openings
from rendering.building.plan import Rect
from rendering.building.route import Keyframe, drive
from rendering.building.skins import Skins
from rendering.building.textures import Textures, building_textures
from rendering.building.walls import add_wall
from rendering.camera import pinhole
from rendering.mesh import Mesh, Skin

AMBIENT = 0.035  # light everywhere
OUTDOORS = 2.5  # daylight on houses outside, relative to the sky


class FloorModel(NamedTuple):
    """Surfaces of one floor in the world of the building, and the light on them."""

    solid: np.ndarray  # (N,) VERTEX
    solid_light: np.ndarray  # (N, 2) float64, of lamps and of windows
    ground: np.ndarray  # (M,) VERTEX, the floor itself
    ground_light: np.ndarray  # (M, 2) float64
    outdoors: np.ndarray  # (K,) VERTEX
    panes: np.ndarray  # (J,) VERTEX, bright sheets in the windows, for reflections


class Building:
    """A building.

    Attributes:
        design: what its floors share.
        floors: number of floors.
        contents: list of :class:`Contents`, one per floor.

    Args:
        seed: int; the same seed gives the same building.
        floors: number of floors.
        difference: between floors: 0 identical … 1 different in almost every view.
    """

    def __init__(self, seed: int, floors: int = 4, difference: float = DIFFERENCE) -> None:
        self._seed = seed
        self.floors = floors
        self.design: Design = random_design(np.random.default_rng((seed, 1)))
        self.contents: List[Contents] = [
            random_contents(self.design, floor, difference, seed) for floor in range(floors)
        ]

    def textures(self) -> Textures:
        """Paint the textures; some seconds."""
        return building_textures(self.design.look, self.floors, np.random.default_rng((self._seed, 3)))

    def intrinsics(self, size) -> np.ndarray:
        """(3, 3) float64, K of the robot's camera; ``size``: width and height, pixels."""
        return pinhole(size, size[0] * self.design.look.focal)

    def drive(
        self, floor: int, laps: int, random: np.random.Generator, reverse: bool = False
    ) -> List[Keyframe]:
        """The trajectory of laps along the corridors of a floor.

        Args:
            floor: from 0.
            laps: number of laps; each takes another line.
            random: numpy Generator.
            reverse: clockwise.

        Returns:
            list of :class:`Keyframe` whose poses are in the world of the building.
        """
        return drive(self.design.plan, laps, floor * STOREY + self.design.look.camera, random, reverse)

    def model(self, floor: int, textures: Textures) -> FloorModel:
        """The surfaces of a floor."""
        skins, contents = Skins(self.design.look, textures), self.contents[floor]
        solid, ground, outdoors, panes = Mesh(), Mesh(), Mesh(), Mesh()
        for index in range(len(self.design.walls)):
            add_wall(solid, skins, self.design, contents, index, floor)
        add_ceiling(solid, skins, self.design, contents)
        add_floor(ground, skins, self.design)
        add_outdoors(outdoors, skins, self.design, floor, np.random.default_rng((self._seed, 4)))
        sources = self._sources(contents, panes, skins.paint((1, 1, 1)))
        spaces = self._spaces(contents)
        parts = [solid.vertices(), ground.vertices()]
        light = [irradiance(part, sources, spaces) for part in parts]
        up = np.array([0, 0, floor * STOREY], np.float32)
        parts += [outdoors.vertices(), panes.vertices()]
        for part in parts:
            part["vertex"] += up
        return FloorModel(parts[0], light[0], parts[1], light[1], parts[2], parts[3])

    def _rooms(self, contents: Contents):
        """Fixtures whose room can be seen into, with the room's margin beyond them."""
        for k, fixture in enumerate(self.design.fixtures):
            if fixture.room and (fixture.kind == "glass" or k in contents.opened):
                yield fixture, 0.0 if fixture.kind == "glass" else ROOM_MARGIN

    def _spaces(self, contents: Contents) -> List[Rect]:
        spaces = list(self.design.plan.spaces)
        for fixture, margin in self._rooms(contents):
            wall = self.design.walls[fixture.wall]
            deep = WALL_THICKNESS + fixture.room
            spaces.append(wall.behind(fixture.low - margin, fixture.high + margin, WALL_THICKNESS, deep))
            spaces.append(wall.behind(fixture.low, fixture.high, -0.1, 2 * WALL_THICKNESS))
        return spaces

    def _sources(self, contents: Contents, panes: Mesh, bright: Skin) -> List[Source]:
        look, down = self.design.look, (0.0, 0.0, -1.0)
        lamps = [
            Source((x, y, look.height - 0.05), down, look.lamp_power, False)
            for k, (x, y, _) in enumerate(self.design.lamps)
            if k not in contents.dark
        ]
        for fixture, _ in self._rooms(contents):
            wall = self.design.walls[fixture.wall]
            x, y = wall.at((fixture.low + fixture.high) / 2, -fixture.room / 2)
            lamps.append(Source((x, y, look.height - 0.2), down, look.lamp_power, False))
        for k, fixture in enumerate(self.design.fixtures):
            wall = self.design.walls[fixture.wall]
            for x0, x1, z0, z1, y in sunlit_openings(fixture, look, k in contents.opened):
                ends = wall.at(x0, -y), wall.at(x1, -y)
                inward = np.array(wall.at(0, 1)) - wall.at(0)
                lamps += window_sources(ends, z0, z1, inward)
                (ax, ay), (bx, by) = wall.at(x0, -y - 0.28), wall.at(x1, -y - 0.28)
                panes.quad([(ax, ay, z0), (bx, by, z0), (bx, by, z1), (ax, ay, z1)], bright)
        return lamps


def mirrored(vertices: np.ndarray, level: float) -> np.ndarray:
    """The same (N,) ``VERTEX`` mirrored at a horizontal plane, ``level`` metres high."""
    copy = vertices.copy()
    copy["vertex"][:, 2] = 2 * level - copy["vertex"][:, 2]
    copy["normal"][:, 2] *= -1
    return copy


def lit(vertices: np.ndarray, light: np.ndarray) -> np.ndarray:
    """The same (N,) ``VERTEX``, with (N, 3) linear light in their tint."""
    copy = vertices.copy()
    copy["tint"] *= np.power(light, 1 / 2.2)
    return copy
