"""Checkpoints: the state of a training as one .npz file of plain arrays, without pickled objects."""

import io
import zipfile
from typing import Dict, List, NamedTuple, Optional

import numpy as np

from training.files import write_atomically

_RECENT = "recent_"


class Progress(NamedTuple):
    """State of a training outside the network and the optimizer."""

    step: int = 0  # next step
    mined: Optional[np.ndarray] = None  # (N, D) float32 descriptors of the training images
    recent: Optional[Dict[str, List[float]]] = None  # values since the last point of the curve, by name


def save_checkpoint(path, progress, network, optimizer):
    """Write everything that the next step depends on, atomically.

    Args:
        path: the .npz file.
        progress: a :class:`Progress`.
        network: Keras model.
        optimizer: its Keras optimizer, built.
    """
    arrays = {f"network_{i:04d}": np.asarray(variable) for i, variable in enumerate(network.variables)}
    arrays |= {f"optimizer_{i:04d}": np.asarray(variable) for i, variable in enumerate(optimizer.variables)}
    arrays |= {f"{_RECENT}{name}": np.array(values) for name, values in (progress.recent or {}).items()}
    if progress.mined is not None:
        arrays["mined"] = progress.mined
    content = io.BytesIO()
    np.savez(content, step=progress.step, **arrays)
    write_atomically(path, content.getvalue())


def load_checkpoint(path, network, optimizer):
    """Restore a network and its optimizer.

    Args:
        path: the .npz file.
        network: Keras model of the same architecture.
        optimizer: its Keras optimizer, built.

    Returns:
        the saved :class:`Progress`.

    Raises:
        ValueError: if the file is damaged, or belongs to another network or optimizer.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        for kind, variables in (("network", network.variables), ("optimizer", optimizer.variables)):
            found = [arrays[name] for name in sorted(arrays) if name.startswith(f"{kind}_")]
            expected, received = ([tuple(a.shape) for a in side] for side in (variables, found))
            if expected != received:
                raise ValueError(
                    f"{len(received)} {kind} variables whose shapes differ from the {len(expected)} here"
                )
            for variable, value in zip(variables, found):
                variable.assign(value)
        recent = {
            name[len(_RECENT) :]: values.tolist()
            for name, values in arrays.items()
            if name.startswith(_RECENT)
        }
        return Progress(int(arrays["step"]), arrays.get("mined"), recent)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"expected a checkpoint of this training. Received: '{path}': {error}") from error


def saved_step(path):
    """The next step of a checkpoint; 0 if the file is missing or cannot be read."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return int(stored["step"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return 0
