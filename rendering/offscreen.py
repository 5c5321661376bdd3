"""Panda3D without a window."""

from pathlib import Path
from typing import Any, Optional, Tuple

import cv2
import numpy as np
from panda3d import core

from place_recognition_ros.poses import Pose

FAR_SHARE = 0.99  # of the far plane; farther than that is nothing
SETTINGS = "notify-level-display error\ntextures-power-2 none"


class Offscreen:
    """The graphics engine and the buffers that it renders to.

    Args:
        settings: Panda3D's configuration, in the syntax of its .prc files.
    """

    def __init__(self, settings: str = SETTINGS) -> None:
        core.load_prc_file_data("", settings)
        self.engine = core.GraphicsEngine.get_global_ptr()
        self._pipe = core.GraphicsPipeSelection.get_global_ptr().make_module_pipe("p3headlessgl")
        self._host: Optional[core.GraphicsOutput] = None  # the first buffer; the others share its context

    def add_buffer(
        self, name: str, size: Tuple[int, int], properties: core.FrameBufferProperties, order: int = 0
    ) -> core.GraphicsOutput:
        """Open a buffer.

        Args:
            name: unique.
            size: width and height, pixels.
            properties: of its pixels.
            order: buffers with a lower one are rendered first.

        Raises:
            OSError: if there is no OpenGL.
        """
        window, host = core.WindowProperties.size(*size), self._host
        shared = (host.get_gsg(), host) if host else ()
        buffer = self._pipe and self.engine.make_output(
            self._pipe, name, order, properties, window, core.GraphicsPipe.BF_refuse_window, *shared
        )
        if not buffer:
            raise OSError("expected Panda3D to open an off-screen OpenGL buffer. Received: none")
        self._host = self._host or buffer
        return buffer


def camera_matrix(pose: Pose) -> core.LMatrix4:
    """Panda3D's matrix (x right, y forward, z up; row vectors) of a camera with this optical frame."""
    right, down, forward = pose.rotation.as_matrix().T
    return matrix([(*right, 0), (*forward, 0), (*-down, 0), (*pose.position, 1)])


def matrix(rows: Any) -> core.LMatrix4:
    """A matrix of 4 rows of 4 numbers."""
    return core.LMatrix4(*[float(value) for row in rows for value in row])


def read_image(texture: core.Texture, size: Tuple[int, int]) -> np.ndarray:
    """(H, W, 3) uint8 BGR: what was rendered to a texture, resized to ``size`` (width and height)."""
    pixels = np.frombuffer(texture.get_ram_image_as("BGR"), np.uint8)
    pixels = pixels.reshape(texture.get_y_size(), texture.get_x_size(), 3)[::-1]
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


def read_depth(texture: core.Texture, reach: Tuple[float, float]) -> np.ndarray:
    """(H, W) float64 metres along the optical axis: what was rendered to a depth texture.

    Args:
        texture: made by :func:`depth_texture`, copied to memory.
        reach: near and far plane, metres; the far plane is where nothing is.
    """
    near, far = reach
    stored = np.frombuffer(texture.get_ram_image(), np.float32)
    stored = stored.reshape(texture.get_y_size(), texture.get_x_size())[::-1]
    return 2 * far * near / (far + near - (2 * stored.astype(float) - 1) * (far - near))


def without_sky(depth: np.ndarray, far: float) -> np.ndarray:
    """(H, W) float32: the same depth, 0 where it is that of the far plane."""
    return np.where(depth < FAR_SHARE * far, depth, 0.0).astype(np.float32)


def depth_texture(name: str, size: Tuple[int, int]) -> core.Texture:
    """A texture for the depth of a buffer of this size."""
    texture = core.Texture(name)
    texture.setup_2d_texture(*size, core.Texture.T_float, core.Texture.F_depth_component)
    return texture


def load_shader(vertex: Path, fragment: Path, **included: Path) -> core.Shader:
    """A GLSL shader.

    Args:
        vertex: path of its vertex stage.
        fragment: path of its fragment stage.
        included: file that replaces ``#include_NAME``, by name.
    """
    sources = [path.read_text(encoding="utf-8") for path in (vertex, fragment)]
    for name, path in included.items():
        text = path.read_text(encoding="utf-8")
        sources = [source.replace(f"#include_{name}", text) for source in sources]
    return core.Shader.make(core.Shader.SL_GLSL, *sources)
