"""Weakly supervised triplet ranking."""

from keras import ops

from training.learning.losses.masks import as_weights, mean_over, without_self


def triplet_ranking(descriptors, same, different, margin=0.1):
    """NetVLAD's ranking loss (Arandjelović et al., CVPR 2016, section 4, equation 7).

    For each query q, over its negatives n, against its best positive p::

        Σ_n max(0, min_p |q - p|² + m - |q - n|²)

    Args:
        descriptors: (N, D) float, unit norm; every one is the query of its row.
        same: (N, N) bool, the pair shows one place.
        different: (N, N) bool, the pair shows different places; other pairs are ignored.
        margin: m, of squared distances.

    Returns:
        Scalar: mean over all (query, negative) pairs whose query has a positive.
    """
    distance = 2.0 - 2.0 * ops.matmul(descriptors, ops.transpose(descriptors))
    positives = without_self(as_weights(same, distance))
    negatives = as_weights(different, distance)
    best = ops.min(distance + 1e3 * (1.0 - positives), axis=1, keepdims=True)
    answerable = ops.max(positives, axis=1, keepdims=True)
    return mean_over(ops.relu(best + margin - distance), negatives * answerable)
