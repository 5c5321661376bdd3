"""What one robot would find that had driven all visits of a district, one after the other, with all images
in its map.

``python -m benchmarks.fleet.reference DISTRICT`` writes it beside the images; a quarter of an hour.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
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
    """An accepted match of two robots' images."""

    robot: int
    row: int  # of the keyframe in the robot's visit of the district
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


def visits_of(district: int) -> list[town.Visit]:
    """All visits of a district, in the order in which they begin."""
    every = [visit for robot in range(town.ROBOTS) for visit in town.visits(robot)]
    return sorted(
        (visit for visit in every if visit.district == district), key=lambda each: (each.slot, each.robot)
    )


def file_of(district: int) -> Path:
    """Where it is kept."""
    return town.FOLDER / f"reference_{district}.json"


def load_found(district: int) -> list[Found]:
    """What was found; it is made where it is missing."""
    if not file_of(district).is_file():
        file_of(district).write_text(json.dumps(find(visits_of(district))))
    return [Found(*each) for each in json.loads(file_of(district).read_text())]


def find(visits: Sequence[town.Visit]) -> list[Found]:
    """The accepted matches between two different robots."""
    every = [load(visit) for visit in visits]
    prepared, config = _Prepared(every), Config(learn_overlay=False)
    card = prepared.card
    store = KeyframeStore("", card.model_id, card.descriptor_size, prepared.model_id)
    detector = LoopDetector(config, prepared, prepared, store)  # type: ignore[arg-type]
    where: dict[int, tuple[int, int]] = {}
    found, number, stamp = [], 0, START
    for visit, descriptions in zip(visits, every):
        if number:
            detector.start_session(stamp)
        for row in range(len(descriptions)):
            where[stamp] = visit.robot, row
            keyframe = Keyframe(prepared.image(number), stamp, camera=town.camera())
            result = detector.add(keyframe)
            found += [
                Found(*where[each.query_stamp], *where[each.match_stamp])
                for each in (*result.accepted, *result.confirmed)
            ]
            number, stamp = number + 1, stamp + PERIOD
        stamp += PAUSE
        print(f"robot {visit.robot}: {len(found)} matches", file=sys.stderr, flush=True)
    detector.close()
    return [each for each in found if each.robot != each.other]


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        load_found(int(argument))
