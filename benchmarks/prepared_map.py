"""A map of many keyframes on disk, made in half a minute.

A thousand made-up places are described as the node describes them. Each stands for the keyframes of a
camera that passes it: the descriptors differ by a little noise, the rows are whole.
"""

from collections.abc import Iterator

import cv2
import numpy as np

from benchmarks.scenes import Place
from place_recognition_ros.config import Config
from place_recognition_ros.descriptor import Extractor
from place_recognition_ros.detector import thumbnail
from place_recognition_ros.keyframes.store import KeyframeStore
from place_recognition_ros.loops.geometry import FeatureFinder

VIEWS = 10  # keyframes of each place, one after the other
NOISE = 0.2  # length of what two views of a place differ by


def write_map(path: str, keyframes: int, extractor: Extractor) -> None:
    """Write a map of one session, a keyframe a second.

    Args:
        path: of the new file.
        keyframes: how many.
        extractor: describes the pictures.
    """
    config = Config()
    finder = FeatureFinder(config.local_features, config.feature_image_px)
    random = np.random.default_rng(0)
    store = KeyframeStore(path, extractor.card.model_id, extractor.card.descriptor_size)
    for row in range(keyframes):
        if row % VIEWS == 0:
            picture = Place(row // VIEWS).picture()
            descriptor, features = extractor.describe(picture), finder.find(picture)
            small = thumbnail(picture)
        noise = random.standard_normal(len(descriptor)).astype(np.float32)
        view = descriptor + noise * np.float32(NOISE / np.linalg.norm(noise))
        store.add(1, (row + 1) * 10**9, None, view / np.linalg.norm(view), features, small)
    store.close()


def revisits(places: Iterator[int]) -> Iterator[np.ndarray]:
    """Pictures, (240, 320, 3) uint8 BGR, of a camera that passes these places again, half a step beside."""
    for number in places:
        place = Place(number)
        for view in range(VIEWS):
            yield cv2.convertScaleAbs(place.picture(right=0.2, forward=0.02 * view), alpha=0.9)
