"""Rendered worlds: generated towns, generated office buildings, and 3-D models supplied by the user.

Panda3D is imported only by the modules that render: offscreen, renderer, model, town.renderer and
building.renderer.
"""

import importlib.util
import sys


def check_renderer() -> None:
    """Check that images can be rendered in this process.

    Raises:
        ValueError: saying what is missing.
    """
    if importlib.util.find_spec("panda3d") is None:
        raise ValueError("expected Panda3D (pip install Panda3D==1.10.16). Received: it is not installed")
    if "tensorflow" in sys.modules:
        raise ValueError(
            "expected a process without TensorFlow, because its LLVM and Mesa's crash each other. "
            "Received: TensorFlow is loaded; run training/render_world.py in a process of its own"
        )
