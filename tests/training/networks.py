"""Networks for several tests."""

import keras
import numpy as np

from training.network.backbones import mobilenet


def normalized_mobilenet(height, width, last_block):
    """A MobileNet with random weights, also in its batch normalization."""
    keras.utils.set_random_seed(0)
    image = keras.Input((height, width, 3))
    model = keras.Model(image, mobilenet(image, last_block))
    randomize_normalization(model)
    return model


def randomize_normalization(model):
    """Set random weights of batch normalization, so that omitted or exchanged ones are found."""
    random = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([random.uniform(0.5, 1.5, weight.shape) for weight in layer.weights])
