"""Statistics for weights that are fitted without gradients: PCA, k-means, whitening.

All functions are deterministic: equal input and seed give equal output.
"""

import numpy as np
import scipy.linalg


def principal_components(samples):
    """Principal components, by decreasing variance.

    Args:
        samples: (N, D) float.

    Returns:
        mean (D,), variances (D,) in decreasing order, directions (D, D) in columns; float64.
    """
    mean = samples.mean(axis=0, dtype=np.float64)
    variances, directions = np.linalg.eigh(_covariance(samples - mean.astype(samples.dtype)))
    return mean, np.maximum(variances[::-1], 0.0), directions[:, ::-1]


def place_whitening(samples, size, shrinkage=0.1):
    """Whiten the variation within places, then keep the principal components of the result.

    The "learned whitening" of Radenović et al. (TPAMI 2019, section 3.3, after Mikolajczyk and Matas,
    ICCV 2007), also known as linear discriminant analysis.

    Args:
        samples: (N, V, D) float, V views of each of N places.
        size: number of components to keep.
        shrinkage: share of the mean variance within places that is added to the variance of each direction,
            so that directions with a badly estimated, small variance are not amplified.

    Returns:
        mean (D,), projection (D, size), by decreasing variance; without shrinkage, the covariance of
        (samples - mean) @ projection is the identity within places and diagonal over all samples.

    Raises:
        ValueError: if there are too few samples for ``size`` components, or only one view of each place.
    """
    places, views, depth = samples.shape
    if views < 2 or size > min(places * (views - 1), depth):
        raise ValueError(
            f"expected 2 or more views of each place and at least {size} components. "
            f"Received: shape {samples.shape}"
        )
    mean = samples.mean(axis=(0, 1), dtype=np.float64)
    within = _covariance(samples - samples.mean(axis=1, keepdims=True)) * views / (views - 1)
    within[np.diag_indices(depth)] += shrinkage * np.trace(within) / depth
    total = _covariance(samples - mean.astype(samples.dtype))
    _, projection = scipy.linalg.eigh(total, within, subset_by_index=(depth - size, depth - 1))
    return mean, projection[:, ::-1]


def within_places(samples):
    """Covariance within places, scaled such that the mean variance is 1.

    Args:
        samples: (N, V, D) float, V views of each of N places.

    Returns:
        (D, D) float64; zero if the views do not differ.
    """
    within = _covariance(samples - samples.mean(axis=1, keepdims=True))
    return within * (len(within) / max(np.trace(within), 1e-12))


def damping(within, shrinkage):
    """The symmetric matrix that whitens the variation within places, as far as it is large.

    Unlike :func:`place_whitening`, it changes a direction of little variation by a common factor only,
    so few places suffice.

    Args:
        within: (D, D) float, covariance within places, see :func:`within_places`.
        shrinkage: variance that is added to each direction.

    Returns:
        (D, D) float64, (within + shrinkage · I)^(-1/2) · shrinkage^(1/2).
    """
    variances, directions = np.linalg.eigh(within)
    return (directions / np.sqrt(np.maximum(variances, 0.0) / shrinkage + 1.0)) @ directions.T


def kmeans(samples, clusters, seed=0, iterations=30):
    """Lloyd's k-means with k-means++ seeds (Arthur and Vassilvitskii, SODA 2007).

    Args:
        samples: (N, D) float32.
        clusters: K, at most N.
        seed: of the random choice of the initial centres.
        iterations: number of Lloyd steps.

    Returns:
        (K, D) float32 centres.
    """
    centers = _spread_seeds(samples, clusters, np.random.default_rng(seed))
    for _ in range(iterations):
        nearest = np.argmin(_distances(samples, centers), axis=1)
        members = np.eye(clusters, dtype=np.float32)[nearest]
        counts = members.sum(axis=0)
        means = members.T @ samples / np.maximum(counts, 1.0)[:, None]
        centers = np.where(counts[:, None] > 0, means, centers)
    return centers


def _covariance(centered):
    """Covariance over the last axis: (D, D) float64."""
    rows = centered.reshape(-1, centered.shape[-1])
    return (rows.T @ rows).astype(np.float64) / len(rows)


def _spread_seeds(samples, clusters, random):
    centers = samples[[random.integers(len(samples))]]
    nearest = _distances(samples, centers)[:, 0]
    while len(centers) < clusters:
        chances = np.maximum(nearest, 0.0).astype(np.float64)
        chosen = samples[[random.choice(len(samples), p=chances / chances.sum())]]
        centers = np.concatenate([centers, chosen])
        nearest = np.minimum(nearest, _distances(samples, chosen)[:, 0])
    return centers


def _distances(samples, centers):
    """Squared distances: (N, K)."""
    return np.sum(samples**2, axis=1)[:, None] - 2.0 * samples @ centers.T + np.sum(centers**2, axis=1)
