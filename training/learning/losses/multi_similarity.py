"""Multi-similarity loss."""

from keras import ops

from training.learning.losses.masks import as_weights, mean_over, without_self


def multi_similarity(descriptors, same, different, alpha=2.0, beta=40.0, base=0.3, margin=0.1):
    """Weight each pair by its absolute and relative hardness (Wang et al., CVPR 2019, eq. 6, 8, 9).

    A negative n of q is used if it is more similar than q's least similar positive minus ε, a positive p if
    it is less similar than q's most similar negative plus ε. Over the pairs that are used::

        1/α log(1 + Σ_p exp(-α (⟨q, p⟩ - λ))) + 1/β log(1 + Σ_n exp(β (⟨q, n⟩ - λ)))

    Args:
        descriptors: (N, D) float, unit norm; every one is the query of its row.
        same: (N, N) bool, the pair shows one place.
        different: (N, N) bool, the pair shows different places; other pairs are ignored.
        alpha: α, for positives.
        beta: β, for negatives.
        base: λ, cosine.
        margin: ε, cosine.

    Returns:
        Scalar: mean over the queries that have a positive and a negative.
    """
    similarity = ops.matmul(descriptors, ops.transpose(descriptors))
    positives = without_self(as_weights(same, similarity))
    negatives = as_weights(different, similarity)
    hardest_positive = ops.min(similarity + 4.0 * (1.0 - positives), axis=1, keepdims=True)
    hardest_negative = ops.max(similarity - 4.0 * (1.0 - negatives), axis=1, keepdims=True)
    hard_positives = positives * ops.cast(similarity - margin < hardest_negative, similarity.dtype)
    hard_negatives = negatives * ops.cast(similarity + margin > hardest_positive, similarity.dtype)
    pull = _soft_sum(-alpha * (similarity - base), hard_positives) / alpha
    push = _soft_sum(beta * (similarity - base), hard_negatives) / beta
    answerable = ops.max(positives, axis=1) * ops.max(negatives, axis=1)
    return mean_over(pull + push, answerable)


def _soft_sum(exponents, weights):
    """log(1 + Σ w exp(e)) along the last axis, without overflow: (N, N) → (N,)."""
    masked = exponents * weights - 1e4 * (1.0 - weights)
    padded = ops.concatenate([masked, ops.zeros_like(masked[:, :1])], axis=1)
    return ops.logsumexp(padded, axis=1)
