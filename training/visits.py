"""Batches of network inputs: pictures as they are, then as they would look on other visits."""

import cv2
import numpy as np

from place_recognition_ros.descriptor.preprocess import prepare
from training.augmentation import other_visit
from training.data import read_picture

_STRENGTHS = ((0.2, 0.7), (0.12, 1.0), (0.3, 0.5))  # (view, light) of one visit after the other


class Visits:
    """Every picture and what it would look like on other visits; can be iterated again and again.

    Args:
        pictures: list of :class:`training.data.Record`.
        spec: the network's InputSpec.
        copies: number of other visits, made by augmentation, that follow each original.
        seed: of the augmentation; each picture has a random sequence of its own.

    Yields:
        (1 + copies, H, W, C) float32, one picture's original and its other visits.
    """

    def __init__(self, pictures, spec, copies=0, seed=0):
        self._pictures = pictures
        self._spec = spec
        self._copies = copies
        self._seed = seed

    def __len__(self):
        return len(self._pictures)

    def __iter__(self):
        for number, picture in enumerate(self._pictures):
            random = np.random.default_rng((self._seed, number))
            size = (self._spec.width, self._spec.height)
            image = cv2.resize(read_picture(picture.image), size, interpolation=cv2.INTER_AREA)
            strengths = (_STRENGTHS[copy % len(_STRENGTHS)] for copy in range(self._copies))
            views = [image, *(other_visit(image, random, *strength) for strength in strengths)]
            yield np.concatenate([prepare(view, self._spec) for view in views])
