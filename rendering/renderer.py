"""Renders textured meshes: surfaces, then sky, contact shadows, exposure and lens."""

from pathlib import Path
from typing import List, Optional, Tuple

import numpy as np
from panda3d import core

from place_recognition_ros.poses import Pose
from rendering.library import Library
from rendering.light import Light
from rendering.mesh import VERTEX, Mesh
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

MEANINGS = {
    "vertex": core.GeomEnums.C_point,
    "normal": core.GeomEnums.C_normal,
    "texcoord": core.GeomEnums.C_texcoord,
}
SHADERS = Path(__file__).parent / "shaders"
ORDER = {"shadow": 0, "scene": 1, "metric": 1, "lens": 2}


class Renderer:
    """Renders images of meshes.

    Args:
        library: the textures of all meshes.
        surface: path of the fragment shader of surfaces.
        size: width and height of an image, pixels.
        focal: focal length, pixels.
        samples: rendered pixels per pixel, along either axis.
        reach: near and far plane, metres.
        probes: per pixel, of the contact shadows.

    Raises:
        OSError: if there is no OpenGL.
    """

    def __init__(
        self,
        library: Library,
        surface: Path,
        size: Tuple[int, int] = (320, 240),
        focal: float = 200.0,
        samples: float = 3,
        reach: Tuple[float, float] = (0.15, 160.0),
        probes: int = 20,
    ) -> None:
        self._size, self._tan = size, (size[0] / 2 / focal, size[1] / 2 / focal)
        self._reach, self._surface = reach, surface
        self._offscreen = Offscreen()
        self._root = core.NodePath("world")
        self._shown: List[core.NodePath] = []
        self._root.set_shader_input("textures", _texture_array(library))
        rendered = (round(size[0] * samples), round(size[1] * samples))
        self._result = core.Texture("image")
        self._final = self._buffer("lens", rendered, 3)
        self._final.add_render_texture(self._result, core.GraphicsOutput.RTM_copy_ram)
        self._scene, self._camera = self._add_scene(rendered)
        self._metric, self._metres = self._add_metric(size)
        self._card = self._add_lens(probes)

    def show(self, mesh: Mesh, transparent: Optional[Mesh] = None) -> None:
        """Replace what is rendered.

        Args:
            mesh: opaque surfaces.
            transparent: rendered after them, blended by the alpha that the surface shader returns.
        """
        for node in self._shown:
            node.remove_node()
        self._shown = [self._root.attach_new_node(_geometry(each)) for each in (mesh, transparent) if each]
        for node in self._shown:
            node.set_shader(surface_shader(self._surface))
            node.set_two_sided(True)
        for node in self._shown[1:]:
            node.set_transparency(core.TransparencyAttrib.M_alpha)
            node.set_depth_write(True)

    def image(self, pose: Pose, light: Light) -> np.ndarray:
        """The image of a camera.

        Args:
            pose: of the optical frame.
            light: sun, sky and exposure.

        Returns:
            (H, W, 3) uint8 BGR.
        """
        for name in ("sun", "sun_light", "zenith", "horizon", "clouds"):
            self._root.set_shader_input(name, getattr(light, name))
            self._card.set_shader_input(name, getattr(light, name))
        self._card.set_shader_input("exposure", light.exposure)
        right, down, forward = pose.rotation.as_matrix().T
        axes = [(*right, 0), (*-down, 0), (*-forward, 0), (0, 0, 0, 1)]
        self._card.set_shader_input("to_world", matrix(axes))
        self._run((self._scene, self._final), pose)
        return read_image(self._result, self._size)

    def depth(self, pose: Pose) -> np.ndarray:
        """(H, W) float32 metres along the optical axis of a camera, at the centres of its pixels; 0: sky."""
        self._run((self._metric,), pose)
        return without_sky(read_depth(self._metres, self._reach), self._reach[1])

    def _run(self, buffers, pose: Pose) -> None:
        """Render these buffers."""
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
        path.node().set_initial_state(only_depth())
        buffer.make_display_region().set_camera(path)
        return buffer, depth

    def _add_lens(self, probes: int) -> core.NodePath:
        root = core.NodePath("lens")
        maker = core.CardMaker("card")
        maker.set_frame_fullscreen_quad()
        card = root.attach_new_node(maker.generate())
        card.set_shader(load_shader(SHADERS / "lens.vert", SHADERS / "lens.frag", sky=SHADERS / "sky.glsl"))
        card.set_depth_test(False)
        for name, texture in (("light", self._light), ("depth", self._depth)):
            texture.set_wrap_u(core.SamplerState.WM_clamp)
            texture.set_wrap_v(core.SamplerState.WM_clamp)
            card.set_shader_input(name, texture)
        card.set_shader_input("frustum", (*self._tan, *self._reach))
        card.set_shader_input("probes", probes)
        lens = core.OrthographicLens()
        lens.set_film_size(2, 2)
        camera = root.attach_new_node(core.Camera("lens", lens))
        self._final.make_display_region().set_camera(camera)
        self._lens_root = root
        return card


def surface_shader(fragment: Path) -> core.Shader:
    """The shader of a surface; ``fragment``: path of its fragment stage."""
    return load_shader(SHADERS / "surface.vert", fragment, sky=SHADERS / "sky.glsl")


def only_depth() -> core.RenderState:
    """State of a camera that renders depth alone."""
    state = core.NodePath("state")
    state.set_shader(surface_shader(SHADERS / "depth.frag"), 1)
    return state.get_state()


def _geometry(mesh: Mesh) -> core.GeomNode:
    columns = core.GeomVertexArrayFormat()
    for name in VERTEX.names or ():
        meaning = MEANINGS.get(name, core.GeomEnums.C_other)
        columns.add_column(
            core.InternalName.make(name), VERTEX[name].shape[0], core.GeomEnums.NT_float32, meaning
        )
    layout = core.GeomVertexFormat.register_format(core.GeomVertexFormat(columns))
    vertices = mesh.vertices()
    data = core.GeomVertexData("mesh", layout, core.GeomEnums.UH_static)
    data.unclean_set_num_rows(len(vertices))
    data.modify_array_handle(0).copy_data_from(vertices.tobytes())
    triangles = core.GeomTriangles(core.GeomEnums.UH_static)
    triangles.add_next_vertices(len(vertices))
    geometry = core.Geom(data)
    geometry.add_primitive(triangles)
    node = core.GeomNode("mesh")
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
