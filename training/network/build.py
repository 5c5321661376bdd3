"""The place-recognition network: backbone, its surroundings, reduction, NetVLAD, whitening, unit norm."""

from typing import NamedTuple

import keras

from place_recognition_ros.descriptor.preprocess import InputSpec
from training.network.backbones import BACKBONES
from training.network.layers import ContextFeatures, L2Normalization, NetVLAD, Whitening


class NetworkConfig(NamedTuple):
    """Everything that decides a network's shape; by itself, the default model's."""

    height: int = 192  # pixels
    width: int = 256  # pixels
    channels: int = 3  # 3: RGB, 1: gray
    backbone: str = "mobilenet_v2"  # out of BACKBONES
    last_block: int = 10  # of the backbone
    context: str = "mobilenet"  # another backbone, for what lies around a feature; "": none
    context_block: int = 8  # the last one of that
    reduced: int = 64  # components of a local feature after the 1×1 reduction; 0: no reduction
    clusters: int = 48
    ghosts: int = 0  # clusters that are left out of the descriptor (GhostVLAD)
    normalized: bool = True  # local features are scaled to unit length
    position: float = 0.5  # how much a local feature's place in the image counts; 0: not at all
    size: int = 512  # of the descriptor; 0: no whitening, all that NetVLAD gives


def build_network(config):
    """Build the network with random weights.

    Args:
        config: a :class:`NetworkConfig`.

    Returns:
        Keras model, (B, height, width, channels) float32 pixel / 127.5 - 1 to (B, size) float32, unit norm.

    Raises:
        ValueError: if there is no such backbone or block, or the channels are neither 1 nor 3.
    """
    if config.backbone not in BACKBONES:
        raise ValueError(f"expected a backbone among {', '.join(BACKBONES)}. Received: {config.backbone!r}")
    others = [name for name in BACKBONES if name != config.backbone]
    if config.context and config.context not in others:
        raise ValueError(
            f"expected a context among {', '.join(others)}, beside the backbone {config.backbone}, or ''. "
            f"Received: {config.context!r}"
        )
    if config.channels not in (1, 3):
        raise ValueError(f"expected 1 or 3 channels. Received: {config.channels}")
    image = keras.Input((config.height, config.width, config.channels), name="image")
    features = BACKBONES[config.backbone].features(image, config.last_block)
    if config.context:
        half = keras.layers.AveragePooling2D(2, name="half_size")(image)
        around = BACKBONES[config.context].features(half, config.context_block)
        features = ContextFeatures(name="context")([features, around])
    if config.reduced:
        features = keras.layers.Conv2D(config.reduced, 1, name="reduction")(features)
    pooling = NetVLAD(config.clusters, config.ghosts, config.normalized, config.position, name="netvlad")
    descriptor = pooling(features)
    if config.size:
        components = Whitening(config.size, name="whitening")(descriptor)
        descriptor = L2Normalization(name="descriptor")(components)
    return keras.Model(image, descriptor, name="place_recognition")


def first_head_layer(network):
    """The layer of a network that takes the backbone's local features: its reduction, or NetVLAD itself."""
    names = [layer.name for layer in network.layers]
    return network.get_layer("reduction" if "reduction" in names else "netvlad")


def input_spec(config):
    """The pre-processing of a network's images: an InputSpec."""
    order = "RGB" if config.channels == 3 else "GRAY"
    half = (127.5,) * config.channels
    return InputSpec(config.height, config.width, config.channels, order, "NHWC", mean=half, std=half)


def resized(network, height, width):
    """The same network, with the same weights, for images of another size.

    Args:
        network: functional Keras model whose layers keep to no size.
        height, width: pixels.

    Returns:
        Keras model, (B, height, width, C) to what the network answers.

    Raises:
        ValueError: if images of that size are too small for the network.
    """
    config = network.get_config()
    config["layers"][0]["config"]["batch_shape"] = (None, height, width, network.input.shape[-1])
    try:
        if min(height, width) < 1:
            raise ValueError("no pixels")
        other = keras.Model.from_config(config)
    except ValueError as error:
        raise ValueError(
            f"expected a size of images that the network can take. Received: {height} × {width} pixels"
        ) from error
    other.set_weights(network.get_weights())
    return other
