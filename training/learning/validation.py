"""How well a network finds places again while it is trained: recall on the split "validation"."""

import numpy as np

from place_recognition_ros.descriptor.preprocess import prepare
from training.distribution import ALONE, gather, own_copy
from training.network import answers
from training.retrieval import recall_at


class Validation:
    """Asks every validation picture twice.

    "changed": an augmented copy of it, always the same one, asked of all pictures as they are.
    "neighbour": the picture as it is, asked of all others; where no picture has another of its place,
    this one is left out.

    Args:
        places: a :class:`training.data.Places` over the validation records.
        pictures: N pictures by index, (H, W, 3) uint8 BGR each.
        count: N.
        describer: a :class:`Describer`.
        augment: (picture, seed) ► picture.
    """

    def __init__(self, places, pictures, count, describer, augment):
        self._same, self._different = places.judge(np.arange(count))
        self._pictures, self._count, self._describe, self._augment = pictures, count, describer, augment

    def __call__(self):
        """Measure the network.

        Returns:
            dict from name to recall, 0 to 1, and the last similarities: figures, (N, N) float32.
        """
        plain = self._describe(lambda index: self._pictures[index], self._count)
        changed = self._describe(lambda index: self._augment(self._pictures[index], index), self._count)
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
    """Descriptors of many pictures; several processes do a part each, and all get all of them.

    Args:
        network: Keras model, as it is each time.
        spec: its InputSpec.
        part: a :class:`training.distribution.Part`.
    """

    def __init__(self, network, spec, part=ALONE):
        self._network, self._spec, self._part = network, spec, part
        self._here = network if part.processes == 1 else own_copy(network)

    def __call__(self, picture, count):
        """Describe pictures.

        Args:
            picture: index ► (H, W, 3) uint8 BGR.
            count: N.

        Returns:
            (N, D) float32.
        """
        if self._here is not self._network:
            self._here.set_weights([np.array(value) for value in self._network.get_weights()])
        mine = self._part.indices(count)
        return gather(describe(self._here, map(picture, mine), self._spec), count, self._part)


def describe(network, pictures, spec):
    """Descriptors of many pictures.

    Args:
        network: Keras model.
        pictures: iterable of (H, W, 3) uint8 BGR.
        spec: the network's InputSpec.

    Returns:
        (N, D) float32.
    """
    return answers(network, (prepare(picture, spec) for picture in pictures))
