"""Where the models that the package brings are. Standard library only: the machine check uses it."""

import os
from typing import List

DEFAULT, FEATURES = "default.onnx", "features.onnx"  # global descriptor; local features


def model_folders() -> List[str]:
    """Where to look for them: in the package (pip), in the source tree, in the install space (catkin)."""
    package = os.path.dirname(os.path.abspath(__file__))
    prefix = os.path.normpath(os.path.join(package, "..", "..", "..", ".."))  # of lib/python3/dist-packages/
    return [
        os.path.join(package, "models"),
        os.path.join(os.path.dirname(package), "models"),
        os.path.join(prefix, "share", "place_recognition_ros", "models"),
    ]
