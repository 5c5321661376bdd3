"""Initial weights from statistics of images, without gradients."""

import keras
import numpy as np

from place_recognition_ros.descriptor.preprocess import prepare
from training.learning.statistics import kmeans, place_whitening, principal_components
from training.network.build import first_head_layer

_WEIGHT = 0.03  # root mean square of the whitening's weights; about 1/100 of the fitted ones


class AugmentedViews:
    """Network input of each image, unchanged and then augmented.

    Args:
        images: sequence of (H, W, 3) uint8 BGR.
        indices: of the images to use.
        spec: the network's InputSpec.
        augment: callable (image, seed) → image.
        copies: number of augmented copies per image.

    Yields:
        (1 + copies, H, W, C) float32 for each image; equal in every iteration.
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
    """Fit reduction, clusters and whitening, as far as the network has these layers, to images.

    The backbone must have its weights already.

    Args:
        network: Keras model of :func:`training.network.build.build_network`.
        config: a :class:`training.learning.config.StartConfig`.
        images: sequence of (H, W, 3) uint8 BGR.
        indices: of the images to use.
        spec: the network's InputSpec.
        augment: callable (image, seed) → image.
    """
    once = AugmentedViews(images, indices, spec, augment, 1)
    initialize_pooling(network, once, config.equalization, config.sharpness)
    if "whitening" in [layer.name for layer in network.layers]:
        views = AugmentedViews(images, indices, spec, augment, config.copies)
        fit_whitening(network, views, config.shrinkage)


def fit_whitening(network, views, shrinkage):
    """Fit the layer "whitening" to pooled features of several views of each place.

    Its scale, which does not change the unit-norm descriptor, is chosen such that an optimizer changes its
    weights as fast as the others.

    Args:
        network: Keras model.
        views: :class:`AugmentedViews` with at least one copy of each image.
        shrinkage: see :func:`training.learning.statistics.place_whitening`.
    """
    whitening = network.get_layer("whitening")
    pooling = keras.Model(network.input, whitening.input)
    samples = np.stack([pooling.predict_on_batch(batch) for batch in views])
    mean, projection = place_whitening(samples, whitening.size, shrinkage)
    whitening.set_projection(mean, projection * (_WEIGHT / np.sqrt(np.mean(projection**2))))


def initialize_pooling(network, batches, equalization, sharpness, per_image=40, seed=0):
    """Fit the layer "reduction", if there is one, by PCA, then the layer "netvlad" by k-means.

    Args:
        network: Keras model of :func:`training.network.build.build_network`, backbone weights loaded.
        batches: iterable of (B, H, W, C) float32 network input.
        equalization: 0 keeps the variances of the principal components, 1 makes them equal (whitening
            of the local features); values between interpolate.
        sharpness: of the soft assignment, see :meth:`training.network.layers.NetVLAD.set_centers`.
        per_image: number of local features taken from each image.
        seed: of the random choice of features and initial centres.
    """
    netvlad, first = network.get_layer("netvlad"), first_head_layer(network)
    backbone = keras.Model(network.input, first.input)
    random = np.random.default_rng(seed)
    features = np.concatenate(
        [_sample(backbone.predict_on_batch(batch), per_image, random) for batch in batches]
    )
    if first is not netvlad:
        features = _fit_reduction(first, features, equalization)
    if netvlad.normalize_input:
        features = features / np.linalg.norm(features, axis=1, keepdims=True)
    netvlad.set_centers(kmeans(features, netvlad.clusters + netvlad.ghosts, seed), sharpness)


def _fit_reduction(reduction, features, equalization):
    """Set the layer's weights by PCA of (N, D) local features; returns its output for them, (N, filters)."""
    mean, variances, directions = principal_components(features)
    kept = slice(reduction.filters)
    projection = directions[:, kept] / np.maximum(variances[kept], 1e-9) ** (equalization / 2)
    reduction.set_weights([np.float32(projection[None, None]), np.float32(-mean @ projection)])
    return np.float32((features - mean) @ projection)


def _sample(grids, count, random):
    """Up to ``count`` random features of each grid: (B, H, W, D) → (B · count, D)."""
    flat = grids.reshape(len(grids), -1, grids.shape[-1])
    count = min(count, flat.shape[1])
    return np.concatenate([grid[random.choice(len(grid), count, replace=False)] for grid in flat])
