"""MobileNetV2, width 1.0 (Sandler et al., arXiv 1801.04381, Table 2), up to a chosen block.

Without batch normalization: the initial weights have it folded into kernels and biases.
Layers have the names of keras.applications.
"""

import keras
import numpy as np
from keras import layers

from training.network.backbones.gray import for_gray

_STAGES = (  # (expansion, output channels, blocks, stride of the first block)
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
_BLOCKS = tuple(  # (expansion, output channels, stride) of blocks 0 to 16
    (expansion, channels, stride if index == 0 else 1)
    for expansion, channels, count, stride in _STAGES
    for index in range(count)
)


def mobilenet_v2(image, last_block):
    """Build the backbone.

    Args:
        image: Keras tensor of RGB or gray images, pixel / 127.5 - 1.
        last_block: number of the bottleneck to stop after, 0 to 16; the features are
            ``block_<last_block>_project``, with the residual connection where the block has one.

    Input shape:
        (B, H, W, 3) or (B, H, W, 1) float32.

    Output shape:
        (B, ceil(H / s), ceil(W / s), C) float32, not rectified; stride s = 16 for blocks 6 to 12,
        C = 64 for blocks 6 to 9 and 96 for blocks 10 to 12.

    Raises:
        ValueError: if there is no such block.
    """
    if not 0 <= last_block < len(_BLOCKS):
        raise ValueError(f"expected last_block from 0 to {len(_BLOCKS) - 1}. Received: {last_block}")
    convolution = layers.Conv2D(32, 3, strides=2, padding="same", name="Conv1")
    features = layers.ReLU(6.0, name="Conv1_relu")(convolution(image))
    for number, (expansion, channels, stride) in enumerate(_BLOCKS[: last_block + 1]):
        name = f"block_{number}" if number else "expanded_conv"
        features = _bottleneck(features, expansion, channels, stride, name)
    return features


def load_mobilenet_v2_weights(model, path):
    """Load the weights of the backbone's convolutions.

    Args:
        model: Keras model that begins with :func:`mobilenet_v2`; other layers are not changed.
        path: .npz file of arrays ``NN_<op>_s<stride>_w`` and ``…_b``, NN counting convolutions in
            network order; kernels (out, height, width, in), depthwise ones (1, height, width, channels).
            The first is for RGB, and summed over the colours if the input is gray.

    Raises:
        ValueError: if a weight is missing or has another shape.
    """
    convolutions = [layer for layer in model.layers if _is_backbone(layer)]
    with np.load(path, allow_pickle=False) as stored:
        kernels = sorted(key for key in stored if key.endswith("_w"))
        if len(kernels) < len(convolutions):
            raise ValueError(
                f"expected {len(convolutions)} convolutions in '{path}'. Received: {len(kernels)}"
            )
        for layer, key in zip(convolutions, kernels):
            kernel = np.transpose(stored[key].astype(np.float32), (1, 2, 3, 0))
            if layer.name == "Conv1":
                kernel = for_gray(kernel, layer.weights[0].shape)
            bias = stored[key[:-1] + "b"].astype(np.float32)
            expected = tuple(layer.weights[0].shape)
            if kernel.shape != expected:
                raise ValueError(
                    f"expected a kernel {expected} for '{layer.name}' in '{path}'. "
                    f"Received: '{key}', {kernel.shape}"
                )
            layer.set_weights([kernel, bias])


def normalization_of(name):
    """Name of the batch normalization after a convolution in keras.applications."""
    return "bn_Conv1" if name == "Conv1" else f"{name}_BN"


def _bottleneck(x, expansion, channels, stride, name):
    narrow = x
    if expansion > 1:
        x = layers.Conv2D(expansion * x.shape[-1], 1, name=f"{name}_expand")(x)
        x = layers.ReLU(6.0, name=f"{name}_expand_relu")(x)
    x = layers.DepthwiseConv2D(3, strides=stride, padding="same", name=f"{name}_depthwise")(x)
    x = layers.ReLU(6.0, name=f"{name}_depthwise_relu")(x)
    x = layers.Conv2D(channels, 1, name=f"{name}_project")(x)
    if stride == 1 and narrow.shape[-1] == channels:
        x = layers.Add(name=f"{name}_add")([narrow, x])
    return x


def _is_backbone(layer):
    convolution = isinstance(layer, (keras.layers.Conv2D, keras.layers.DepthwiseConv2D))
    return convolution and layer.name.startswith(("Conv1", "expanded_conv_", "block_"))
