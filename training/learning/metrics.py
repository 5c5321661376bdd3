"""Metrics of a batch that can be compared between losses."""

from keras import ops

from training.learning.losses.masks import as_weights, mean_over, spread_over, without_self


def pairs_satisfied(descriptors, same, different):
    """Fraction of the (query, positive, negative) triplets in which the positive is more similar.

    Args:
        descriptors: (N, D) float, unit norm.
        same: (N, N) bool, the pair shows one place.
        different: (N, N) bool, the pair shows different places.

    Returns:
        Scalar, 0 to 1.
    """
    similarity = ops.matmul(descriptors, ops.transpose(descriptors))
    positives = without_self(as_weights(same, similarity))
    negatives = as_weights(different, similarity)
    right = ops.cast(similarity[:, :, None] > similarity[:, None, :], similarity.dtype)
    return mean_over(right, positives[:, :, None] * negatives[:, None, :])


def positive_set_deviation(descriptors, same, different):
    """Standard deviation of a query's similarities to its positives, mean over the queries.

    Args:
        descriptors: (N, D) float, unit norm.
        same: (N, N) bool, the pair shows one place.
        different: unused; metrics and losses have the same arguments.

    Returns:
        Scalar, at least 0.
    """
    similarity = ops.matmul(descriptors, ops.transpose(descriptors))
    positives = without_self(as_weights(same, similarity))
    return mean_over(spread_over(similarity, positives), ops.max(positives, axis=1))
