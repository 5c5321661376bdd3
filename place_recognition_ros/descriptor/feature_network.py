"""Local features by a learned network."""

from typing import Optional

import numpy as np

from place_recognition_ros.descriptor import keypoints
from place_recognition_ros.descriptor.engine import Engine
from place_recognition_ros.descriptor.feature_finder import FeatureFinder, to_original
from place_recognition_ros.descriptor.model_card import ModelCard
from place_recognition_ros.descriptor.preprocess import prepare
from place_recognition_ros.errors import EngineError
from place_recognition_ros.types import FEATURE, FeatureKind


class NetworkFinder(FeatureFinder):
    """Finds the keypoints of a network; their descriptors are int8 vectors of length 127.

    Args:
        card: the model's card, of kind LOCAL_FEATURES.
        engine: an open engine with this model.
        count: how many features at most.
    """

    kind = FeatureKind.NETWORK

    def __init__(self, card: ModelCard, engine: Engine, count: int) -> None:
        self.model_id = card.model_id
        self._card, self._count = card, count
        self._engine: Optional[Engine] = engine

    def find(self, image: np.ndarray) -> np.ndarray:
        engine, spec = self._engine, self._card.input
        if engine is None:
            raise EngineError("expected an open engine. Received: an image after close()")
        maps = engine.infer(prepare(image, spec, out=engine.input))
        points, descriptors = keypoints.find(maps, self._card.descriptor_size, self._count)
        features = np.zeros(len(points), FEATURE)
        features["x"], features["y"] = to_original(points, (spec.height, spec.width), image.shape).T
        features["depth"] = np.nan
        features["descriptor"] = descriptors.view(np.uint8)
        return features

    def close(self) -> None:
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.close()
