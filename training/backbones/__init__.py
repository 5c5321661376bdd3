"""Convolutional networks that turn a picture into a grid of local features."""

from typing import Callable, NamedTuple

from training.backbones.mobilenet import load_mobilenet_weights, mobilenet
from training.backbones.mobilenet_v2 import load_mobilenet_v2_weights, mobilenet_v2


class Backbone(NamedTuple):
    """How to build one and give it its ImageNet weights."""

    features: Callable  # (image, last_block) → local features
    load_weights: Callable  # (model, path)
    weights: str  # file in the folder mobilenet_imagenet
    licence: str  # of the weights


BACKBONES = {
    "mobilenet": Backbone(mobilenet, load_mobilenet_weights, "mobilenet_v1_1.0_to_conv_pw_12.npz", "MIT"),
    "mobilenet_v2": Backbone(
        mobilenet_v2, load_mobilenet_v2_weights, "mobilenet_v2_1.0_to_block_13.npz", "Apache-2.0"
    ),
}

__all__ = [
    "BACKBONES",
    "Backbone",
    "load_mobilenet_v2_weights",
    "load_mobilenet_weights",
    "mobilenet",
    "mobilenet_v2",
]
