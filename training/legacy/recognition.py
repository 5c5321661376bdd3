"""Finds the network of this package that equals a cartwheel_train model, and verifies its layers."""

import re
from itertools import zip_longest
from typing import Any, Dict

from keras.layers import Add, Conv2D, DepthwiseConv2D, ReLU

from place_recognition_ros.errors import ModelError
from training.network.backbones.mobilenet_v2 import normalization_of
from training.network.build import NetworkConfig

_TAPS = {  # last layer before NetVLAD → backbone
    re.compile(r"conv_pw_(\d{1,2})_relu"): "mobilenet",
    re.compile(r"block_(\d{1,2})_(?:add|project_BN)"): "mobilenet_v2",
}
_SIZE = (240, 320)  # of a network for images of any size
_MAX_SIDE = 8192  # pixels
_MAX_CLUSTERS = 1024
_CONVOLUTIONS = ("Conv2D", "DepthwiseConv2D")
_SHARED = (Conv2D, DepthwiseConv2D, ReLU, Add)  # layers that both networks have, in the same order
_SHARED_KINDS = tuple(kind.__name__ for kind in _SHARED)
_CONVOLUTION = {"dilation_rate": [1, 1], "activation": "linear", "use_bias": False}
_SETTINGS: Dict[str, Dict[str, Any]] = {  # required settings of a layer, by class
    "ZeroPadding2D": {"padding": [[0, 1], [0, 1]], "data_format": "channels_last"},
    "Conv2D": {**_CONVOLUTION, "data_format": "channels_last"},
    "DepthwiseConv2D": {**_CONVOLUTION, "data_format": "channels_last", "depth_multiplier": 1},
    "BatchNormalization": {"epsilon": 0.001, "axis": -1, "center": True, "scale": True},
    "ReLU": {"max_value": 6.0, "negative_slope": 0.0, "threshold": 0.0},
}


def recognize(legacy):
    """The configuration of the network with the same layers.

    Args:
        legacy: a :class:`training.legacy.reading.Legacy`.

    Returns:
        a :class:`NetworkConfig`.

    Raises:
        ModelError: if it is not MobileNet or MobileNetV2, followed by NetVLAD or GhostVLAD.
    """
    kinds = [layer.kind for layer in legacy.layers]
    if len(kinds) < 3 or kinds[0] != "InputLayer" or kinds[-1] not in ("NetVLADLayer", "GhostVLADLayer"):
        raise _refusal(legacy, "an input layer, a backbone and NetVLAD", ", ".join(kinds) or "none")
    backbone, block = _tap(legacy)
    height, width, channels = _input_shape(legacy)
    clusters, ghosts = _clusters(legacy)
    unlike_ours = NetworkConfig(context="", reduced=0, normalized=False, position=0.0, size=0)
    return unlike_ours._replace(
        height=height,
        width=width,
        channels=channels,
        backbone=backbone,
        last_block=block,
        clusters=clusters,
        ghosts=ghosts,
    )


def check_layers(legacy, network):
    """Verify layer by layer that a network computes the same as the file's network.

    Args:
        legacy: a :class:`training.legacy.reading.Legacy`.
        network: Keras model of the configuration from :func:`recognize`, without weights.

    Raises:
        ModelError: naming the file and the first layer that differs.
    """
    expected = [(type(layer).__name__, layer.name) for layer in network.layers if type(layer) in _SHARED]
    received = [(layer.kind, layer.name) for layer in legacy.layers if layer.kind in _SHARED_KINDS]
    for own, other in zip_longest(expected, received):
        if own != other:
            raise _refusal(legacy, f"the layer {own}", other or "the end")
    layers = {layer.name: layer for layer in network.layers}
    padded = padded_layers(legacy)
    for before, layer in zip(legacy.layers, legacy.layers[1:]):
        padding = "valid" if layer.name in padded else "same"
        settings = {**_SETTINGS.get(layer.kind, {}), **_own_settings(layers.get(layer.name), padding)}
        inputs = [before.name]
        if layer.kind == "Add":
            inputs = [_normalized(tensor._keras_history.operation) for tensor in layers[layer.name].input]
        if layer.inputs != inputs or not _follows(layer, before):
            raise _refusal(
                legacy, f"another layer after '{before.name}'", f"'{layer.name}' of {layer.inputs}"
            )
        for key, value in settings.items():
            if layer.config.get(key, value) != value:
                raise _refusal(legacy, f"{key}={value} of '{layer.name}'", layer.config[key])


def padded_layers(legacy):
    """Names of the convolutions whose input is padded by a row of zeros below and a column on the right."""
    pairs = zip(legacy.layers, legacy.layers[1:])
    return [layer.name for padding, layer in pairs if padding.kind == "ZeroPadding2D"]


def _tap(legacy):
    """The backbone and the number of its last block."""
    last = legacy.layers[-2].name
    for tap, backbone in _TAPS.items():
        match = tap.fullmatch(last)
        if match:
            return backbone, int(match.group(1))
    expected = "MobileNet up to conv_pw_…_relu, or MobileNetV2 up to the end of a block, before NetVLAD"
    raise _refusal(legacy, expected, f"'{last}'")


def _follows(layer, before):
    """Whether a layer may follow another: padding, convolution, normalization, in this order."""
    convolved = before.kind in _CONVOLUTIONS
    if before.kind == "ZeroPadding2D":
        return layer.kind in _CONVOLUTIONS
    if convolved or layer.kind == "BatchNormalization":
        return convolved and layer.name in (f"{before.name}_bn", normalization_of(before.name))
    return True


def _own_settings(own, padding):
    if not isinstance(own, (Conv2D, DepthwiseConv2D)):
        return {}
    return {"strides": list(own.strides), "kernel_size": list(own.kernel_size), "padding": padding}


def _normalized(operation):
    return normalization_of(operation.name) if isinstance(operation, Conv2D) else operation.name


def _input_shape(legacy):
    """Height, width and channels of the images."""
    _, *shape, channels = legacy.layers[0].config["batch_input_shape"]
    shape = [side or default for side, default in zip(shape, _SIZE)]
    if len(shape) != 2 or not all(type(side) is int and 1 <= side <= _MAX_SIDE for side in shape):
        raise _refusal(legacy, f"images of at most {_MAX_SIDE} pixels a side", shape)
    if channels not in (1, 3):
        raise _refusal(legacy, "images of 1 or 3 channels", channels)
    return (*shape, channels)


def _clusters(legacy):
    """Number of clusters, and of the ghosts after them."""
    vlad = legacy.layers[-1]
    shape = legacy.arrays[f"{vlad.name}/kernel"].shape
    if len(shape) != 4 or shape[:2] != (1, 1) or not 1 <= shape[3] <= _MAX_CLUSTERS:
        expected = f"the kernel (1, 1, D, K) of '{vlad.name}', K at most {_MAX_CLUSTERS}"
        raise _refusal(legacy, expected, shape)
    every = shape[3]
    described = vlad.config["num_clusters"] if vlad.kind == "GhostVLADLayer" else every
    if type(described) is not int or not 1 <= described <= every:
        raise _refusal(legacy, f"num_clusters of '{vlad.name}', 1 to {every}", described)
    return described, every - described


def _refusal(legacy, expected, received):
    return ModelError(f"expected {expected}, in '{legacy.path}'. Received: {received}")
