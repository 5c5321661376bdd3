"""Renders a town: sun and its shadows, haze, lamps in the evening."""

from pathlib import Path
from typing import Optional

import numpy as np
from panda3d import core

from place_recognition_ros.poses import Pose
from rendering import renderer
from rendering.library import Library
from rendering.light import Light
from rendering.mesh import Mesh

SHADOW_TEXELS = 4096
SURFACE = Path(__file__).parent / "shaders" / "town.frag"


class Renderer(renderer.Renderer):
    """Renders images of a town.

    Args:
        mesh: the town.
        library: its textures.
        size: width and height of an image, pixels.
        focal: focal length, pixels.
        samples: rendered pixels per pixel, along either axis.
        reach: near and far plane, metres.
        fog: density, per metre.

    Raises:
        OSError: if there is no OpenGL.
    """

    def __init__(
        self,
        mesh: Mesh,
        library: Library,
        size=(320, 240),
        focal=200.0,
        samples=3,
        reach=(0.15, 160.0),
        fog=0.003,
    ) -> None:
        super().__init__(library, SURFACE, size, focal, samples, reach)
        self._fog = fog
        self._sunlight: Optional[Light] = None
        self._shadow, self._shadow_camera = self._add_shadow()
        self.show(mesh)

    def show(self, mesh: Mesh, transparent: Optional[Mesh] = None) -> None:
        """Replace the town; the textures of the new one must be those of the first."""
        super().show(mesh, transparent)
        self._sunlight = None  # the shadow map must be rendered again

    def render(self, pose: Pose, light: Light) -> np.ndarray:
        """The image of a camera.

        Args:
            pose: of the optical frame.
            light: sun and sky.

        Returns:
            (H, W, 3) uint8 BGR.
        """
        self._point_sun(light)
        image = self.image(pose, light)
        self._shadow.set_active(False)
        return image

    def _add_shadow(self):
        buffer = self._buffer("shadow", (SHADOW_TEXELS, SHADOW_TEXELS), 0)
        depth = core.Texture("shadow")
        depth.set_wrap_u(core.SamplerState.WM_clamp)
        depth.set_wrap_v(core.SamplerState.WM_clamp)
        buffer.add_render_texture(depth, core.GraphicsOutput.RTM_bind_or_copy, core.GraphicsOutput.RTP_depth)
        lens = core.OrthographicLens()
        lens.set_film_size(112, 92)
        lens.set_near_far(1, 160)
        camera = core.Camera("sun", lens)
        camera.set_initial_state(renderer.only_depth())
        path = self._root.attach_new_node(camera)
        buffer.make_display_region().set_camera(path)
        self._root.set_shader_input("shadow_map", depth)
        return buffer, path

    def _point_sun(self, light: Light) -> None:
        if light == self._sunlight:
            return
        self._sunlight = light
        self._shadow.set_active(True)
        middle = np.array([36.0, 15.0, 0.0])
        self._shadow_camera.set_pos(*(middle + 80 * np.array(light.sun)))
        self._shadow_camera.look_at(*middle)
        lens = self._shadow_camera.node().get_lens()
        matrix = self._root.get_mat(self._shadow_camera) * lens.get_projection_mat()
        self._root.set_shader_input("to_shadow", core.LMatrix4(matrix))
        self._root.set_shader_input("fog", self._fog * light.haze)
        for name in ("ambient_sky", "ambient_ground", "evening"):
            self._root.set_shader_input(name, getattr(light, name))
