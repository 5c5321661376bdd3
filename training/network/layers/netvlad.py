"""NetVLAD: a differentiable vector of locally aggregated descriptors."""

import keras
import numpy as np
from keras import ops

from training.network.layers.l2_normalization import l2_normalize


@keras.saving.register_keras_serializable("place_recognition")
class NetVLAD(keras.layers.Layer):
    """NetVLAD pooling (Arandjelović et al., CVPR 2016, section 3.1, equations 3 and 4).

    Local features x_i of unit length are softly assigned to clusters k, and their residuals summed::

        a_k(x_i) = exp(w_k·x_i + b_k) / Σ_k' exp(w_k'·x_i + b_k')
        V_k = Σ_i a_k(x_i) (x_i - c_k)

    Each V_k is scaled to unit length (intra-normalization), then the whole vector.

    Ghost clusters take part in the assignment but not in the descriptor: they absorb features that carry no
    information about the place (GhostVLAD: Zhong et al., ACCV 2018, section 3.2).

    With ``position`` λ > 0 a residual has two more components, λ (u_i, v_i) - c_k, where u and v range from
    -1 to 1 over the image, so the descriptor encodes where the features of a cluster are. The assignment
    does not depend on the position.

    Args:
        clusters: number of clusters, K.
        ghosts: number of ghost clusters, G.
        normalize_input: whether local features are scaled to unit length first.
        position: weight λ of a feature's position in the image; 0: not used.

    Input shape:
        (B, H, W, D) float.

    Output shape:
        (B, K · D) float, unit norm; cluster by cluster. With ``position`` D + 2 in place of D.

    Raises:
        ValueError: if ``clusters`` is less than 1, ``ghosts`` or ``position`` less than 0.
    """

    def __init__(self, clusters, ghosts=0, normalize_input=True, position=0.0, **kwargs):
        super().__init__(**kwargs)
        if clusters < 1 or ghosts < 0 or position < 0:
            raise ValueError(
                "expected at least 1 cluster, 0 ghosts and a position ≥ 0. "
                f"Received: clusters={clusters}, ghosts={ghosts}, position={position}"
            )
        self.clusters = clusters
        self.ghosts = ghosts
        self.normalize_input = normalize_input
        self.position = position

    def build(self, input_shape):
        depth = input_shape[-1]
        every = self.clusters + self.ghosts
        self.kernel = self.add_weight(name="kernel", shape=(depth, every))
        self.bias = self.add_weight(name="bias", shape=(every,), initializer="zeros")
        self.centers = self.add_weight(name="centers", shape=(self.clusters, self._depth(depth)))

    def call(self, features):
        height, width, depth = features.shape[1:]
        x = ops.reshape(features, (-1, height * width, depth))
        if self.normalize_input:
            x = l2_normalize(x)
        assignment = ops.softmax(ops.matmul(x, self.kernel) + self.bias, axis=-1)
        if self.ghosts:
            assignment = assignment[..., : self.clusters]
        assignment = ops.transpose(assignment, (0, 2, 1))  # (B, K, H·W)
        mass = ops.sum(assignment, axis=-1, keepdims=True)
        if self.position:
            places = ops.ones_like(x[..., :2]) * self._places(height, width)
            x = ops.concatenate([x, places], axis=-1)
        residuals = ops.matmul(assignment, x) - mass * self.centers
        residuals = l2_normalize(residuals)
        return l2_normalize(ops.reshape(residuals, (-1, self.clusters * self._depth(depth))))

    def _depth(self, depth):
        """Number of components of a residual."""
        return depth + 2 * (self.position > 0)

    def _places(self, height, width):
        """Position of each local feature in the image, times λ: (H · W, 2) float32."""
        v, u = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
        return np.float32(self.position * np.stack([u.ravel(), v.ravel()], axis=1))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.clusters * self._depth(input_shape[-1]))

    def get_config(self):
        return {
            **super().get_config(),
            "clusters": self.clusters,
            "ghosts": self.ghosts,
            "normalize_input": self.normalize_input,
            "position": self.position,
        }

    def set_centers(self, centers, sharpness):
        """Initialize from cluster centres as in the paper: w_k = 2α c_k, b_k = -α |c_k|².

        Args:
            centers: (K + G, D) float, for example k-means centres of unit-length local features; the
                last G are those of the ghost clusters.
            sharpness: α > 0; larger values are closer to hard assignment.
        """
        centers = np.asarray(centers, np.float32)
        self.centers.assign(np.pad(centers[: self.clusters], ((0, 0), (0, 2 * (self.position > 0)))))
        self.kernel.assign(2.0 * sharpness * centers.T)
        self.bias.assign(-sharpness * np.sum(centers**2, axis=1))
