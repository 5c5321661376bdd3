"""A 3-D model of the user's (.obj, .egg, .bam) as a world to visit.

It is lit like the generated town, by sun, sky and, in the dark, a lamp beside the camera; it casts no
shadows. Faces need no normals: the shader takes those of the geometry.
"""

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from panda3d import core

from demo.town.renderer import light_at
from training.rendering.views import View, rotation

PROBE = (48, 36)  # pixels of the picture that tells what a camera sees
NEAR = 0.05  # metres
MARGIN = 0.2  # metres between a camera and a wall
BLOCKED_METRES = 1.0
BLOCKED_SHARE = 0.4  # a camera stands in or before something if so much of its picture is nearer than that
EMPTY_SHARE = 0.85  # a camera sees nothing if so much of its picture is sky
SETTINGS = "notify-level error\nnotify-level-assimp fatal\ntextures-power-2 none"
SHADERS = Path(__file__).parent / "shaders"


class Placement(NamedTuple):
    """How a model lies in the world, and where cameras go in it."""

    metres_per_unit: float = 1.0
    up: str = "z"  # the model's axis that points up, y or z
    height: float = 1.5  # of the cameras above its lowest point, metres


class ModelWorld:
    """A model and a camera in it.

    Args:
        path: .obj, .egg or .bam.
        placement: a :class:`Placement`.
        size: width and height of a picture, pixels.
        focal: focal length, shares of the width.
        samples: rendered pixels per pixel, along either axis.

    Raises:
        ValueError: if the file is missing, cannot be read or holds no faces; if no picture can be rendered.
    """

    def __init__(self, path, placement, size, focal=0.625, samples=2):
        core.load_prc_file_data(
            "", "notify-level error\ndefault-directnotify-level error\ntextures-power-2 none"
        )
        self._root, model = core.NodePath("world"), _load(path)
        model.reparent_to(self._root)
        model.set_scale(placement.metres_per_unit)
        model.set_p(90 if placement.up == "y" else 0)
        model.set_two_sided(True)
        bounds = self._root.get_tight_bounds()
        if not bounds or not self._root.find("**/+GeomNode"):
            raise ValueError(f"expected a model with faces. Received: '{path}', which has none")
        self._low, self._high = (np.array(tuple(corner)) for corner in bounds)
        self._size, self._height = size, placement.height
        self._far = max(100.0, 1.5 * float(np.linalg.norm(self._high - self._low)))
        self._root.set_shader(_shader())
        self._open(focal, samples)
        self._shine(light_at(0.0))

    @property
    def extent(self):
        """Metres from corner to corner of its plan."""
        return float(np.hypot(*(self._high - self._low)[:2]))

    def begin(self, conditions, random):
        """Change the light for a visit; a model knows no seasons."""
        self._shine(conditions.light)

    def candidate(self, random):
        """A view from anywhere in the level box of the model."""
        x, y = random.uniform(self._low[:2], self._high[:2])
        z = self._low[2] + self._height
        return View(float(x), float(y), float(z), random.uniform(-np.pi, np.pi), random.uniform(-0.05, 0.1))

    def fits(self, view):
        """Whether a camera there neither stands in something nor sees nothing."""
        depth = self._probe(view)
        return bool(
            (depth < BLOCKED_METRES).mean() <= BLOCKED_SHARE
            and (depth >= 0.99 * self._far).mean() <= EMPTY_SHARE
        )

    def sees(self, view, other):
        """Whether nothing stands between the cameras of two views."""
        way = np.subtract(other[:2], view[:2])
        towards = view._replace(heading=float(np.arctan2(way[1], way[0])), pitch=0.0, roll=0.0)
        rows, columns = (slice(pixels // 2 - 2, pixels // 2 + 2) for pixels in PROBE[::-1])
        return bool(self._probe(towards)[rows, columns].min() > np.hypot(*way) + MARGIN)

    def picture(self, view):
        """(H, W, 3) uint8 BGR."""
        self._take(view, self._picture)
        image = self._result
        pixels = np.frombuffer(image.get_ram_image_as("BGR"), np.uint8)
        pixels = pixels.reshape(image.get_y_size(), image.get_x_size(), 3)[::-1]
        return cv2.resize(pixels, self._size, interpolation=cv2.INTER_AREA)

    def _probe(self, view):
        """(H, W) float64 metres along the axis, the far plane where nothing is."""
        self._take(view, self._depth_buffer)
        stored = np.frombuffer(self._depth.get_ram_image(), np.float32).reshape(PROBE[::-1])[::-1]
        return 2 * self._far * NEAR / (self._far + NEAR - (2 * stored.astype(float) - 1) * (self._far - NEAR))

    def _take(self, view, buffer):
        right, down, forward = rotation(view).T
        rows = [(*right, 0), (*forward, 0), (*-down, 0), (*view[:3], 1)]
        self._camera.set_mat(core.LMatrix4(*[float(value) for row in rows for value in row]))
        self._root.set_shader_input("eye", tuple(float(value) for value in view[:3]))
        for other in (self._picture, self._depth_buffer):
            other.set_active(other is buffer)
        self._engine.render_frame()

    def _shine(self, light):
        for name in ("sun", "sun_light", "ambient_sky", "ambient_ground", "horizon", "evening", "exposure"):
            self._root.set_shader_input(name, getattr(light, name))
        self._root.set_shader_input("fog", 0.003 * light.haze)
        sky = np.array(light.horizon) * light.exposure
        sky = (sky * (2.51 * sky + 0.03) / (sky * (2.43 * sky + 0.59) + 0.14)) ** (1 / 2.2)  # as the shader
        self._picture.set_clear_color((*map(float, np.clip(sky, 0, 1)), 1))

    def _open(self, focal, samples):
        """Open two buffers that one camera renders to: a picture, and depth at low resolution."""
        width, height = self._size
        lens = core.PerspectiveLens()
        lens.set_near_far(NEAR, self._far)
        lens.set_film_size(1.0, height / width)
        lens.set_focal_length(focal)
        self._camera = self._root.attach_new_node(core.Camera("eye", lens))
        self._pipe = core.GraphicsPipeSelection.get_global_ptr().make_module_pipe("p3headlessgl")
        self._engine = core.GraphicsEngine.get_global_ptr()
        self._result, self._depth = core.Texture("picture"), core.Texture("depth")
        self._depth.setup_2d_texture(*PROBE, core.Texture.T_float, core.Texture.F_depth_component)
        size = (round(width * samples), round(height * samples))
        self._picture = self._buffer("picture", size)
        self._picture.add_render_texture(self._result, core.GraphicsOutput.RTM_copy_ram)
        self._depth_buffer = self._buffer("depth", PROBE, self._picture)
        self._depth_buffer.add_render_texture(
            self._depth, core.GraphicsOutput.RTM_copy_ram, core.GraphicsOutput.RTP_depth
        )

    def _buffer(self, name, size, host=None):
        properties = core.FrameBufferProperties()
        properties.set_rgba_bits(8, 8, 8, 0)
        properties.set_depth_bits(24)
        window, shared = core.WindowProperties.size(*size), (host.get_gsg(), host) if host else ()
        buffer = self._pipe and self._engine.make_output(
            self._pipe, name, 0, properties, window, core.GraphicsPipe.BF_refuse_window, *shared
        )
        if not buffer:
            raise ValueError("expected Panda3D to open an off-screen OpenGL buffer. Received: none")
        buffer.make_display_region().set_camera(self._camera)
        return buffer


def _load(path):
    if not Path(path).is_file():
        raise ValueError(f"expected a model. Received: '{path}', missing")
    options = core.LoaderOptions(core.LoaderOptions.LF_no_cache | core.LoaderOptions.LF_search)
    node = core.Loader.get_global_ptr().load_sync(
        core.Filename.from_os_specific(str(Path(path).absolute())), options
    )
    if node is None:
        raise ValueError(f"expected a model that Panda3D can read, .obj, .egg or .bam. Received: '{path}'")
    return core.NodePath(node)


def _shader():
    sources = [(SHADERS / name).read_text(encoding="utf-8") for name in ("model.vert", "model.frag")]
    return core.Shader.make(core.Shader.SL_GLSL, *sources)
