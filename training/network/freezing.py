"""Freezing of layers."""

import re

from keras.layers import BatchNormalization


def freeze(network, pattern):
    """Freeze the layers whose names begin with a pattern, and all batch normalization.

    Batch normalization keeps the statistics of ImageNet, because training batches contain few, similar
    images.

    Args:
        network: Keras model.
        pattern: regular expression; empty: none.

    Raises:
        ValueError: if the pattern is not a regular expression, or matches no layer.
    """
    try:
        named = [layer for layer in network.layers if pattern and re.match(pattern, layer.name)]
    except re.error as error:
        raise ValueError(
            f"expected a regular expression as optimizer.frozen. Received: '{pattern}': {error}"
        ) from error
    if pattern and not named:
        raise ValueError(
            f"expected a layer whose name begins with '{pattern}', optimizer.frozen. "
            f"Received: none of {len(network.layers)}"
        )
    for layer in network.layers:
        layer.trainable = not (layer in named or isinstance(layer, BatchNormalization))
