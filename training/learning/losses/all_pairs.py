"""All pairs of a query's positives and negatives (Kuse and Shen, arXiv 1904.06962, section III-C)."""

from keras import ops

from training.learning.losses.masks import as_weights, mean_over, spread_over, without_self


def all_pairs_hinge(descriptors, same, different, margin=0.3):
    """Hinge loss: every positive of a query should be more similar to it than every negative.

    For each query q, its positives p and negatives n::

        Σ_p Σ_n max(0, ⟨q, n⟩ - ⟨q, p⟩ + m)

    Args:
        descriptors: (N, D) float, unit norm; every one is the query of its row.
        same: (N, N) bool, the pair shows one place.
        different: (N, N) bool, the pair shows different places; other pairs are ignored.
        margin: m, of cosines.

    Returns:
        Scalar: mean over all (q, p, n).
    """
    similarity = ops.matmul(descriptors, ops.transpose(descriptors))
    positives = without_self(as_weights(same, similarity))
    negatives = as_weights(different, similarity)
    hinge = ops.relu(similarity[:, None, :] - similarity[:, :, None] + margin)  # (q, p, n)
    return mean_over(hinge, positives[:, :, None] * negatives[:, None, :])


def all_pairs_with_deviation(descriptors, same, different, margin=0.3, deviation_weight=1.0):
    """:func:`all_pairs_hinge` plus the standard deviation of a query's similarities to its positives.

    The second term requires all positives to be equally similar to the query, whatever their viewpoint.

    Args:
        descriptors, same, different, margin: see there.
        deviation_weight: weight of the second term.

    Returns:
        Scalar.
    """
    similarity = ops.matmul(descriptors, ops.transpose(descriptors))
    positives = without_self(as_weights(same, similarity))
    answerable = ops.max(positives, axis=1)
    deviation = mean_over(spread_over(similarity, positives), answerable)
    return all_pairs_hinge(descriptors, same, different, margin) + deviation_weight * deviation
