"""NetVLAD: a soft, differentiable vector of locally aggregated descriptors."""

import keras
import numpy as np
from keras import ops

from training.layers.l2_normalization import l2_normalize


@keras.saving.register_keras_serializable("place_recognition")
class NetVLAD(keras.layers.Layer):
    """NetVLAD pooling (Arandjelović et al., CVPR 2016, section 3.1, equations 3 and 4).

    Local features x_i of unit length are softly assigned to clusters k, and their residuals summed::

        a_k(x_i) = exp(w_k·x_i + b_k) / Σ_k' exp(w_k'·x_i + b_k')
        V_k = Σ_i a_k(x_i) (x_i - c_k)

    Each V_k is scaled to unit length (intra-normalisation), then all of them together.

    Args:
        clusters: number of clusters, K.

    Input shape:
        (B, H, W, D) float; need not be of unit length, the layer sees to it.

    Output shape:
        (B, K · D) float, unit norm; cluster by cluster.

    Raises:
        ValueError: if ``clusters`` is less than 1.
    """

    def __init__(self, clusters, **kwargs):
        super().__init__(**kwargs)
        if clusters < 1:
            raise ValueError(f"expected at least 1 cluster. Received: clusters={clusters}")
        self.clusters = clusters

    def build(self, input_shape):
        depth = input_shape[-1]
        self.kernel = self.add_weight(name="kernel", shape=(depth, self.clusters))
        self.bias = self.add_weight(name="bias", shape=(self.clusters,), initializer="zeros")
        self.centers = self.add_weight(name="centers", shape=(self.clusters, depth))

    def call(self, features):
        height, width, depth = features.shape[1:]
        x = l2_normalize(ops.reshape(features, (-1, height * width, depth)))
        assignment = ops.softmax(ops.matmul(x, self.kernel) + self.bias, axis=-1)
        assignment = ops.transpose(assignment, (0, 2, 1))  # (B, K, H·W)
        mass = ops.sum(assignment, axis=-1, keepdims=True)
        residuals = ops.matmul(assignment, x) - mass * self.centers
        residuals = l2_normalize(residuals)
        return l2_normalize(ops.reshape(residuals, (-1, self.clusters * depth)))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.clusters * input_shape[-1])

    def get_config(self):
        return {**super().get_config(), "clusters": self.clusters}

    def set_centers(self, centers, sharpness):
        """Start from cluster centres as the paper does: w_k = 2α c_k, b_k = -α |c_k|².

        Args:
            centers: (K, D) float, for example the k-means centres of unit-length local features.
            sharpness: α > 0; the larger, the nearer to hard assignment.
        """
        centers = np.asarray(centers, np.float32)
        self.centers.assign(centers)
        self.kernel.assign(2.0 * sharpness * centers.T)
        self.bias.assign(-sharpness * np.sum(centers**2, axis=1))
