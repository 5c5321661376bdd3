"""Architecture of the local-feature network: keypoint scores and a dense descriptor map in one pass.

A convolutional encoder to 1/16 of the image and a feature pyramid (Lin et al., CVPR 2017) back to 1/4. The
scores of the 4 × 4 pixels of a cell are 16 channels of that cell, as in SuperPoint (DeTone et al., CVPR
workshops 2018); no layer works in full resolution. Every operation is one that TensorRT 8.2 parses.
"""

import keras
from keras import layers, ops

from place_recognition_ros.descriptor.model_card import CELL

DESCRIPTOR_SIZE = 32
CHANNELS = (8, 24, 32, 32)  # at 1/2, 1/4, 1/8, 1/16 of the image


@keras.saving.register_keras_serializable("place_recognition_ros")
class ImageNormalization(layers.Layer):
    """Zero mean and unit standard deviation of each image, so that exposure and contrast do not matter."""

    def call(self, images):
        """(B, H, W, 1) float32 → the same shape."""
        centered = images - _mean(images)
        return centered / ops.sqrt(_mean(ops.square(centered)) + 1e-5)


def _mean(images):
    """(B, 1, 1, 1): over rows, then over columns; a sum over the whole image would overflow float16."""
    return ops.mean(ops.mean(images, axis=2, keepdims=True), axis=1, keepdims=True)


def build(height, width):
    """An untrained network.

    Args:
        height, width: of the input, pixels, multiples of 16.

    Returns:
        Keras model: (B, height, width, 1) float32 → (B, height / 4, width / 4, 48) float32. Channels 0 to 31
        are the descriptor of the cell, not normalised; 32 to 47 the score logits of its pixels, row by row.

    Raises:
        ValueError: if the size is not a multiple of 16.
    """
    if height % 16 or width % 16 or not height or not width:
        raise ValueError(
            f"expected a height and a width that are multiples of 16. Received: {height} × {width}"
        )
    image = keras.Input((height, width, 1), name="image")
    half, quarter, eighth, sixteenth = CHANNELS
    x2 = _convolution(ImageNormalization(name="normalization")(image), half, kernel=4, stride=2)
    x4 = _convolution(_convolution(x2, quarter, stride=2), quarter)
    x8 = _residual(_convolution(x4, eighth, stride=2))
    x16 = _convolution(_residual(_convolution(x8, sixteenth, stride=2)), sixteenth)
    pyramid = _convolution(_joined(x8, x16), 32)
    pyramid = layers.ReLU()(_joined(x4, pyramid))
    spatial = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(pyramid)
    spatial = layers.ReLU()(layers.BatchNormalization()(spatial))
    descriptor = layers.Conv2D(DESCRIPTOR_SIZE, 1, name="descriptor")(_convolution(spatial, 48, kernel=1))
    context = layers.Conv2D(24, 1)(pyramid)
    scores = layers.ReLU()(layers.Add()([_convolution(x4, 24, activation=False), context]))
    scores = layers.Conv2D(CELL * CELL, 3, padding="same", name="scores")(scores)
    return keras.Model(image, layers.Concatenate(name="features")([descriptor, scores]), name="features")


def _convolution(x, channels, kernel=3, stride=1, activation=True):
    """Convolution with batch normalization, which is folded into it for export."""
    x = layers.Conv2D(channels, kernel, stride, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    return layers.ReLU()(x) if activation else x


def _residual(x):
    channels = x.shape[-1]
    y = _convolution(_convolution(x, channels), channels, activation=False)
    return layers.ReLU()(layers.Add()([x, y]))


def _joined(fine, coarse):
    """A level of the pyramid: 32 channels of it, plus those of the coarser one in twice its size."""
    fine, coarse = layers.Conv2D(32, 1)(fine), layers.Conv2D(32, 1)(coarse)
    return layers.Add()([fine, layers.UpSampling2D(2, interpolation="bilinear")(coarse)])
