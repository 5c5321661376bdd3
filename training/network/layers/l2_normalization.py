"""Normalization to unit length."""

import keras
from keras import ops

# 1e-6 instead of the usual 1e-12, which is zero in the half precision of an embedded GPU.
EPSILON = 1e-6


def l2_normalize(x):
    """Scale the last axis to length 1; the zero vector stays zero."""
    length = ops.sqrt(ops.sum(x * x, axis=-1, keepdims=True))
    return x / ops.maximum(length, EPSILON)


@keras.saving.register_keras_serializable("place_recognition")
class L2Normalization(keras.layers.Layer):
    """Scales the last axis to unit length.

    keras.layers.UnitNormalization does the same, with operations that TensorRT 8.2 may not support.

    Input shape:
        (B, ..., D) float.

    Output shape:
        The same; length 1 along the last axis, 0 where the input is 0.
    """

    def call(self, x):
        return l2_normalize(x)

    def compute_output_shape(self, input_shape):
        return input_shape
