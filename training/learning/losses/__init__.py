"""Losses of a batch of descriptors and the labels of its pairs, one file each."""

from training.learning.losses.all_pairs import all_pairs_hinge, all_pairs_with_deviation
from training.learning.losses.multi_similarity import multi_similarity
from training.learning.losses.triplet import triplet_ranking

LOSSES = {
    "triplet": triplet_ranking,
    "all_pairs": all_pairs_hinge,
    "all_pairs_deviation": all_pairs_with_deviation,
    "multi_similarity": multi_similarity,
}

__all__ = [
    "LOSSES",
    "all_pairs_hinge",
    "all_pairs_with_deviation",
    "multi_similarity",
    "triplet_ranking",
]
