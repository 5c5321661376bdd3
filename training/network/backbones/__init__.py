"""Backbones: convolutional networks from an image to a grid of local features."""

import zipfile
from typing import Callable, NamedTuple

from training.network.backbones.imagenet import copy_application_weights
from training.network.backbones.mobilenet import load_mobilenet_weights, mobilenet
from training.network.backbones.mobilenet_v2 import load_mobilenet_v2_weights, mobilenet_v2
from training.network.backbones.vgg16 import vgg16


class Backbone(NamedTuple):
    """How to build a backbone, and how to read its weights from an .npz file."""

    features: Callable  # (image, last_block) → local features
    load_npz: Callable  # (model, path)


def _no_npz(model, path):
    raise ValueError(f"expected an .h5 file of keras.applications, or 'imagenet'. Received: '{path}'")


BACKBONES = {
    "mobilenet": Backbone(mobilenet, load_mobilenet_weights),
    "mobilenet_v2": Backbone(mobilenet_v2, load_mobilenet_v2_weights),
    "vgg16": Backbone(vgg16, _no_npz),
}


def load_imagenet(model, backbone, weights):
    """Load ImageNet weights into the backbone of a model.

    Args:
        model: Keras model that begins with the backbone.
        backbone: its name, out of BACKBONES.
        weights: an .npz file, an .h5 file of keras.applications, or "imagenet": Keras downloads it.

    Raises:
        ValueError: if the weights cannot be downloaded or read, or do not fit.
    """
    if not str(weights).endswith(".npz"):
        copy_application_weights(model, backbone, weights)
        return
    try:
        BACKBONES[backbone].load_npz(model, weights)
    except (zipfile.BadZipFile, KeyError, EOFError) as error:
        raise ValueError(f"expected the weights of {backbone}. Received: '{weights}': {error}") from error


__all__ = [
    "BACKBONES",
    "Backbone",
    "load_imagenet",
    "load_mobilenet_v2_weights",
    "load_mobilenet_weights",
    "mobilenet",
    "mobilenet_v2",
    "vgg16",
]
