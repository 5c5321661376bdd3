"""Context of local features, as additional channels."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("place_recognition")
class ContextFeatures(keras.layers.Layer):
    """Appends to each local feature the feature of a coarser grid at the same position.

    The coarser grid is enlarged by an integer factor (nearest neighbour) and cropped to the size of the finer
    one: hypercolumns (Hariharan et al., CVPR 2015).

    Input shape:
        two tensors, (B, H, W, C) and (B, h, w, D) float, h ≤ H and w ≤ W.

    Output shape:
        (B, H, W, C + D) float.

    Raises:
        ValueError: if the second grid is finer than the first.
    """

    def build(self, input_shape):
        (_, *fine, _), (_, *coarse, _) = input_shape
        if any(many < few for many, few in zip(fine, coarse)):
            raise ValueError(f"expected a second grid of at most {tuple(fine)}. Received: {tuple(coarse)}")

    def call(self, grids):
        local, context = grids
        height, width = local.shape[1:3]
        factors = -(-height // context.shape[1]), -(-width // context.shape[2])
        size = factors[0] * context.shape[1], factors[1] * context.shape[2]
        context = ops.image.resize(context, size, interpolation="nearest", data_format="channels_last")
        return ops.concatenate([local, context[:, :height, :width]], axis=-1)

    def compute_output_shape(self, input_shape):
        local, context = input_shape
        return (*local[:3], local[3] + context[3])
