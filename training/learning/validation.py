"""Validation during training: recall on the split "validation"."""

import numpy as np

from training.evaluation.retrieval import recall_at
from training.learning.distribution import SINGLE_PROCESS, gather, local_copy
from training.network.prediction import describe_images


class Validation:
    """Recall of two kinds of queries for each validation image.

    "changed": an augmented copy, always the same one, is queried against all unchanged images.
    "neighbour": the unchanged image is queried against all others; omitted if no place has two images.

    Args:
        places: a :class:`training.data.Places` over the validation records.
        images: sequence of N images, (H, W, 3) uint8 BGR.
        count: N.
        describer: a :class:`Describer`.
        augment: callable (image, seed) → image.
    """

    def __init__(self, places, images, count, describer, augment):
        self._same, self._different = places.pair_labels(np.arange(count))
        self._images, self._count, self._describe, self._augment = images, count, describer, augment

    def __call__(self):
        """Measure the network.

        Returns:
            dict from name to recall, 0 to 1; (N, N) float32 similarities of the changed queries.
        """
        plain = self._describe(lambda index: self._images[index], self._count)
        changed = self._describe(lambda index: self._augment(self._images[index], index), self._count)
        itself = np.eye(self._count, dtype=bool)
        unknown = ~(self._same | self._different)
        similarity = changed @ plain.T
        figures = {"changed": recall_at(similarity, itself, (self._same | unknown) & ~itself)}
        if (self._same & ~itself).any():
            figures["neighbour"] = recall_at(plain @ plain.T, self._same, itself | unknown)
        flat = {
            f"{name} recall@{k}": share for name, recall in figures.items() for k, share in recall.items()
        }
        return flat, similarity


class Describer:
    """Descriptors of many images, computed by all processes together.

    Args:
        network: Keras model; its weights at the time of a call are used.
        spec: its InputSpec.
        process_share: a :class:`training.learning.distribution.ProcessShare`.
    """

    def __init__(self, network, spec, process_share=SINGLE_PROCESS):
        self._network, self._spec, self._process_share = network, spec, process_share
        self._here = network if process_share.processes == 1 else local_copy(network)

    def __call__(self, image, count):
        """Describe images.

        Args:
            image: callable, index → (H, W, 3) uint8 BGR.
            count: N.

        Returns:
            (N, D) float32.
        """
        if self._here is not self._network:
            self._here.set_weights([np.array(value) for value in self._network.get_weights()])
        mine = self._process_share.indices(count)
        return gather(describe_images(self._here, self._spec, map(image, mine)), count, self._process_share)
