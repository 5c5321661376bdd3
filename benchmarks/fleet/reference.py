"""What one robot would find that had driven all visits, one after the other, with all images in its map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.fleet import town
from benchmarks.fleet.descriptions import Descriptions, load
from place_recognition_ros.config import Config
from place_recognition_ros.descriptor import open_extractor
from place_recognition_ros.descriptor.local_features import open_feature_finder
from place_recognition_ros.detector import LoopDetector
from place_recognition_ros.memory.store import KeyframeStore
from place_recognition_ros.types import Keyframe

START = 10**9  # stamp of the first keyframe, nanoseconds
PERIOD = 10**9 // town.RATE
PAUSE = 3600 * 10**9  # between visits


class Found(NamedTuple):
    """An accepted match: visits and keyframes of both images."""

    visit: int
    row: int
    other: int
    other_row: int


class _Prepared:
    """An extractor and a finder that know each image: its first pixels are the number of its description."""

    def __init__(self, every: Sequence[Descriptions]) -> None:
        extractor, finder = open_extractor(), open_feature_finder("", Config().local_features)
        self.card, self.model_id, self.kind = extractor.card, finder.model_id, finder.kind
        self.decision = finder.decision
        self.engine_name = self.fallback = ""
        extractor.close()
        finder.close()
        self._descriptors = np.concatenate([each.descriptors for each in every])
        self._features = [features for each in every for features in each.features]
        self._noise = np.random.default_rng(0).integers(0, 255, town.SIZE[::-1], np.uint8)

    def image(self, number: int) -> np.ndarray:
        image = self._noise.copy()
        image.ravel()[:4] = np.frombuffer(np.uint32(number).tobytes(), np.uint8)
        return image

    def describe(self, image: np.ndarray) -> np.ndarray:
        return self._descriptors[_number(image)]

    def find(self, image: np.ndarray) -> np.ndarray:
        return self._features[_number(image)]

    def close(self) -> None:
        """Nothing is open."""


def _number(image: np.ndarray) -> int:
    return int(np.frombuffer(image.ravel()[:4].tobytes(), np.uint32)[0])


def find(visits: Sequence[town.Visit]) -> list[Found]:
    """The accepted matches between two different visits."""
    every = [load(visit) for visit in visits]
    prepared, config = _Prepared(every), Config(learn_overlay=False)
    card = prepared.card
    store = KeyframeStore("", card.model_id, card.descriptor_size, prepared.model_id)
    detector = LoopDetector(config, prepared, prepared, store)  # type: ignore[arg-type]
    where: dict[int, tuple[int, int]] = {}
    found, number, stamp = [], 0, START
    for visit, descriptions in enumerate(every):
        if visit:
            detector.start_session(stamp)
        for row in range(len(descriptions)):
            where[stamp] = visit, row
            keyframe = Keyframe(prepared.image(number), stamp, camera=town.camera())
            result = detector.add(keyframe)
            for each in (*result.accepted, *result.confirmed):
                found.append(Found(*where[each.query_stamp], *where[each.match_stamp]))
            number, stamp = number + 1, stamp + PERIOD
        stamp += PAUSE
    detector.close()
    return [each for each in found if each.visit != each.other]
