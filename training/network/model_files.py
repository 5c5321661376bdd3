"""Reading a network from any supported file."""

from pathlib import Path

import h5py

from place_recognition_ros.errors import ModelError
from training.legacy import load_legacy
from training.network.build import NetworkConfig, input_spec
from training.network.saving import load_network


def load_model(path, preprocessing=""):
    """Read a network of this package or of cartwheel_train; no code in the file is executed.

    Args:
        path: folder of a training, .keras file of such a network, or cartwheel_train's HDF5 file.
        preprocessing: of a model of cartwheel_train, see :func:`training.legacy.load_legacy`; else empty.

    Returns:
        Keras model, InputSpec.

    Raises:
        ModelError: naming the file, if it is not one of these.
        ValueError: if the pre-processing is unknown, or given for a network of this package.
    """
    path = Path(path)
    if not path.exists():
        raise ModelError(f"expected a model. Received: '{path}', missing")
    if path.is_file() and h5py.is_hdf5(path):
        return load_legacy(path, preprocessing)
    if preprocessing:
        raise ValueError(f"expected a pre-processing only for models of cartwheel_train. Received: '{path}'")
    network = load_network(path)
    _, height, width, channels = network.input.shape
    return network, input_spec(NetworkConfig(height=height, width=width, channels=channels))
