"""Weights of a network from statistics of pictures, without gradients."""

import keras
import numpy as np

from training.fitting import kmeans, principal_components


def initialize_pooling(network, batches, equalization, sharpness, per_picture=40, seed=0):
    """PCA for the layer "reduction", then k-means for the layer "netvlad".

    Args:
        network: Keras model of :func:`training.network.build_network`, its backbone already loaded.
        batches: iterable of (B, H, W, C) float32 pictures.
        equalization: 0 leaves the principal components their variances, 1 makes all equal (whitens
            the local features), values between do so in part.
        sharpness: of the assignment, see :meth:`training.layers.NetVLAD.set_centers`.
        per_picture: number of local features that each picture gives.
        seed: of the choice of features and first centres.
    """
    reduction, netvlad = network.get_layer("reduction"), network.get_layer("netvlad")
    backbone = keras.Model(network.input, reduction.input)
    random = np.random.default_rng(seed)
    features = np.concatenate(
        [_some(backbone.predict_on_batch(batch), per_picture, random) for batch in batches]
    )
    mean, variances, directions = principal_components(features)
    kept = slice(reduction.filters)
    projection = directions[:, kept] / np.maximum(variances[kept], 1e-9) ** (equalization / 2)
    reduction.set_weights([np.float32(projection[None, None]), np.float32(-mean @ projection)])
    reduced = np.float32((features - mean) @ projection)
    reduced /= np.linalg.norm(reduced, axis=1, keepdims=True)
    netvlad.set_centers(kmeans(reduced, netvlad.clusters, seed), sharpness)


def pooled_descriptors(network, batches):
    """What the layer "netvlad" answers.

    Args:
        network: Keras model of :func:`training.network.build_network`.
        batches: iterable of (B, H, W, C) float32 pictures.

    Returns:
        (N, K · D) float32, unit norm.
    """
    pooling = keras.Model(network.input, network.get_layer("netvlad").output)
    return np.concatenate([pooling.predict_on_batch(batch) for batch in batches])


def _some(grids, count, random):
    """``count`` random features of each grid: (B, H, W, D) to (B · count, D)."""
    flat = grids.reshape(len(grids), -1, grids.shape[-1])
    return np.concatenate([grid[random.choice(len(grid), count, replace=False)] for grid in flat])
