"""The state of a training in one file of plain arrays: nothing in it can be executed."""

import io
import zipfile

import numpy as np

from training.saving import write_atomically


def save_checkpoint(path, step, network, optimizer, mined):
    """Write everything that the next step depends on; the file is whole or the old one.

    Args:
        path: the .npz file.
        step: number of the next step.
        network: Keras model.
        optimizer: its Keras optimizer, built.
        mined: (N, D) float32 descriptors of the training pictures, or None.
    """
    arrays = {f"network_{i:04d}": np.asarray(variable) for i, variable in enumerate(network.variables)}
    arrays |= {f"optimizer_{i:04d}": np.asarray(variable) for i, variable in enumerate(optimizer.variables)}
    if mined is not None:
        arrays["mined"] = mined
    content = io.BytesIO()
    np.savez(content, step=step, **arrays)
    write_atomically(path, content.getvalue())


def load_checkpoint(path, network, optimizer):
    """Give a network and its optimizer the state that was saved.

    Args:
        path: the .npz file.
        network: Keras model of the same architecture.
        optimizer: its Keras optimizer, built.

    Returns:
        step, mined, as they were saved.

    Raises:
        ValueError: if the file is damaged or of another network or optimizer.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        for kind, variables in (("network", network.variables), ("optimizer", optimizer.variables)):
            found = [arrays[name] for name in sorted(arrays) if name.startswith(f"{kind}_")]
            expected, received = ([tuple(a.shape) for a in side] for side in (variables, found))
            if expected != received:
                raise ValueError(f"{len(received)} {kind} variables of other shapes than {len(expected)} here")
            for variable, value in zip(variables, found):
                variable.assign(value)
        return int(arrays["step"]), arrays.get("mined")
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"expected a checkpoint of this training. Received: '{path}': {error}") from error
