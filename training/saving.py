"""Files that are whole or not there; networks on disk."""

import json
import os
from pathlib import Path

import keras

import training.layers  # noqa: F401  registers the own layers

ARCHITECTURE = "architecture.json"
WEIGHTS = "network.weights.h5"


def write_atomically(path, content):
    """Write a file so that its name never stands for half of it.

    Args:
        path: the file's name; what it held before is replaced at the end.
        content: bytes.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def save_network(network, folder):
    """Write a network as plain Keras JSON and its weights, each whole or not there.

    Args:
        network: Keras model.
        folder: gets ``architecture.json`` and ``network.weights.h5``.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{os.getpid()}.weights.h5"
    try:
        network.save_weights(temporary)
        write_atomically(folder / ARCHITECTURE, architecture(network).encode())
        os.replace(temporary, folder / WEIGHTS)
    finally:
        temporary.unlink(missing_ok=True)


def architecture(network):
    """A network's layers as plain Keras JSON, without the loss and optimizer that trained it."""
    description = json.loads(network.to_json())
    description.pop("compile_config", None)
    return json.dumps(description, indent=1)


def load_network(folder):
    """Read what :func:`save_network` wrote; nothing in it is executed.

    Args:
        folder: with ``architecture.json`` and ``network.weights.h5``.

    Returns:
        Keras model.

    Raises:
        ValueError: if one of the files is missing or does not fit.
    """
    folder = Path(folder)
    try:
        network = keras.models.model_from_json((folder / ARCHITECTURE).read_text(encoding="utf-8"))
        network.load_weights(folder / WEIGHTS)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ValueError(f"expected {ARCHITECTURE} and {WEIGHTS} in '{folder}'. Received: {error}") from error
    return network
