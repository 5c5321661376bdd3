"""The original's models (Kuse and Shen, arXiv 1904.06962; Keras 2.2, HDF5) as networks of ours.

A file is read as arrays, and its description as plain JSON that is only looked at: nothing that it
carries is executed, so a Lambda layer or a foreign class can do no harm. What is not one of the
original's networks is refused.
"""

import json
from typing import NamedTuple

import h5py
import numpy as np

from place_recognition_ros.descriptor.preprocess import InputSpec
from place_recognition_ros.errors import ModelError
from training.network import NetworkConfig, build_network

_KNOWN = frozenset(
    (
        *("InputLayer", "ZeroPadding2D", "Conv2D", "DepthwiseConv2D", "BatchNormalization"),
        *("ReLU", "Add", "NetVLADLayer"),
    )
)
_EPSILON = 1e-3  # of their batch normalisation
_MAX_VALUES = 50_000_000  # in one array; the largest of the originals has a quarter of a million

PREPROCESSING = {  # name ► (scale, offset), applied to BGR or gray pixels
    "raw": (1.0, 0.0),
    "centered": (2.0 / 255.0, -256.0 / 255.0),  # (x - 128) · 2 / 255
}


class Legacy(NamedTuple):
    """What one of the original's files holds."""

    config: NetworkConfig
    layers: list  # (class name, name) in network order
    arrays: dict  # "layer/weight" ► float32 array


def load_legacy(path, preprocessing=""):
    """Read one of the original's models.

    Args:
        path: HDF5 file, whatever its ending.
        preprocessing: "raw" or "centered", what the model was trained on; empty: Keras 2.2.2 files are
            of the time before the original centred its input.

    Returns:
        Keras model, InputSpec.

    Raises:
        ModelError: naming the file and the layer, if it is no such model.
    """
    legacy, version = _read(path)
    if not preprocessing:
        preprocessing = "raw" if version == "2.2.2" else "centered"
    scale, offset = PREPROCESSING[preprocessing]
    config = legacy.config
    network = build_network(config)
    for layer in network.layers:
        if layer.weights:
            layer.set_weights(_weights(layer, legacy, path))
    order = "BGR" if config.channels == 3 else "GRAY"
    return network, InputSpec(config.height, config.width, config.channels, order, scale, offset)


def read_legacy(path):
    """What one of the original's files holds, see :class:`Legacy`; raises ModelError."""
    return _read(path)[0]


def _read(path):
    try:
        with h5py.File(path, "r") as file:
            description = json.loads(_text(file.attrs["model_config"]))
            version = _text(file.attrs.get("keras_version", ""))
            layers = [(layer["class_name"], layer["name"]) for layer in description["config"]["layers"]]
            strange = [pair for pair in layers if pair[0] not in _KNOWN]
            if strange:
                raise ModelError(
                    f"expected one of the original's networks in '{path}', of the layers "
                    f"{', '.join(sorted(_KNOWN))}. "
                    f"Received: the layer '{strange[0][1]}' of class {strange[0][0]}"
                )
            arrays = _arrays(file["model_weights"], layers)
            shape = description["config"]["layers"][0]["config"]["batch_input_shape"]
            return Legacy(_config(layers, arrays, shape, path), layers, arrays), version
    except (OSError, KeyError, ValueError, TypeError, IndexError, AttributeError, RecursionError) as error:
        raise ModelError(
            "expected one of the original's models, HDF5 as Keras 2.2 wrote it. "
            f"Received: '{path}': {error!r}"
        ) from error


def _arrays(group, layers):
    """Every weight in the file itself: {"layer/weight": float32 array}."""
    arrays = {}
    for _, layer in layers:
        for raw in group[layer].attrs["weight_names"]:
            name = _text(raw)
            link = f"{layer}/{name}"
            if not _is_own(group, link):
                raise ValueError(f"the weight '{name}' is a link")
            if group[link].size > _MAX_VALUES:
                raise ValueError(f"the weight '{name}' has {group[link].size} values")
            arrays[f"{layer}/{name.rsplit('/', 1)[-1].split(':')[0]}"] = group[link][()].astype(np.float32)
    return arrays


def _is_own(group, path):
    """Whether no part of a path leads elsewhere, to another object or another file."""
    for part in path.split("/"):
        if not isinstance(group.get(part, getlink=True), h5py.HardLink):
            return False
        group = group[part]
    return isinstance(group, h5py.Dataset) and not group.external


def _config(layers, arrays, shape, path):
    (_, last), (kind, vlad) = layers[-2:]
    depth, clusters = arrays[f"{vlad}/kernel"].shape[-2:] if kind == "NetVLADLayer" else (0, 0)
    if last.startswith("conv_pw_") and last.endswith("_relu"):
        backbone, block = "mobilenet", int(last[len("conv_pw_") : -len("_relu")])
    elif last.startswith("block_") and depth:
        backbone, block = "mobilenet_v2", int(last.split("_")[1])
    else:
        raise ModelError(
            f"expected MobileNet or MobileNetV2 and then NetVLAD in '{path}'. "
            f"Received: '{last}', then '{vlad}'"
        )
    _, height, width, channels = shape
    return NetworkConfig(
        height, width, channels, backbone, block, reduced=0, clusters=clusters, normalized=False, size=0
    )


def _weights(layer, legacy, path):
    """The weights of one of our layers, found by its name; checked against its shapes."""
    arrays = legacy.arrays
    if layer.name == "netvlad":
        vlad = legacy.layers[-1][1]
        kernel, bias, centers = (arrays[f"{vlad}/{name}"] for name in ("kernel", "bias", "cluster_centers"))
        # theirs adds the centre to the feature, ours subtracts it
        found = [kernel[0, 0], bias[0, 0], -centers[0, 0, 0].T]
    elif layer.name.endswith("_bn"):
        found = [
            arrays[f"{layer.name}/{name}"] for name in ("gamma", "beta", "moving_mean", "moving_variance")
        ]
    else:
        found = _convolution(layer, arrays)
    expected = [tuple(variable.shape) for variable in layer.weights]
    received = [array.shape for array in found]
    if expected != received:
        raise ModelError(f"expected weights {expected} of '{layer.name}' in '{path}'. Received: {received}")
    return found


def _convolution(layer, arrays):
    depthwise = f"{layer.name}/depthwise_kernel" in arrays
    kernel = arrays[f"{layer.name}/depthwise_kernel" if depthwise else f"{layer.name}/kernel"]
    normalization = "bn_Conv1" if layer.name == "Conv1" else f"{layer.name}_BN"
    if f"{normalization}/gamma" not in arrays:  # MobileNet: normalised in a layer of its own
        return [kernel]
    gamma, beta, mean, variance = (
        arrays[f"{normalization}/{name}"] for name in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    scale = gamma / np.sqrt(variance + _EPSILON)
    return [kernel * (scale[:, None] if depthwise else scale), beta - mean * scale]


def _text(value):
    return value.decode() if isinstance(value, bytes) else str(value)
