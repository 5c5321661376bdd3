"""Saving and loading of networks."""

import json
import tempfile
import warnings
import zipfile
from pathlib import Path

import h5py
import keras

import training.network.layers  # noqa: F401  registers the package's layers
from place_recognition_ros.errors import ModelError
from training.files import write_together
from training.network.precision import with_policy

ARCHITECTURE = "architecture.json"
WEIGHTS = "network.weights.h5"

# Classes that a description may name, and their modules; any other class could execute foreign code.
_LAYERS = frozenset(
    (
        *("Functional", "InputLayer", "Conv2D", "DepthwiseConv2D", "BatchNormalization", "ReLU", "Add"),
        *("AveragePooling2D", "MaxPooling2D", "ZeroPadding2D"),
    )
)
_OWN_LAYERS = frozenset(("NetVLAD", "ContextFeatures", "Whitening", "L2Normalization"))
_FORMER_NAMES = {"Surroundings": "ContextFeatures"}  # package's layers: name in older files → present name
_HELPERS = frozenset(
    ("__keras_tensor__", "DTypePolicy", "GlorotUniform", "Zeros", "Ones", "VarianceScaling", "RandomUniform")
)
_MODULES = ("keras", "keras.layers", "keras.initializers", "keras.src.models.functional", None)
_OWN = "place_recognition>"  # prefix under which Keras registers the package's layers
_MAX_TEXT = 300  # characters of a Keras error message
_MAX_BYTES = 2**31  # of the weights in a .keras file


def save_network(network, folder):
    """Write a network as Keras JSON and weights, atomically.

    Args:
        network: Keras model.
        folder: for ``architecture.json`` and ``network.weights.h5``.

    Raises:
        OSError: naming the file, if it cannot be written; the old content is kept.
    """
    folder = Path(folder)
    try:
        with tempfile.TemporaryDirectory() as temporary:
            weights = Path(temporary) / WEIGHTS
            network.save_weights(weights)
            content = weights.read_bytes()
    except OSError as error:
        reason = f"{error.strerror or error}, in the temporary folder {tempfile.gettempdir()}"
        raise OSError(
            error.errno, f"expected '{folder / WEIGHTS}' to be written. Received: {reason}"
        ) from error
    write_together({folder / WEIGHTS: content, folder / ARCHITECTURE: architecture(network).encode()})


def architecture(network):
    """A network's layers as Keras JSON in float32, without loss and optimizer."""
    description = with_policy(json.loads(network.to_json()), "float32")
    description.pop("compile_config", None)
    return json.dumps(description, indent=1)


def load_network(path):
    """Read a network that this package saved; no code in the file is executed.

    Args:
        path: folder that :func:`save_network` wrote, or a .keras file of such a network.

    Returns:
        Keras model.

    Raises:
        ModelError: if a file is missing or damaged, or names a layer that is not allowed.
    """
    path = Path(path)
    try:
        with tempfile.TemporaryDirectory() as temporary:
            text, weights = _parts(path, Path(temporary))
            description = json.loads(text)
            description.pop("compile_config", None)  # loss and optimizer
            description = _present_names(description)
            _check(description, path)
            network = keras.models.model_from_json(json.dumps(description))
            _load_weights(network, weights)
            return network
    except ModelError:
        raise
    except Exception as error:  # Keras raises many types of exceptions for a damaged file
        expected = f"{ARCHITECTURE} and {WEIGHTS} in" if path.is_dir() else "a saved network as"
        raise ModelError(f"expected {expected} '{path}'. Received: {_one_line(error)}") from error


def _parts(path, temporary):
    """A network's description, and the path of its weights."""
    if path.is_dir():
        weights = path / WEIGHTS
        if not weights.is_file():
            raise FileNotFoundError(f"no {WEIGHTS}")
        return (path / ARCHITECTURE).read_text(encoding="utf-8"), weights
    weights = temporary / WEIGHTS
    with zipfile.ZipFile(path) as archive:
        size = sum(archive.getinfo(name).file_size for name in ("config.json", "model.weights.h5"))
        if size > _MAX_BYTES:
            raise ValueError(f"{size} bytes")
        weights.write_bytes(archive.read("model.weights.h5"))
        return archive.read("config.json").decode(), weights


def _load_weights(network, path):
    """Load the weights of a file; Keras alone would ignore missing and surplus ones."""
    stored = []
    with h5py.File(path, "r") as file:
        file.visit(lambda name: stored.append(name) if "/vars/" in name else None)
    stored = [name for name in stored if not name.startswith("optimizer/")]
    if len(stored) != len(network.weights):
        raise ValueError(f"{len(stored)} weights, where the network has {len(network.weights)}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # about optional parts of Keras files
        network.load_weights(path)


def _present_names(part):
    """A description with the present names of renamed layers."""
    if isinstance(part, list):
        return [_present_names(value) for value in part]
    if not isinstance(part, dict):
        return part
    part = {key: _present_names(value) for key, value in part.items()}
    name = part.get("class_name")
    if name in _FORMER_NAMES and part.get("registered_name") == f"{_OWN}{name}":
        part["class_name"] = _FORMER_NAMES[name]
        part["registered_name"] = f"{_OWN}{_FORMER_NAMES[name]}"
    return part


def _check(part, path):
    """Raise ModelError if a description names a class that is not allowed."""
    if isinstance(part, dict):
        if "class_name" in part and not _is_allowed(part):
            raise ModelError(
                f"expected layers out of {', '.join(sorted(_LAYERS | _OWN_LAYERS))} in '{path}'. "
                f"Received: {part['class_name']} of {part.get('module')}, "
                f"'{part.get('name') or _name(part.get('config'))}'"
            )
        part = list(part.values())
    if isinstance(part, list):
        for value in part:
            _check(value, path)


def _is_allowed(part):
    name, registered = part["class_name"], part.get("registered_name")
    if name in _OWN_LAYERS:
        return registered == f"{_OWN}{name}"
    return name in _LAYERS | _HELPERS and part.get("module") in _MODULES and registered in (None, name)


def _name(config):
    return config.get("name", "") if isinstance(config, dict) else ""


def _one_line(error):
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) < _MAX_TEXT else f"{text[:_MAX_TEXT]}…"  # Keras may print a whole network
