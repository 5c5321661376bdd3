"""Renders a town: shadows, light, lens."""

from pathlib import Path
from typing import Optional

import numpy as np
from panda3d import core

from place_recognition_ros.poses import Pose
from rendering.light import Light
from rendering.offscreen import (
    Offscreen,
    camera_matrix,
    depth_texture,
    load_shader,
    matrix,
    read_depth,
    read_image,
    without_sky,
)
from rendering.town.library import Library
from rendering.town.mesh import VERTEX, Mesh

SHADOW_TEXELS = 4096
MEANINGS = {
    "vertex": core.GeomEnums.C_point,
    "normal": core.GeomEnums.C_normal,
    "texcoord": core.GeomEnums.C_texcoord,
}
SHADERS = Path(__file__).parent / "shaders"
ORDER = {"shadow": 0, "scene": 1, "metric": 1, "lens": 2}


class Renderer:
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
        self._size, self._tan = size, (size[0] / 2 / focal, size[1] / 2 / focal)
        self._reach, self._fog = reach, fog
        self._offscreen = Offscreen()
        self._root = core.NodePath("town")
        self._town: Optional[core.NodePath] = None
        self._sunlight: Optional[Light] = None
        self.show(mesh)
        self._root.set_shader_input("textures", _texture_array(library))
        rendered = (round(size[0] * samples), round(size[1] * samples))
        self._result = core.Texture("image")
        self._final = self._buffer("lens", rendered, 3)
        self._final.add_render_texture(self._result, core.GraphicsOutput.RTM_copy_ram)
        self._shadow, self._shadow_camera = self._add_shadow()
        self._scene, self._camera = self._add_scene(rendered)
        self._metric, self._metres = self._add_metric(size)
        self._card = self._add_lens()

    def show(self, mesh: Mesh) -> None:
        """Replace the town; the textures of the new one must be those of the first."""
        if self._town is not None:
            self._town.remove_node()
        self._town = self._root.attach_new_node(_geometry(mesh))
        self._town.set_shader(_shader("town.vert", "town.frag"))
        self._town.set_two_sided(True)
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
        right, down, forward = pose.rotation.as_matrix().T
        axes = [(*right, 0), (*-down, 0), (*-forward, 0), (0, 0, 0, 1)]
        self._card.set_shader_input("to_world", matrix(axes))
        self._render((self._scene, self._final), pose)
        self._shadow.set_active(False)
        return read_image(self._result, self._size)

    def depth(self, pose: Pose) -> np.ndarray:
        """(H, W) float32 metres along the optical axis of a camera, at the centres of its pixels; 0: sky."""
        self._render((self._metric,), pose)
        return without_sky(read_depth(self._metres, self._reach), self._reach[1])

    def _render(self, buffers, pose: Pose) -> None:
        """Render these buffers and, if the sun has moved, the shadows."""
        self._camera.set_mat(camera_matrix(pose))
        self._root.set_shader_input("eye", tuple(float(v) for v in pose.position))
        for buffer in (self._scene, self._final, self._metric):
            buffer.set_active(buffer in buffers)
        self._offscreen.engine.render_frame()

    def _buffer(self, name: str, size, color: int, floats: bool = False) -> core.GraphicsOutput:
        properties = core.FrameBufferProperties()
        if color:
            properties.set_rgba_bits(*((16,) * 3 if floats else (8,) * 3), 0 if color == 3 else 8)
        properties.set_float_color(floats)
        properties.set_depth_bits(24)
        buffer = self._offscreen.add_buffer(name, size, properties, ORDER[name])
        buffer.set_clear_color((0, 0, 0, 1))
        return buffer

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
        state = core.NodePath("state")
        state.set_shader(_shader("town.vert", "shadow.frag"), 1)
        camera.set_initial_state(state.get_state())
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
        for name in ("sun", "sun_light", "zenith", "horizon", "clouds"):
            self._root.set_shader_input(name, getattr(light, name))
            self._card.set_shader_input(name, getattr(light, name))
        self._card.set_shader_input("exposure", light.exposure)

    def _add_scene(self, size):
        buffer = self._buffer("scene", size, 4, floats=True)
        self._light, self._depth = core.Texture("light"), core.Texture("depth")
        buffer.add_render_texture(
            self._light, core.GraphicsOutput.RTM_bind_or_copy, core.GraphicsOutput.RTP_color
        )
        buffer.add_render_texture(
            self._depth, core.GraphicsOutput.RTM_bind_or_copy, core.GraphicsOutput.RTP_depth
        )
        lens = core.PerspectiveLens()
        lens.set_near_far(*self._reach)
        lens.set_film_size(2 * self._tan[0], 2 * self._tan[1])
        lens.set_focal_length(1.0)
        path = self._root.attach_new_node(core.Camera("eye", lens))
        buffer.make_display_region().set_camera(path)
        return buffer, path

    def _add_metric(self, size):
        """A buffer for depth alone, without sub-pixels: between two surfaces there is no mean depth."""
        buffer, depth = self._buffer("metric", size, 0), depth_texture("metres", size)
        buffer.add_render_texture(depth, core.GraphicsOutput.RTM_copy_ram, core.GraphicsOutput.RTP_depth)
        path = self._camera.attach_new_node(core.Camera("metric", self._camera.node().get_lens()))
        state = core.NodePath("state")
        state.set_shader(_shader("town.vert", "shadow.frag"), 1)
        path.node().set_initial_state(state.get_state())
        buffer.make_display_region().set_camera(path)
        return buffer, depth

    def _add_lens(self) -> core.NodePath:
        root = core.NodePath("lens")
        maker = core.CardMaker("card")
        maker.set_frame_fullscreen_quad()
        card = root.attach_new_node(maker.generate())
        card.set_shader(_shader("lens.vert", "lens.frag"))
        card.set_depth_test(False)
        for name, texture in (("light", self._light), ("depth", self._depth)):
            texture.set_wrap_u(core.SamplerState.WM_clamp)
            texture.set_wrap_v(core.SamplerState.WM_clamp)
            card.set_shader_input(name, texture)
        card.set_shader_input("frustum", (*self._tan, *self._reach))
        lens = core.OrthographicLens()
        lens.set_film_size(2, 2)
        camera = root.attach_new_node(core.Camera("lens", lens))
        self._final.make_display_region().set_camera(camera)
        self._lens_root = root
        return card


def _shader(vertex: str, fragment: str) -> core.Shader:
    return load_shader(SHADERS / vertex, SHADERS / fragment, sky=SHADERS / "sky.glsl")


def _geometry(mesh: Mesh) -> core.GeomNode:
    columns = core.GeomVertexArrayFormat()
    for name in VERTEX.names or ():
        meaning = MEANINGS.get(name, core.GeomEnums.C_other)
        columns.add_column(
            core.InternalName.make(name), VERTEX[name].shape[0], core.GeomEnums.NT_float32, meaning
        )
    layout = core.GeomVertexFormat.register_format(core.GeomVertexFormat(columns))
    vertices = mesh.vertices()
    data = core.GeomVertexData("town", layout, core.GeomEnums.UH_static)
    data.unclean_set_num_rows(len(vertices))
    data.modify_array_handle(0).copy_data_from(vertices.tobytes())
    triangles = core.GeomTriangles(core.GeomEnums.UH_static)
    triangles.add_next_vertices(len(vertices))
    geometry = core.Geom(data)
    geometry.add_primitive(triangles)
    node = core.GeomNode("town")
    node.add_geom(geometry)
    return node


def _texture_array(library: Library) -> core.Texture:
    pixels = library.pixels()
    texture = core.Texture("library")
    texture.setup_2d_texture_array(
        pixels.shape[2], pixels.shape[1], len(pixels), core.Texture.T_unsigned_byte, core.Texture.F_rgba
    )
    bottom_up = np.ascontiguousarray(pixels[:, ::-1, :, [2, 1, 0, 3]])
    texture.set_ram_image(bottom_up.tobytes())
    texture.set_minfilter(core.SamplerState.FT_linear_mipmap_linear)
    texture.set_magfilter(core.SamplerState.FT_linear)
    texture.set_wrap_u(core.SamplerState.WM_repeat)
    texture.set_wrap_v(core.SamplerState.WM_repeat)
    return texture
