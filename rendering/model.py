"""A 3-D model of the user's (.obj, .egg, .bam) as a world to visit.

It is lit like the generated town, by sun, sky and, in the dark, a lamp beside the camera; it casts no
shadows. Faces need no normals: the shader computes them from the geometry.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from panda3d import core

from rendering.camera import camera_pose, pinhole
from rendering.light import light_at
from rendering.offscreen import (
    Offscreen,
    camera_matrix,
    depth_texture,
    load_shader,
    read_depth,
    read_image,
    without_sky,
)

PROBE = (48, 36)  # width and height of the depth image that tests a view, pixels
NEAR = 0.05  # metres
MARGIN = 0.2  # metres between a camera and a wall
BLOCKED_METRES = 1.0
BLOCKED_SHARE = 0.4  # a view is blocked if a larger share of its pixels is nearer than BLOCKED_METRES
EMPTY_SHARE = 0.85  # a view is empty if a larger share of its pixels is sky
SETTINGS = "notify-level error\ndefault-directnotify-level error\ntextures-power-2 none"
SHADERS = Path(__file__).parent / "shaders"


class Placement(NamedTuple):
    """Scale and axes of a model, and the height of the cameras in it."""

    metres_per_unit: float = 1.0
    up: str = "z"  # the model's axis that points up, y or z
    height: float = 1.5  # of the cameras above the model's lowest point, metres


class ModelWorld:
    """A model and a camera in it.

    Attributes:
        intrinsics: (3, 3) float64, K, pixels; the centre of the first pixel is (0, 0).

    Args:
        path: .obj, .egg or .bam.
        placement: a :class:`Placement`.
        size: width and height of an image, pixels.
        focal: focal length as a share of the width.
        samples: rendered pixels per pixel, along either axis.

    Raises:
        ValueError: if the file is missing, cannot be read or has no faces.
        OSError: if there is no OpenGL.
    """

    def __init__(self, path, placement, size, focal=0.625, samples=2):
        self._offscreen = Offscreen(SETTINGS)
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
        self.intrinsics = pinhole(size, focal * size[0])
        self._far = max(100.0, 1.5 * float(np.linalg.norm(self._high - self._low)))
        self._root.set_shader(load_shader(SHADERS / "model.vert", SHADERS / "model.frag"))
        self._open(focal, samples)
        self._shine(light_at(0.0))

    @property
    def extent(self):
        """Metres, diagonal of its ground plan."""
        return float(np.hypot(*(self._high - self._low)[:2]))

    def begin(self, conditions, random):
        """Change the light for a visit; a model has no seasons."""
        self._shine(conditions.light)

    def candidate(self, random):
        """A random view inside the ground plan of the model."""
        x, y = random.uniform(self._low[:2], self._high[:2])
        z = self._low[2] + self._height
        return camera_pose((x, y, z), random.uniform(-np.pi, np.pi), random.uniform(-0.05, 0.1))

    def fits(self, view):
        """Whether a view is neither blocked nor empty."""
        depth = self._probe(view)
        return bool(
            (depth < BLOCKED_METRES).mean() <= BLOCKED_SHARE
            and (depth >= 0.99 * self._far).mean() <= EMPTY_SHARE
        )

    def sees(self, view, other):
        """Whether nothing stands between the cameras of two views."""
        x, y, _ = other.position - view.position
        towards = camera_pose(view.position, heading=np.arctan2(y, x))
        rows, columns = (slice(pixels // 2 - 2, pixels // 2 + 2) for pixels in PROBE[::-1])
        return bool(self._probe(towards)[rows, columns].min() > np.hypot(x, y) + MARGIN)

    def render(self, view):
        """(H, W, 3) uint8 BGR."""
        self._render_to(self._image_buffer, view)
        return read_image(self._image, self._size)

    def depth(self, view):
        """(H, W) float32 metres along the optical axis, at the centres of the pixels; 0: sky."""
        self._render_to(self._metric_buffer, view)
        return without_sky(read_depth(self._metres, (NEAR, self._far)), self._far)

    def _probe(self, view):
        """(H, W) float64 metres along the optical axis; the far plane where nothing is."""
        self._render_to(self._probe_buffer, view)
        return read_depth(self._probed, (NEAR, self._far))

    def _render_to(self, buffer, view):
        self._camera.set_mat(camera_matrix(view))
        self._root.set_shader_input("eye", tuple(float(value) for value in view.position))
        for other in (self._image_buffer, self._probe_buffer, self._metric_buffer):
            other.set_active(other is buffer)
        self._offscreen.engine.render_frame()

    def _shine(self, light):
        for name in ("sun", "sun_light", "ambient_sky", "ambient_ground", "horizon", "evening", "exposure"):
            self._root.set_shader_input(name, getattr(light, name))
        self._root.set_shader_input("fog", 0.003 * light.haze)
        sky = np.array(light.horizon) * light.exposure
        sky = (sky * (2.51 * sky + 0.03) / (sky * (2.43 * sky + 0.59) + 0.14)) ** (1 / 2.2)  # as the shader
        self._image_buffer.set_clear_color((*map(float, np.clip(sky, 0, 1)), 1))

    def _open(self, focal, samples):
        """Open the buffers that one camera renders to: image, depth, and depth at low resolution."""
        width, height = self._size
        lens = core.PerspectiveLens()
        lens.set_near_far(NEAR, self._far)
        lens.set_film_size(1.0, height / width)
        lens.set_focal_length(focal)
        self._camera = self._root.attach_new_node(core.Camera("eye", lens))
        self._image = core.Texture("image")
        self._image_buffer = self._buffer("image", (round(width * samples), round(height * samples)))
        self._image_buffer.add_render_texture(self._image, core.GraphicsOutput.RTM_copy_ram)
        self._metric_buffer, self._metres = self._open_depth("metric", self._size)
        self._probe_buffer, self._probed = self._open_depth("probe", PROBE)

    def _open_depth(self, name, size):
        buffer, depth = self._buffer(name, size), depth_texture(name, size)
        buffer.add_render_texture(depth, core.GraphicsOutput.RTM_copy_ram, core.GraphicsOutput.RTP_depth)
        return buffer, depth

    def _buffer(self, name, size):
        properties = core.FrameBufferProperties()
        properties.set_rgba_bits(8, 8, 8, 0)
        properties.set_depth_bits(24)
        buffer = self._offscreen.add_buffer(name, size, properties)
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
