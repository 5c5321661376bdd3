"""Folding of batch normalization into the preceding convolution."""

import keras
import numpy as np
from keras.layers import BatchNormalization, Conv2D, DepthwiseConv2D, Identity


def fold_batch_normalization(model):
    """The same network without batch normalization, for inference.

    Args:
        model: functional Keras model in which every BatchNormalization follows a Conv2D or
            DepthwiseConv2D that has neither bias nor activation.

    Returns:
        A new Keras model with the same output up to rounding.

    Raises:
        ValueError: if a BatchNormalization follows something else.
    """
    normalizations = {
        _convolution_before(layer).name: layer
        for layer in model.layers
        if isinstance(layer, BatchNormalization)
    }

    def clone(layer):
        if isinstance(layer, BatchNormalization):
            return Identity(name=layer.name)
        config = layer.get_config()
        if layer.name in normalizations:
            config["use_bias"] = True
        return type(layer).from_config(config)

    def call(layer, *inputs, **options):
        return inputs[0] if isinstance(layer, Identity) else layer(*inputs, **options)

    folded = keras.models.clone_model(model, clone_function=clone, call_function=call)
    for layer in model.layers:
        if layer.name in normalizations:
            folded.get_layer(layer.name).set_weights(fold(layer, normalizations[layer.name]))
        elif layer.weights and not isinstance(layer, BatchNormalization):
            folded.get_layer(layer.name).set_weights(layer.get_weights())
    return folded


def _convolution_before(normalization):
    layer = normalization.input._keras_history.operation
    foldable = isinstance(layer, (Conv2D, DepthwiseConv2D)) and not layer.use_bias
    if not foldable or layer.activation is not keras.activations.linear:
        raise ValueError(
            f"expected a convolution without bias and activation before '{normalization.name}'. "
            f"Received: '{layer.name}'"
        )
    return layer


def fold(convolution, normalization):
    """Kernel and bias of a convolution equal to both layers: γ (k∗x - μ) / √(σ² + ε) + β."""
    (kernel,) = convolution.get_weights()
    depthwise = isinstance(convolution, DepthwiseConv2D)
    return fold_arrays(kernel, normalization.get_weights(), normalization.epsilon, depthwise)


def fold_arrays(kernel, normalization, epsilon, depthwise):
    """Fold arrays, see :func:`fold`.

    Args:
        kernel: (H, W, in, out) float; depthwise (H, W, channels, 1).
        normalization: γ, β, μ, σ², (out,) float each.
        epsilon: ε.
        depthwise: whether the convolution is depthwise.

    Returns:
        Kernel of the same shape, bias (out,).
    """
    gamma, beta, mean, variance = normalization
    scale = gamma / np.sqrt(variance + epsilon)
    return [kernel * (scale[:, None] if depthwise else scale), beta - mean * scale]
