"""MobileNet V1, width 1.0 (Howard et al., arXiv 1704.04861, Table 1), up to a chosen block.

Layers have the names of keras.applications, so that weights can be assigned by name.
"""

import numpy as np
from keras import layers

from training.network.backbones.gray import for_gray

_BLOCKS = (  # (output channels, stride) of depthwise-separable blocks 1 to 13
    (64, 1),
    (128, 2),
    (128, 1),
    (256, 2),
    (256, 1),
    (512, 2),
    (512, 1),
    (512, 1),
    (512, 1),
    (512, 1),
    (512, 1),
    (1024, 2),
    (1024, 1),
)
_BATCH_NORM_EPSILON = 1e-3


def mobilenet(image, last_block):
    """Build the backbone.

    Args:
        image: Keras tensor of RGB or gray images, pixel / 127.5 - 1.
        last_block: number of the depthwise-separable block to stop after, 1 to 13; the features are
            ``conv_pw_<last_block>`` after batch normalization and ReLU6.

    Input shape:
        (B, H, W, 3) or (B, H, W, 1) float32.

    Output shape:
        (B, ceil(H / s), ceil(W / s), C) float32, 0 to 6; stride s = 16 and C = 512 for blocks 6 to 11.

    Raises:
        ValueError: if there is no such block.
    """
    if not 1 <= last_block <= len(_BLOCKS):
        raise ValueError(f"expected last_block from 1 to {len(_BLOCKS)}. Received: {last_block}")
    convolution = layers.Conv2D(32, 3, strides=2, padding="same", use_bias=False, name="conv1")
    features = _normalized_relu6(convolution(image), "conv1")
    for number, (channels, stride) in enumerate(_BLOCKS[:last_block], start=1):
        depthwise = layers.DepthwiseConv2D(
            3, strides=stride, padding="same", use_bias=False, name=f"conv_dw_{number}"
        )
        pointwise = layers.Conv2D(channels, 1, use_bias=False, name=f"conv_pw_{number}")
        features = _normalized_relu6(depthwise(features), f"conv_dw_{number}")
        features = _normalized_relu6(pointwise(features), f"conv_pw_{number}")
    return features


def load_mobilenet_weights(model, path):
    """Load the weights of the backbone layers of a model.

    Args:
        model: Keras model with layers of :func:`mobilenet`; other layers are not changed.
        path: .npz file of arrays ``layer|weight`` with the names of keras.applications; the first kernel
            is for RGB, and summed over the colours if the input is gray.

    Raises:
        ValueError: if a weight is missing or has another shape.
    """
    with np.load(path, allow_pickle=False) as stored:
        for layer in model.layers:
            if not layer.name.startswith(("conv1", "conv_dw_", "conv_pw_")):
                continue
            for variable in layer.weights:
                _assign(variable, stored, f"{layer.name}|{_stored_name(layer, variable)}", path)


def _assign(variable, stored, key, path):
    if key not in stored:
        raise ValueError(f"expected '{key}' in '{path}'. Received: no such array")
    weight = stored[key].astype(np.float32)
    if key == "conv1|kernel":
        weight = for_gray(weight, variable.shape)
    if weight.shape != tuple(variable.shape):
        raise ValueError(
            f"expected '{key}' of shape {tuple(variable.shape)} in '{path}'. Received: {weight.shape}"
        )
    variable.assign(weight)


def _stored_name(layer, variable):
    depthwise_kernel = isinstance(layer, layers.DepthwiseConv2D) and variable.name == "kernel"
    return "depthwise_kernel" if depthwise_kernel else variable.name


def _normalized_relu6(features, name):
    features = layers.BatchNormalization(epsilon=_BATCH_NORM_EPSILON, name=f"{name}_bn")(features)
    return layers.ReLU(6.0, name=f"{name}_relu")(features)
