"""A recorded map: places, then some of them again, then one of which only the layout is known."""

from typing import Any, List, NamedTuple

import pytest

from place_recognition_ros.config import Config
from place_recognition_ros.descriptor.orb import OrbFinder
from place_recognition_ros.loops.evidence import Coefficients
from place_recognition_ros.tools.explain.replay import Explanation, Models, Replay, open_past
from place_recognition_ros.types import FeatureKind, Keyframe, QueryResult
from tests.conftest import ProjectionEngine

PLACES = [*range(1, 10), 20, 21, 22]
AGAIN = [3, 4, 5, 6]
REVISIT = len(PLACES) + 2  # id of the keyframe that shows place 4 again
REJECTED = len(PLACES) + len(AGAIN) + 1  # id of one with the layout of place 8 and the texture of another
MODELS = Models(
    "projection-000000000000", 64, 0.5, "orb", FeatureKind.ORB, Coefficients(**OrbFinder.decision)
)


class Recording(NamedTuple):
    """A map file, and what the detector returned when it recorded it."""

    path: str
    config: Config
    results: List[QueryResult]

    def replay(self, number: int, **options: Any) -> Explanation:
        """The explanation of a keyframe."""
        store = open_past(self.path, MODELS)
        try:
            (keyframe,) = (each for each in store.keyframes() if each.id == number)
            return Replay(store, MODELS, self.config, keyframe.session).explain(keyframe, **options)
        finally:
            store.close()


@pytest.fixture(scope="module")
def images(paint):
    return [
        *(paint(each) for each in PLACES),
        *(paint(each, shift=12) for each in AGAIN),
        paint(8, texture=80, shift=12),
        paint(30),
    ]


def record(path, images):
    """A session with ORB features and a fake network, added to the map at ``path``; one image each second."""
    from place_recognition_ros.descriptor import Extractor, ModelCard
    from place_recognition_ros.descriptor.preprocess import InputSpec
    from place_recognition_ros.detector import LoopDetector
    from place_recognition_ros.memory.store import KeyframeStore

    spec = InputSpec(12, 16, 1, "GRAY", "NHWC", mean=(0.0,), std=(255.0,))
    card = ModelCard("projection", "0" * 64, spec, 64, 0.5, "tests", {}, {})
    config = Config(top_k=5, min_loop_interval_s=5.0)
    store = KeyframeStore(path, card.model_id, 64, "orb")
    detector = LoopDetector(config, Extractor(card, ProjectionEngine(12, 16, 64)), OrbFinder(600), store)
    stamps = [10**9 * (row + 1) + 5 * 10**8 for row in range(len(images))]
    results = [detector.add(Keyframe(*each)) for each in zip(images, stamps)]
    detector.close()
    return Recording(path, config, results)


@pytest.fixture(scope="module")
def recording(tmp_path_factory, images):
    return record(str(tmp_path_factory.mktemp("recording") / "map.db"), images)
