"""Panda3D, off screen: shadows, light, picture."""

from pathlib import Path
from typing import Any, NamedTuple, Optional, Tuple

import cv2
import numpy as np
from panda3d import core

from demo.town.library import Library
from demo.town.mesh import VERTEX, Mesh

SHADOW_TEXELS = 4096
MEANINGS = {
    "vertex": core.GeomEnums.C_point,
    "normal": core.GeomEnums.C_normal,
    "texcoord": core.GeomEnums.C_texcoord,
}
SHADERS = Path(__file__).parent / "shaders"


class Light(NamedTuple):
    """Sun and sky at one time of day; colours are linear."""

    sun: Tuple[float, float, float]  # unit vector towards it
    sun_light: Tuple[float, float, float]
    zenith: Tuple[float, float, float]
    horizon: Tuple[float, float, float]
    ambient_sky: Tuple[float, float, float]
    ambient_ground: Tuple[float, float, float]
    evening: float
    exposure: float
    clouds: Tuple[float, float, float] = (
        3.7,
        1.2,
        0.43,
    )  # how far they drifted; where they begin, 0 many … 1 none
    haze: float = 1.0  # factor of the renderer's fog


def light_at(daytime: float) -> Light:
    """Blend noon (0) into evening (1)."""

    def blend(noon, evening) -> Any:
        return tuple(float(v) for v in np.asarray(noon) * (1 - daytime) + np.asarray(evening) * daytime)

    azimuth, height = np.radians(blend((-62, 50), (-158, 20)))
    sun = (np.cos(azimuth) * np.cos(height), np.sin(azimuth) * np.cos(height), np.sin(height))
    return Light(
        sun=(float(sun[0]), float(sun[1]), float(sun[2])),
        sun_light=blend((2.7, 2.45, 2.0), (3.4, 1.8, 0.8)),
        zenith=blend((0.13, 0.34, 0.86), (0.2, 0.27, 0.55)),
        horizon=blend((0.66, 0.78, 0.92), (0.95, 0.62, 0.42)),
        ambient_sky=blend((0.5, 0.6, 0.8), (0.46, 0.44, 0.58)),
        ambient_ground=blend((0.34, 0.31, 0.27), (0.3, 0.23, 0.17)),
        evening=max(0.0, (daytime - 0.35) / 0.65),
        exposure=0.72 + 0.14 * daytime,
    )


class Renderer:
    """Takes pictures of a town.

    Args:
        mesh: the town.
        library: its textures.
        size: width and height of a picture, pixels.
        focal: focal length, pixels.
        samples: rendered pixels per pixel, along either axis.
        reach: nearest and farthest that is seen, metres.
        fog: thickness, per metre.
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
        core.load_prc_file_data("", "textures-power-2 none\nnotify-level-display error")
        self._engine = core.GraphicsEngine.get_global_ptr()
        self._pipe = core.GraphicsPipeSelection.get_global_ptr().make_module_pipe("p3headlessgl")
        self._root = core.NodePath("town")
        self._town: Optional[core.NodePath] = None
        self._sunlight: Optional[Light] = None
        self.show(mesh)
        self._root.set_shader_input("textures", _texture_array(library))
        picture = (round(size[0] * samples), round(size[1] * samples))
        self._result = core.Texture("picture")
        self._final, host = self._output("lens", picture, 3, None), None
        host = self._final
        self._final.add_render_texture(self._result, core.GraphicsOutput.RTM_copy_ram)
        self._shadow, self._shadow_camera = self._add_shadow(host)
        self._camera = self._add_scene(host, picture)
        self._card = self._add_lens()

    def show(self, mesh: Mesh) -> None:
        """Take pictures of another town from now on; its textures must be those of the first."""
        if self._town is not None:
            self._town.remove_node()
        self._town = self._root.attach_new_node(_geometry(mesh))
        self._town.set_shader(_shader("town.vert", "town.frag"))
        self._town.set_two_sided(True)
        self._sunlight = None  # the shadows are others

    def picture(self, rotation: np.ndarray, position: np.ndarray, light: Light) -> np.ndarray:
        """Take one.

        Args:
            rotation: (3, 3), the optical axes right, down, forward as columns in the world.
            position: (3,) metres.

        Returns:
            (H, W, 3) uint8 BGR.
        """
        self._point_sun(light)
        right, down, forward = rotation.T
        rows = [(*right, 0), (*forward, 0), (*-down, 0), (*position, 1)]
        self._camera.set_mat(_matrix(rows))
        axes = [(*right, 0), (*-down, 0), (*-forward, 0), (0, 0, 0, 1)]
        self._card.set_shader_input("to_world", _matrix(axes))
        self._root.set_shader_input("eye", tuple(float(v) for v in position))
        self._engine.render_frame()
        self._shadow.set_active(False)
        pixels = np.frombuffer(self._result.get_ram_image_as("BGR"), np.uint8)
        pixels = pixels.reshape(self._result.get_y_size(), self._result.get_x_size(), 3)[::-1]
        return cv2.resize(pixels, self._size, interpolation=cv2.INTER_AREA)

    def _output(self, name: str, size, color: int, host, floats: bool = False):
        properties = core.FrameBufferProperties()
        properties.set_rgba_bits(
            *((16,) * 3 if floats else (8,) * 3), 0 if color == 3 else 8
        ) if color else None
        properties.set_float_color(floats)
        properties.set_depth_bits(24)
        window = core.WindowProperties.size(*size)
        sort = {"shadow": 0, "scene": 1, "lens": 2}[name]
        arguments = (self._pipe, name, sort, properties, window, core.GraphicsPipe.BF_refuse_window)
        more = (host.get_gsg(), host) if host else ()
        output = self._engine.make_output(*arguments, *more)
        if output is None:
            raise RuntimeError("expected Panda3D to open an off-screen OpenGL buffer. Received: none")
        output.set_clear_color((0, 0, 0, 1))
        return output

    def _add_shadow(self, host):
        buffer = self._output("shadow", (SHADOW_TEXELS, SHADOW_TEXELS), 0, host)
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

    def _add_scene(self, host, size):
        buffer = self._output("scene", size, 4, host, floats=True)
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
        return path

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


def _matrix(rows) -> core.LMatrix4:
    return core.LMatrix4(*[float(v) for row in rows for v in row])


def _shader(vertex: str, fragment: str) -> core.Shader:
    sky = (SHADERS / "sky.glsl").read_text(encoding="utf-8")
    sources = [
        (SHADERS / name).read_text(encoding="utf-8").replace("#include_sky", sky)
        for name in (vertex, fragment)
    ]
    return core.Shader.make(core.Shader.SL_GLSL, *sources)


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
