"""Networks on disk."""

import json
import tempfile
import zipfile
from pathlib import Path

import keras

import training.layers  # noqa: F401  registers the own layers
from place_recognition_ros.errors import ModelError
from training.files import write_atomically
from training.precision import with_policy

ARCHITECTURE = "architecture.json"
WEIGHTS = "network.weights.h5"

# What a description may name; anything else could run code of its author's when it is built.
_LAYERS = frozenset(
    (
        *("Functional", "InputLayer", "Conv2D", "DepthwiseConv2D", "BatchNormalization", "ReLU", "Add"),
        *("MaxPooling2D", "NetVLAD", "Whitening", "L2Normalization"),
    )
)
_HELPERS = frozenset(
    ("__keras_tensor__", "DTypePolicy", "GlorotUniform", "Zeros", "Ones", "VarianceScaling", "RandomUniform")
)
_MODULES = ("keras", "keras.layers", "keras.initializers", "keras.src.models.functional", None)
_OWN = "place_recognition>"  # how Keras registers the own layers


def save_network(network, folder):
    """Write a network as plain Keras JSON and its weights, each whole or not there.

    Args:
        network: Keras model.
        folder: gets ``architecture.json`` and ``network.weights.h5``.

    Raises:
        OSError: naming the file, if it cannot be written; what it held before is still there.
    """
    with tempfile.TemporaryDirectory() as temporary:
        weights = Path(temporary) / WEIGHTS
        network.save_weights(weights)
        content = weights.read_bytes()
    write_atomically(Path(folder) / WEIGHTS, content)
    write_atomically(Path(folder) / ARCHITECTURE, architecture(network).encode())


def architecture(network):
    """A network's layers as plain Keras JSON in float32, without the loss and optimizer that trained it."""
    description = with_policy(json.loads(network.to_json()), "float32")
    description.pop("compile_config", None)
    return json.dumps(description, indent=1)


def load_network(path):
    """Read a network of ours; nothing in it is executed.

    Args:
        path: folder that :func:`save_network` wrote, or a .keras file of such a network.

    Returns:
        Keras model.

    Raises:
        ModelError: if a file is missing or does not fit, or names a layer that is none of ours.
    """
    path = Path(path)
    try:
        if path.is_dir():
            network = _build((path / ARCHITECTURE).read_text(encoding="utf-8"), path)
            network.load_weights(path / WEIGHTS)
            return network
        with zipfile.ZipFile(path) as archive, tempfile.TemporaryDirectory() as temporary:
            network = _build(archive.read("config.json").decode(), path)
            weights = Path(temporary) / WEIGHTS
            weights.write_bytes(archive.read("model.weights.h5"))
            network.load_weights(weights)
            return network
    except (OSError, ValueError, TypeError, KeyError, zipfile.BadZipFile) as error:
        expected = f"{ARCHITECTURE} and {WEIGHTS} in" if path.is_dir() else "a network of ours as"
        raise ModelError(f"expected {expected} '{path}'. Received: {error}") from error


def _build(text, path):
    """A model from its description, once every class that this names is known to be harmless."""
    description = json.loads(text)
    description.pop("compile_config", None)
    _check(description, path)
    return keras.models.model_from_json(json.dumps(description))


def _check(part, path):
    if isinstance(part, dict):
        if "class_name" in part:
            name, module = part["class_name"], part.get("module")
            own = part.get("registered_name") == f"{_OWN}{name}"
            if name not in _LAYERS | _HELPERS or not (own or module in _MODULES):
                raise ModelError(
                    f"expected layers out of {', '.join(sorted(_LAYERS))} in '{path}'. "
                    f"Received: {name} of {module}"
                )
        for value in part.values():
            _check(value, path)
    elif isinstance(part, list):
        for value in part:
            _check(value, path)
