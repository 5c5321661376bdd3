"""The card's thresholds."""

import numpy as np

from training.data import Places, read_picture
from training.validation import describe

_DIFFERENT_PLACES = 0.995  # share of pairs of different places under min_similarity


def min_similarity(network, spec, records, rules):
    """The cosine under which nearly all pairs of different places lie.

    Args:
        network: Keras model.
        spec: its InputSpec.
        records: list of :class:`training.data.Record`.
        rules: a :class:`training.data.PlaceRules`.

    Returns:
        float, -1 to 1.

    Raises:
        ValueError: if the records know no two different places.
    """
    descriptors = describe(network, (read_picture(record.image) for record in records), spec)
    _, different = Places(records, rules).judge(np.arange(len(records)))
    if not different.any():
        raise ValueError(f"expected pictures of different places. Received: none in {len(records)}")
    return float(np.quantile((descriptors @ descriptors.T)[different], _DIFFERENT_PLACES))
