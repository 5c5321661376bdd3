"""Rendered worlds: pictures of places under many lights, with the truth of where each was taken."""

import importlib.util
import sys


def check_renderer():
    """Raise ValueError where pictures cannot be rendered: say what to do instead."""
    if importlib.util.find_spec("panda3d") is None:
        raise ValueError("expected Panda3D (pip install Panda3D==1.10.16). Received: it is not installed")
    if "tensorflow" in sys.modules:
        raise ValueError(
            "expected a process without TensorFlow, whose LLVM and Mesa's crash each other. "
            "Received: TensorFlow is loaded; run training/render_world.py in a process of its own"
        )
