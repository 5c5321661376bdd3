"""Whitening: an affine projection, initialized by a fit to descriptors."""

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable("place_recognition")
class Whitening(keras.layers.Layer):
    """Projects descriptors to fewer, decorrelated components: y = x P + b.

    Args:
        size: number of components.

    Input shape:
        (B, D) float.

    Output shape:
        (B, size) float; not of unit length.

    Raises:
        ValueError: if ``size`` is less than 1.
    """

    def __init__(self, size, **kwargs):
        super().__init__(**kwargs)
        if size < 1:
            raise ValueError(f"expected at least 1 component. Received: size={size}")
        self.size = size

    def build(self, input_shape):
        self.kernel = self.add_weight(name="kernel", shape=(input_shape[-1], self.size))
        self.bias = self.add_weight(name="bias", shape=(self.size,), initializer="zeros")

    def call(self, x):
        return ops.matmul(x, self.kernel) + self.bias

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.size)

    def get_config(self):
        return {**super().get_config(), "size": self.size}

    def set_projection(self, mean, projection):
        """Set the weights such that the output is (x - mean) · projection.

        The matrix is rounded to half precision, in which the export stores it, so that the exported network
        is equal to this one.

        Args:
            mean: (D,) float.
            projection: (D, size) float.
        """
        projection = _rounded(projection)
        self.kernel.assign(projection)
        self.bias.assign(-np.asarray(mean, np.float32) @ projection)

    def multiply(self, matrix):
        """Multiply the output by a matrix, rounded likewise.

        Args:
            matrix: (size, size) float.
        """
        kernel, bias = (np.asarray(weight, np.float64) @ matrix for weight in (self.kernel, self.bias))
        self.kernel.assign(_rounded(kernel))
        self.bias.assign(bias)


def _rounded(matrix):
    """Rounded to half precision: float32."""
    return np.asarray(matrix, np.float16).astype(np.float32)
