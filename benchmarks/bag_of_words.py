"""The classic pipeline of OpenCV: ORB features as a bag of visual words."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

FEATURES = 1_000  # of an image
WORDS = 1_000
LEARNED = 20_000  # features that the words are learned from
ITERATIONS = 10
SEED = 0


class BagOfWords:
    """Describes images by how often which visual word occurs in them, weighted by tf-idf.

    ``cv2.BOWKMeansTrainer`` finds the words. It averages numbers, which means nothing for the bytes of ORB,
    so it gets their bits as numbers; a bit of a word is that of the majority.

    Args:
        images: (H, W, 3) uint8 BGR, that the words are learned from.
        words: how many.
        learned: at most so many features of them are used.
    """

    def __init__(self, images: Iterable[np.ndarray], words: int = WORDS, learned: int = LEARNED) -> None:
        images = list(images)
        self._orb = cv2.ORB.create(FEATURES)
        found: list[np.ndarray | None] = [
            self._orb.compute(image, self._orb.detect(image))[1] for image in images
        ]
        features = np.concatenate([each for each in found if each is not None])
        rows = np.random.default_rng(SEED).permutation(len(features))[:learned]
        self._extractor = cv2.BOWImgDescriptorExtractor(self._orb, cv2.BFMatcher(cv2.NORM_HAMMING))
        self._extractor.setVocabulary(cluster(features[rows], words))
        self._weights = np.ones(words, np.float32)
        occurs = np.array([self.describe(image) > 0 for image in images])
        self._weights = np.log(len(images) / np.maximum(1, occurs.sum(axis=0))).astype(np.float32)

    def describe(self, image: np.ndarray) -> np.ndarray:
        """(words,) float32, unit norm; zeros: an image without features."""
        counts: np.ndarray | None = self._extractor.compute(image, self._orb.detect(image))
        if counts is None:
            return np.zeros_like(self._weights)
        vector = counts[0] * self._weights
        return vector / max(float(np.linalg.norm(vector)), 1e-9)


def cluster(features: np.ndarray, words: int) -> np.ndarray:
    """Binary words that represent binary features.

    Args:
        features: (N, bytes) uint8.
        words: how many.

    Returns:
        (words, bytes) uint8.
    """
    cv2.setRNGSeed(SEED)
    stop = (cv2.TERM_CRITERIA_COUNT, ITERATIONS, 0.0)
    trainer = cv2.BOWKMeansTrainer(words, stop, 1, cv2.KMEANS_PP_CENTERS)
    trainer.add(np.unpackbits(features, axis=1).astype(np.float32))
    return np.packbits(trainer.cluster() >= 0.5, axis=1)
