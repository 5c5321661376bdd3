"""Sums over masked pairs."""

from keras import ops


def as_weights(mask, like):
    """(N, N) bool or number → the dtype of ``like``."""
    return ops.cast(mask, like.dtype)


def without_self(same):
    """(N, N) number with a zero diagonal: an image is not a positive of itself."""
    return same * (1.0 - ops.eye(ops.shape(same)[0], dtype=same.dtype))


def mean_over(values, weights):
    """Mean of the values with weight 1; 0 if there is none."""
    return ops.sum(values * weights) / ops.maximum(ops.sum(weights), 1.0)


def spread_over(values, weights):
    """Standard deviation along the last axis of the values with weight 1: (N, N) → (N,).

    Its gradient is finite where all values are equal.
    """
    count = ops.maximum(ops.sum(weights, axis=-1, keepdims=True), 1.0)
    mean = ops.sum(values * weights, axis=-1, keepdims=True) / count
    variance = ops.sum(weights * (values - mean) ** 2, axis=-1) / count[:, 0]
    return ops.sqrt(variance + 1e-12) - 1e-6
