"""Similarity threshold of a model card."""

import numpy as np

from training.data import Places, read_image

_DIFFERENT_PLACES = 0.995  # share of pairs of different places below min_similarity


def min_similarity(describe, records, rules):
    """The cosine that 99.5 % of the pairs of different places do not reach.

    Args:
        describe: callable: iterable of (H, W, 3) uint8 BGR images → (N, D) float, unit norm.
        records: list of :class:`training.data.Record`.
        rules: a :class:`training.data.PlaceRules`.

    Returns:
        float, -1 to 1.

    Raises:
        ValueError: if no two records are known to show different places.
    """
    descriptors = describe(read_image(record.image) for record in records)
    _, different = Places(records, rules).pair_labels(np.arange(len(records)))
    if not different.any():
        raise ValueError(f"expected images of different places. Received: none in {len(records)}")
    return float(np.quantile((descriptors @ descriptors.T)[different], _DIFFERENT_PLACES))
