"""Any file that holds a network."""

from pathlib import Path

import h5py

from place_recognition_ros.errors import ModelError
from training.legacy import load_legacy
from training.network.build import NetworkConfig, input_spec
from training.network.saving import load_network


def load_model(path, preprocessing=""):
    """Read a network of ours or one of the original's; nothing in the file is executed.

    Args:
        path: folder of a training, .keras file of such a network, or the original's HDF5 file.
        preprocessing: of an original's model, see :func:`training.legacy.load_legacy`; ours have one.

    Returns:
        Keras model, InputSpec.

    Raises:
        ModelError: naming the file, if it is none of these.
        ValueError: if the pre-processing is unknown, or one is given for a network of ours.
    """
    path = Path(path)
    if not path.exists():
        raise ModelError(f"expected a model. Received: '{path}', missing")
    if path.is_file() and h5py.is_hdf5(path):
        return load_legacy(path, preprocessing)
    if preprocessing:
        raise ValueError(f"expected a pre-processing for the original's models only. Received: '{path}'")
    network = load_network(path)
    _, height, width, channels = network.input.shape
    return network, input_spec(NetworkConfig(height=height, width=width, channels=channels))
