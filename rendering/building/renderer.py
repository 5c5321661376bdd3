"""Renders a building: lamps, daylight, reflections on the floor, automatic exposure."""

from pathlib import Path

import numpy as np

from place_recognition_ros.poses import Pose
from rendering import renderer
from rendering.building.building import AMBIENT, OUTDOORS, Building, FloorModel, lit, mirrored
from rendering.building.ceiling import STOREY
from rendering.building.visit import Visit, through_camera
from rendering.mesh import Mesh

SURFACE = Path(__file__).parent / "shaders" / "building.frag"
REACH = (0.1, 150.0)  # metres
SAMPLES = 1.5  # rendered pixels per pixel, along either axis
PROBES = 8  # of the contact shadows
EMISSION = 2.5  # of lamps, relative to a surface in good light
ADAPTATION = 0.5  # of the exposure, per image
EXPOSURES = (0.5, 12.0)


class BuildingRenderer:
    """Renders images of the floors of a building.

    Args:
        building: a :class:`Building`.
        size: width and height of an image, pixels.
        samples: rendered pixels per pixel, along either axis.

    Raises:
        OSError: if there is no OpenGL.
    """

    def __init__(self, building: Building, size=(320, 240), samples: float = SAMPLES) -> None:
        self._building = building
        self._textures = building.textures()
        focal = building.intrinsics(size)[0, 0]
        self._renderer = renderer.Renderer(
            self._textures.library, SURFACE, size, focal, samples, REACH, PROBES
        )
        self._models: dict = {}
        self._exposure = 0.0

    def begin(self, floor: int, visit: Visit) -> None:
        """Show a floor as it is during a visit."""
        if floor not in self._models:
            self._models = {floor: self._building.model(floor, self._textures)}
        model: FloorModel = self._models[floor]
        self._visit = visit
        look = self._building.design.look
        sky = np.mean([visit.sky.zenith, visit.sky.horizon], axis=0)
        lamps, day = visit.lamps * np.array(look.lamp_color), visit.daylight * sky

        def shine(vertices, light):
            glow = vertices["surface"][:, 2:] * EMISSION
            return lit(vertices, AMBIENT * (lamps + day) + light[:, :1] * lamps + light[:, 1:] * day + glow)

        solid, ground = shine(model.solid, model.solid_light), Mesh()
        ground.add(shine(model.ground, model.ground_light))
        scene = Mesh()
        scene.add(solid)
        scene.add(lit(model.outdoors, np.full((len(model.outdoors), 3), OUTDOORS * day)))
        if model.ground["surface"][:, 1].any():
            level = floor * STOREY
            scene.add(mirrored(solid, level))
            scene.add(mirrored(lit(model.panes, np.full((len(model.panes), 3), 3 * day)), level))
        self._renderer.show(scene, ground)
        self._exposure = 0.0

    def render(self, pose: Pose, random: np.random.Generator) -> np.ndarray:
        """The image of a camera; its exposure follows the brightness of the images before.

        Args:
            pose: of the optical frame in the world of the building.
            random: numpy Generator, of the noise.

        Returns:
            (H, W, 3) uint8 BGR.
        """
        if not self._exposure:
            self._exposure = 2.0
            for _ in range(4):
                self._expose(pose)
        return through_camera(self._expose(pose), self._visit, random)

    def depth(self, pose: Pose) -> np.ndarray:
        """(H, W) float32 metres along the optical axis, at the centres of the pixels; 0: sky."""
        return self._renderer.depth(pose)

    def _expose(self, pose: Pose) -> np.ndarray:
        image = self._renderer.image(pose, self._visit.sky._replace(exposure=self._exposure))
        mean = max(float(image.mean()) / 255, 0.02)
        factor = (self._visit.brightness / mean) ** (2.2 * ADAPTATION)
        self._exposure = float(np.clip(self._exposure * factor, *EXPOSURES))
        return image
