"""A map of many keyframes on disk, written in half a minute.

A thousand generated places are described with the extractor. The keyframes of a place share its features
and thumbnail; their descriptors differ by noise.
"""

from collections.abc import Iterator

import cv2
import numpy as np

from benchmarks.scenes import Place
from place_recognition_ros.config import Config
from place_recognition_ros.descriptor import Extractor
from place_recognition_ros.descriptor.local_features import open_feature_finder
from place_recognition_ros.memory.store import KeyframeStore, Session
from place_recognition_ros.memory.thumbnail import thumbnail
from place_recognition_ros.types import Camera, Keyframe

VIEWS = 10  # consecutive keyframes of each place
NOISE = 0.2  # norm of the noise that is added to a descriptor


def write_map(path: str, keyframes: int, extractor: Extractor) -> None:
    """Write a map of one session, one keyframe per second.

    Args:
        path: of the new file.
        keyframes: number of keyframes.
        extractor: describes the images.
    """
    config = Config()
    finder = open_feature_finder(count=config.local_features)
    random = np.random.default_rng(0)
    store = KeyframeStore(path, extractor.card.model_id, extractor.card.descriptor_size, finder.model_id)
    store.file.connection.execute("PRAGMA synchronous=OFF")  # it need not survive a power cut
    for row in range(keyframes):
        if row % VIEWS == 0:
            image = Place(row // VIEWS).image()
            descriptor, features = extractor.describe(image), finder.find(image)
            small = thumbnail(image)
        noise = random.standard_normal(len(descriptor)).astype(np.float32)
        view = descriptor + noise * np.float32(NOISE / np.linalg.norm(noise))
        height, width = image.shape[:2]
        keyframe = Keyframe(image, (row + 1) * 10**9, camera=Camera(width, height))
        store.add(Session(1, "prepared"), keyframe, view / np.linalg.norm(view), features, small)
    store.close()


def revisits(places: Iterator[int]) -> Iterator[np.ndarray]:
    """Images, (240, 320, 3) uint8 BGR, of a camera that passes these places again, 0.2 m to the right."""
    for number in places:
        place = Place(number)
        for view in range(VIEWS):
            yield cv2.convertScaleAbs(place.image(right=0.2, forward=0.02 * view), alpha=0.9)
