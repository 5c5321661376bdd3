"""Reads cartwheel_train's HDF5 files as arrays and a list of layers, without executing code in them."""

import json
from typing import Any, Dict, List, NamedTuple

import h5py
import numpy as np

from place_recognition_ros.errors import ModelError

_KNOWN = frozenset(
    (
        *("InputLayer", "ZeroPadding2D", "Conv2D", "DepthwiseConv2D", "BatchNormalization"),
        *("ReLU", "Add", "NetVLADLayer", "GhostVLADLayer"),
    )
)
# Exceptions that h5py and a malformed description raise.
DAMAGE = (OSError, LookupError, ValueError, TypeError, AttributeError, RuntimeError, MemoryError)
_MAX_VALUES = 50_000_000  # in all arrays; the largest model of cartwheel_train has 1.4 million


class LegacyLayer(NamedTuple):
    """One layer of the description."""

    kind: str  # class name
    name: str
    config: Dict[str, Any]
    inputs: List[str]  # names of its input layers


class Legacy(NamedTuple):
    """Content of a file of cartwheel_train."""

    path: str
    version: str  # of Keras
    layers: List[LegacyLayer]  # in network order
    arrays: Dict[str, np.ndarray]  # "layer/weight" → float32


def read_legacy(path):
    """Read a file of cartwheel_train.

    Args:
        path: HDF5 file of Keras 2.2, with any suffix.

    Returns:
        a :class:`Legacy`.

    Raises:
        ModelError: naming the file and the layer, if a layer is unknown to cartwheel_train's networks, a
            weight is missing, or it is not such a file.
    """
    try:
        with h5py.File(path, "r") as file:
            if "model_config" not in file.attrs:
                raise ValueError("model_config is missing")
            description = json.loads(_text(file.attrs["model_config"]))
            version = _text(file.attrs.get("keras_version", ""))
            layers = _layers(description["config"]["layers"], path)
            return Legacy(str(path), version, layers, _arrays(file, layers))
    except DAMAGE as error:
        raise ModelError(
            f"expected a model of cartwheel_train, HDF5 of Keras 2.2. Received: '{path}': {error}"
        ) from error


def _layers(descriptions, path):
    layers = []
    for layer in descriptions:
        kind, name, nodes = layer["class_name"], layer["name"], layer["inbound_nodes"]
        if kind not in _KNOWN:
            raise ModelError(
                f"expected a network of cartwheel_train in '{path}', of {', '.join(sorted(_KNOWN))}. "
                f"Received: the layer '{name}' of class {kind}"
            )
        inputs = [link[0] for node in nodes for link in node]
        layers.append(LegacyLayer(kind, name, dict(layer["config"]), inputs))
    return layers


def _arrays(file, layers):
    """All weights: {"layer/weight": float32 array}; weights in other files are refused."""
    arrays, values = {}, 0
    for layer in layers:
        group = _own(file, f"model_weights/{layer.name}", h5py.Group)
        for raw in group.attrs["weight_names"]:
            name = _text(raw)
            dataset = _own(group, name, h5py.Dataset)
            values += dataset.size
            if dataset.external or dataset.is_virtual:
                raise ValueError(f"the weight '{name}' is in another file")
            if values > _MAX_VALUES:
                raise ValueError(f"up to the weight '{name}' of shape {dataset.shape}, {values} values")
            array = dataset[()].astype(np.float32)
            if not np.isfinite(array).all():
                raise ValueError(f"the weight '{name}' is not finite")
            arrays[f"{layer.name}/{name.rsplit('/', 1)[-1].split(':')[0]}"] = array
    return arrays


def _own(group, path, kind):
    """The object at a path; links, to other files or within the file, are refused."""
    for part in path.split("/"):
        link = group.get(part, getlink=True) if isinstance(group, h5py.Group) else None
        if not isinstance(link, h5py.HardLink):
            raise ValueError(f"'{part}' of '{path}' is {'missing' if link is None else 'a link'}")
        group = group[part]
    if not isinstance(group, kind):
        raise ValueError(f"'{path}' is not a {kind.__name__.lower()}")
    return group


def _text(value):
    return value.decode() if isinstance(value, bytes) else str(value)
