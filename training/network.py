"""The place-recognition network: backbone, reduction, NetVLAD, whitening, unit norm."""

from typing import NamedTuple

import keras

from place_recognition_ros.descriptor.preprocess import InputSpec
from training.backbones import BACKBONES
from training.layers import L2Normalization, NetVLAD, Whitening


class NetworkConfig(NamedTuple):
    """Everything that decides a network's shape."""

    height: int = 240  # pixels
    width: int = 320  # pixels
    backbone: str = "mobilenet_v2"  # out of BACKBONES
    last_block: int = 10  # of the backbone
    reduced: int = 64  # components of a local feature after the 1×1 reduction
    clusters: int = 64
    size: int = 512  # of the descriptor


def build_network(config):
    """Build the network with random weights.

    Args:
        config: a :class:`NetworkConfig`.

    Returns:
        Keras model, (B, height, width, 3) float32 RGB / 127.5 - 1 to (B, size) float32, unit norm.

    Raises:
        ValueError: if there is no such backbone or block.
    """
    if config.backbone not in BACKBONES:
        raise ValueError(f"expected a backbone among {', '.join(BACKBONES)}. Received: {config.backbone!r}")
    image = keras.Input((config.height, config.width, 3), name="image")
    features = BACKBONES[config.backbone].features(image, config.last_block)
    features = keras.layers.Conv2D(config.reduced, 1, name="reduction")(features)
    pooled = NetVLAD(config.clusters, name="netvlad")(features)
    components = Whitening(config.size, name="whitening")(pooled)
    descriptor = L2Normalization(name="descriptor")(components)
    return keras.Model(image, descriptor, name="place_recognition")


def input_spec(config):
    """The pre-processing of a network's pictures: an InputSpec."""
    return InputSpec(config.height, config.width, 3, "RGB", 1 / 127.5, -1.0)
