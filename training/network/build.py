"""The place-recognition network: backbone, context, reduction, NetVLAD, whitening, unit norm."""

from typing import NamedTuple

import keras

from place_recognition_ros.descriptor.preprocess import InputSpec
from training.network.backbones import BACKBONES
from training.network.layers import ContextFeatures, L2Normalization, NetVLAD, Whitening


class NetworkConfig(NamedTuple):
    """Architecture of a network; the defaults are those of the default model."""

    height: int = 192  # pixels
    width: int = 256  # pixels
    channels: int = 3  # 3: RGB, 1: gray
    backbone: str = "mobilenet_v2"  # out of BACKBONES
    last_block: int = 10  # of the backbone
    context: str = "mobilenet"  # second backbone, for a larger context of each feature; "": none
    context_block: int = 8  # last block of the context
    reduced: int = 64  # components of a local feature after the 1×1 reduction; 0: no reduction
    clusters: int = 48
    ghosts: int = 0  # further clusters that are not part of the descriptor (GhostVLAD)
    normalized: bool = True  # scale local features to unit length
    position: float = 0.5  # weight of a local feature's position in the image; 0: not used
    size: int = 512  # of the descriptor; 0: no whitening, the output of NetVLAD


def build_network(config):
    """Build the network with random weights.

    Args:
        config: a :class:`NetworkConfig`.

    Returns:
        Keras model, (B, height, width, channels) float32, pixel / 127.5 - 1, to (B, size) float32, unit norm.

    Raises:
        ValueError: if the backbone, block or number of channels does not exist.
    """
    if config.backbone not in BACKBONES:
        raise ValueError(f"expected a backbone among {', '.join(BACKBONES)}. Received: {config.backbone!r}")
    others = [name for name in BACKBONES if name != config.backbone]
    if config.context and config.context not in others:
        raise ValueError(
            f"expected a context among {', '.join(others)}, for the backbone {config.backbone}, or ''. "
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
    """The first layer after the backbone: the reduction, or NetVLAD if there is none."""
    names = [layer.name for layer in network.layers]
    return network.get_layer("reduction" if "reduction" in names else "netvlad")


def input_spec(config):
    """The InputSpec of a network: pixel / 127.5 - 1."""
    order = "RGB" if config.channels == 3 else "GRAY"
    half = (127.5,) * config.channels
    return InputSpec(config.height, config.width, config.channels, order, "NHWC", mean=half, std=half)


def resized(network, height, width):
    """The same network, with the same weights, for another input size.

    Args:
        network: functional Keras model whose layers do not depend on the input size.
        height, width: pixels.

    Returns:
        Keras model, (B, height, width, C) to the output of ``network``.

    Raises:
        ValueError: if the size is too small for the network.
    """
    config = network.get_config()
    config["layers"][0]["config"]["batch_shape"] = (None, height, width, network.input.shape[-1])
    try:
        if min(height, width) < 1:
            raise ValueError("no pixels")
        other = keras.Model.from_config(config)
    except ValueError as error:
        raise ValueError(
            f"expected an input size that the network supports. Received: {height} × {width} pixels"
        ) from error
    other.set_weights(network.get_weights())
    return other
