"""What a picture looks like place by place, beside what it looks like as a whole."""

import math

import keras
from keras import ops

from training.layers.l2_normalization import l2_normalize


@keras.saving.register_keras_serializable("place_recognition")
class Layout(keras.layers.Layer):
    """Appends a grid's cells, one after the other, to a descriptor.

    The cells' mean is taken from each, and with it much of what the light did to all of them; what is left is
    scaled to unit length, so that a dull cell tells as much as a lively one, all of them together to the
    weight λ, and the whole to unit length again. The descriptor tells what is there, from whatever side; the
    cells tell where (a level of a spatial pyramid: Lazebnik et al., CVPR 2006).

    Args:
        weight: λ > 0, the cells' length beside the descriptor's.

    Input shape:
        two tensors, (B, D) float of unit norm, and (B, h, w, C) float.

    Output shape:
        (B, D + h · w · C) float, unit norm.

    Raises:
        ValueError: if ``weight`` is not above 0.
    """

    def __init__(self, weight, **kwargs):
        super().__init__(**kwargs)
        if not weight > 0:
            raise ValueError(f"expected a weight above 0. Received: weight={weight}")
        self.weight = weight

    def call(self, inputs):
        descriptor, cells = inputs
        height, width, depth = cells.shape[1:]
        cells = l2_normalize(cells - ops.mean(cells, axis=(1, 2), keepdims=True))
        cells = ops.reshape(cells, (-1, height * width * depth))
        unit = math.sqrt(1 + self.weight**2)
        share = self.weight / (unit * math.sqrt(height * width))
        return ops.concatenate([descriptor / unit, cells * share], axis=-1)

    def compute_output_shape(self, input_shape):
        descriptor, cells = input_shape
        return (descriptor[0], descriptor[1] + math.prod(cells[1:]))

    def get_config(self):
        return {**super().get_config(), "weight": self.weight}
