"""The original's HDF5 files as plain arrays and a list of layers; nothing that they carry is executed."""

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
# What h5py and a description that is not what it should be raise.
DAMAGE = (OSError, LookupError, ValueError, TypeError, AttributeError, RuntimeError, MemoryError)
_MAX_VALUES = 50_000_000  # in all arrays together; the largest of the originals has 1.4 million


class LegacyLayer(NamedTuple):
    """One layer as the file's description has it."""

    kind: str  # the name of its class
    name: str
    config: Dict[str, Any]
    inputs: List[str]  # names of the layers before it


class Legacy(NamedTuple):
    """What one of the original's files holds."""

    path: str
    version: str  # of Keras
    layers: List[LegacyLayer]  # in network order
    arrays: Dict[str, np.ndarray]  # "layer/weight" ► float32


def read_legacy(path):
    """Read one of the original's files.

    Args:
        path: HDF5 file as Keras 2.2 wrote it, whatever its ending.

    Returns:
        a :class:`Legacy`.

    Raises:
        ModelError: naming the file and the layer, if there is a layer that the original's networks do
            not have, a weight is missing, or it is no such file.
    """
    try:
        with h5py.File(path, "r") as file:
            if "model_config" not in file.attrs:
                raise ValueError("it describes no network, model_config is missing")
            description = json.loads(_text(file.attrs["model_config"]))
            version = _text(file.attrs.get("keras_version", ""))
            layers = _layers(description["config"]["layers"], path)
            return Legacy(str(path), version, layers, _arrays(file, layers))
    except DAMAGE as error:
        raise ModelError(
            f"expected one of the original's models, HDF5 as Keras 2.2 wrote it. Received: '{path}': {error}"
        ) from error


def _layers(descriptions, path):
    layers = []
    for layer in descriptions:
        kind, name, nodes = layer["class_name"], layer["name"], layer["inbound_nodes"]
        if kind not in _KNOWN:
            raise ModelError(
                f"expected one of the original's networks in '{path}', of {', '.join(sorted(_KNOWN))}. "
                f"Received: the layer '{name}' of class {kind}"
            )
        inputs = [link[0] for node in nodes for link in node]
        layers.append(LegacyLayer(kind, name, dict(layer["config"]), inputs))
    return layers


def _arrays(file, layers):
    """Every weight that lies in the file itself: {"layer/weight": float32 array}."""
    arrays, values = {}, 0
    for layer in layers:
        group = _own(file, f"model_weights/{layer.name}", h5py.Group)
        for raw in group.attrs["weight_names"]:
            name = _text(raw)
            dataset = _own(group, name, h5py.Dataset)
            values += dataset.size
            if dataset.external or dataset.is_virtual:
                raise ValueError(f"the weight '{name}' lies in another file")
            if values > _MAX_VALUES:
                raise ValueError(f"up to the weight '{name}' of shape {dataset.shape}, {values} values")
            array = dataset[()].astype(np.float32)
            if not np.isfinite(array).all():
                raise ValueError(f"the weight '{name}' is not finite")
            arrays[f"{layer.name}/{name.rsplit('/', 1)[-1].split(':')[0]}"] = array
    return arrays


def _own(group, path, kind):
    """What a path leads to; no part of it may lead to another file, or round about."""
    for part in path.split("/"):
        link = group.get(part, getlink=True) if isinstance(group, h5py.Group) else None
        if not isinstance(link, h5py.HardLink):
            raise ValueError(f"'{part}' of '{path}' is {'missing' if link is None else 'a link'}")
        group = group[part]
    if not isinstance(group, kind):
        raise ValueError(f"'{path}' is no {kind.__name__.lower()}")
    return group


def _text(value):
    return value.decode() if isinstance(value, bytes) else str(value)
