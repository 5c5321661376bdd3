"""What lies around each local feature, as further channels of it."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("place_recognition")
class ContextFeatures(keras.layers.Layer):
    """Adds to each local feature the one of a coarser grid that it lies in.

    The coarser grid is enlarged by a whole factor, nearest neighbour, and cut to the finer one's size. What
    comes of it is known as hypercolumns (Hariharan et al., CVPR 2015).

    Input shape:
        two tensors, (B, H, W, C) and (B, h, w, D) float, h ≤ H and w ≤ W.

    Output shape:
        (B, H, W, C + D) float.

    Raises:
        ValueError: if the second grid is the finer one.
    """

    def build(self, input_shape):
        (_, *fine, _), (_, *coarse, _) = input_shape
        if any(many < few for many, few in zip(fine, coarse)):
            raise ValueError(f"expected a second grid of at most {tuple(fine)}. Received: {tuple(coarse)}")

    def call(self, grids):
        local, around = grids
        height, width = local.shape[1:3]
        factors = -(-height // around.shape[1]), -(-width // around.shape[2])
        size = factors[0] * around.shape[1], factors[1] * around.shape[2]
        around = ops.image.resize(around, size, interpolation="nearest", data_format="channels_last")
        return ops.concatenate([local, around[:, :height, :width]], axis=-1)

    def compute_output_shape(self, input_shape):
        local, around = input_shape
        return (*local[:3], local[3] + around[3])
