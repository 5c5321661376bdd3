"""Running a network on many inputs."""

from itertools import islice

import numpy as np

from place_recognition_ros.descriptor.preprocess import prepare

_BATCH = 32


def predict(network, inputs):
    """Outputs of a network for many inputs, computed in batches of 32.

    Args:
        network: Keras model.
        inputs: iterable of (1, …) float32, at least one.

    Returns:
        (N, …) float32.
    """
    inputs, outputs = iter(inputs), []
    for batch in iter(lambda: list(islice(inputs, _BATCH)), []):
        missing = _BATCH - len(batch)  # JAX compiles again for every new batch size
        outputs.append(network.predict_on_batch(np.concatenate(batch + missing * batch[-1:]))[: len(batch)])
    return np.concatenate(outputs).astype(np.float32)


def describe_images(network, spec, images):
    """Descriptors of many images.

    Args:
        network: Keras model.
        spec: its InputSpec.
        images: iterable of (H, W, 3) uint8 BGR, at least one.

    Returns:
        (N, D) float32.
    """
    return predict(network, (prepare(image, spec) for image in images))
