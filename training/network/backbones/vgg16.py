"""VGG16 (Simonyan and Zisserman, arXiv 1409.1556, table 1, column D), up to a chosen block.

Layers have the names of keras.applications. Its weights expect BGR pixels minus the mean of ImageNet; the
layer "caffe_input" computes them from RGB / 127.5 - 1, so that all backbones have the same pre-processing.
"""

import numpy as np
from keras import layers

_BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # (channels, convolutions)
_MEAN_BGR = (103.939, 116.779, 123.68)


def vgg16(image, last_block):
    """Build the backbone.

    Args:
        image: Keras tensor of RGB or gray images, pixel / 127.5 - 1.
        last_block: number of the last block, 1 to 5; the features are the output of its last
            convolution before ReLU, as in NetVLAD (conv5_3).

    Input shape:
        (B, H, W, 3) or (B, H, W, 1) float32.

    Output shape:
        (B, H / s, W / s, C) float32, rounded down, not rectified; stride s = 2 ** (last_block - 1).

    Raises:
        ValueError: if there is no such block.
    """
    if not 1 <= last_block <= len(_BLOCKS):
        raise ValueError(f"expected last_block from 1 to {len(_BLOCKS)}. Received: {last_block}")
    x = layers.Conv2D(3, 1, name="caffe_input")(image)
    for block, (channels, convolutions) in enumerate(_BLOCKS[:last_block], start=1):
        if block > 1:
            x = layers.MaxPooling2D(2, name=f"block{block - 1}_pool")(x)
        for number in range(1, convolutions + 1):
            name = f"block{block}_conv{number}"
            x = layers.Conv2D(channels, 3, padding="same", name=name)(x)
            if (block, number) != (last_block, convolutions):
                x = layers.ReLU(name=f"{name}_relu")(x)
    return x


def caffe_input(channels):
    """Weights of the layer "caffe_input": kernel (1, 1, channels, 3), bias (3,)."""
    kernel = np.eye(3)[::-1] if channels == 3 else np.ones((1, 3))
    scaled = (127.5 * kernel)[None, None].astype(np.float32)
    return [scaled, (127.5 - np.array(_MEAN_BGR)).astype(np.float32)]
