"""Weights of a network from statistics of images, without gradients."""

import keras
import numpy as np

from place_recognition_ros.descriptor.preprocess import prepare
from training.learning.statistics import kmeans, place_whitening, principal_components
from training.network.build import first_head_layer

_WEIGHT = 0.03  # root mean square of the whitening's weights; as fitted they are some hundred times that


class Views:
    """Batches of network input: each image as it is, then as it would look on other visits.

    Args:
        images: by index, (H, W, 3) uint8 BGR each.
        indices: of those to show.
        spec: the network's InputSpec.
        augment: (image, seed) ► image.
        copies: number of other visits that follow each image.

    Yields:
        (1 + copies, H, W, C) float32, one image at a time; the same ones each time it is iterated.
    """

    def __init__(self, images, indices, spec, augment, copies=0):
        self._images, self._indices, self._spec = images, indices, spec
        self._augment, self._copies = augment, copies

    def __iter__(self):
        for number, index in enumerate(self._indices):
            image = self._images[index]
            seeds = range(number * self._copies, (number + 1) * self._copies)
            views = [image, *(self._augment(image, seed) for seed in seeds)]
            yield np.concatenate([prepare(view, self._spec) for view in views])


def initialize(network, config, images, indices, spec, augment):
    """Reduction, clusters and whitening from images, as far as the network has them.

    The backbone has its weights already.

    Args:
        network: Keras model of :func:`training.network.build.build_network`.
        config: a :class:`training.config.StartConfig`.
        images: by index, (H, W, 3) uint8 BGR each.
        indices: of those to look at.
        spec: the network's InputSpec.
        augment: (image, seed) ► image.
    """
    once = Views(images, indices, spec, augment, 1)
    initialize_pooling(network, once, config.equalization, config.sharpness)
    if "whitening" in [layer.name for layer in network.layers]:
        fit_whitening(network, Views(images, indices, spec, augment, config.copies), config.shrinkage)


def fit_whitening(network, views, shrinkage):
    """Fit the layer "whitening" to what the network pools from views of places.

    Its scale, which the unit norm after it takes away, is that of weights that an optimizer moves as fast
    as the others.

    Args:
        network: Keras model.
        views: a :class:`Views` with at least one copy of each image.
        shrinkage: see :func:`training.learning.statistics.place_whitening`.
    """
    whitening = network.get_layer("whitening")
    pooling = keras.Model(network.input, whitening.input)
    samples = np.stack([pooling.predict_on_batch(batch) for batch in views])
    mean, projection = place_whitening(samples, whitening.size, shrinkage)
    whitening.set_projection(mean, projection * (_WEIGHT / np.sqrt(np.mean(projection**2))))


def initialize_pooling(network, batches, equalization, sharpness, per_image=40, seed=0):
    """PCA for the layer "reduction", if there is one, then k-means for the layer "netvlad".

    Args:
        network: Keras model of :func:`training.network.build.build_network`, its backbone already loaded.
        batches: iterable of (B, H, W, C) float32 images.
        equalization: 0 leaves the principal components their variances, 1 makes all equal (whitens
            the local features), values between do so in part.
        sharpness: of the assignment, see :meth:`training.network.layers.NetVLAD.set_centers`.
        per_image: number of local features that each image gives.
        seed: of the choice of features and first centres.
    """
    netvlad, first = network.get_layer("netvlad"), first_head_layer(network)
    backbone = keras.Model(network.input, first.input)
    random = np.random.default_rng(seed)
    features = np.concatenate(
        [_some(backbone.predict_on_batch(batch), per_image, random) for batch in batches]
    )
    if first is not netvlad:
        features = _fit_reduction(first, features, equalization)
    if netvlad.normalize_input:
        features = features / np.linalg.norm(features, axis=1, keepdims=True)
    netvlad.set_centers(kmeans(features, netvlad.clusters + netvlad.ghosts, seed), sharpness)


def _fit_reduction(reduction, features, equalization):
    """PCA of (N, D) local features as the layer's weights; what the layer makes of them, (N, filters)."""
    mean, variances, directions = principal_components(features)
    kept = slice(reduction.filters)
    projection = directions[:, kept] / np.maximum(variances[kept], 1e-9) ** (equalization / 2)
    reduction.set_weights([np.float32(projection[None, None]), np.float32(-mean @ projection)])
    return np.float32((features - mean) @ projection)


def _some(grids, count, random):
    """``count`` random features of each grid, or all: (B, H, W, D) to (B · count, D)."""
    flat = grids.reshape(len(grids), -1, grids.shape[-1])
    count = min(count, flat.shape[1])
    return np.concatenate([grid[random.choice(len(grid), count, replace=False)] for grid in flat])
