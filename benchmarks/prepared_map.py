"""A map of many keyframes on disk; 10,000 are written in half a minute.

A thousand generated places are described with the extractor. The keyframes of a place share its features
and thumbnail; their descriptors differ by noise. In a larger map the same places come again as others: their
descriptors have the same numbers in another order.
"""

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np

from benchmarks.scenes import Place
from place_recognition_ros.config import Config
from place_recognition_ros.descriptor import Extractor
from place_recognition_ros.descriptor.local_features import open_feature_finder
from place_recognition_ros.memory.store import KeyframeStore, Session
from place_recognition_ros.memory.thumbnail import thumbnail
from place_recognition_ros.types import Camera, Keyframe

PLACES = 1_000
VIEWS = 10  # consecutive keyframes of each place
NOISE = 0.2  # norm of the noise that is added to a descriptor


class Described(NamedTuple):
    """What the map keeps of an image."""

    camera: Camera
    image: np.ndarray
    descriptor: np.ndarray
    features: np.ndarray
    thumbnail: bytes


class Places:
    """Describes the generated places, each once.

    Args:
        extractor: describes the images.
    """

    def __init__(self, extractor: Extractor) -> None:
        self.extractor = extractor
        self.finder = open_feature_finder(count=Config().local_features)
        self._described: dict[int, Described] = {}

    def __getitem__(self, number: int) -> Described:
        again, number = divmod(number, PLACES)
        if number not in self._described:
            image = Place(number).image()
            height, width = image.shape[:2]
            features = self.finder.find(image)
            self._described[number] = Described(
                Camera(width, height), image, self.extractor.describe(image), features, thumbnail(image)
            )
        place = self._described[number]
        if not again:
            return place
        order = np.random.default_rng(again).permutation(len(place.descriptor))
        return place._replace(descriptor=place.descriptor[order])


def write_map(path: str, keyframes: int, places: Places) -> None:
    """Write a map of one session, one keyframe per second.

    Args:
        path: of the new file.
        keyframes: number of keyframes.
        places: what they show.
    """
    random, card = np.random.default_rng(0), places.extractor.card
    store = KeyframeStore(path, card.model_id, card.descriptor_size, places.finder.model_id)
    store.file.connection.execute("PRAGMA synchronous=OFF")  # it need not survive a power cut
    for row in range(keyframes):
        if row % VIEWS == 0:
            place = places[row // VIEWS]
        noise = random.standard_normal(len(place.descriptor)).astype(np.float32)
        view = place.descriptor + noise * np.float32(NOISE / np.linalg.norm(noise))
        keyframe = Keyframe(place.image, (row + 1) * 10**9, camera=place.camera)
        view /= np.linalg.norm(view)
        store.add(Session(1, "prepared"), keyframe, view, place.features, place.thumbnail)
    store.close()


def revisits(places: Iterator[int]) -> Iterator[np.ndarray]:
    """Images, (240, 320, 3) uint8 BGR, of a camera that passes these places again, 0.2 m to the right."""
    for number in places:
        place = Place(number)
        for view in range(VIEWS):
            yield cv2.convertScaleAbs(place.image(right=0.2, forward=0.02 * view), alpha=0.9)
