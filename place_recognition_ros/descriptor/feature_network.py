"""Local features by a learned network."""

from typing import Optional

import cv2
import numpy as np

from place_recognition_ros.descriptor import keypoints
from place_recognition_ros.descriptor.engine import Engine
from place_recognition_ros.descriptor.feature_finder import FeatureFinder, to_original
from place_recognition_ros.descriptor.model_card import ModelCard
from place_recognition_ros.descriptor.preprocess import prepare
from place_recognition_ros.errors import EngineError
from place_recognition_ros.images import check_image
from place_recognition_ros.types import FEATURE, FeatureKind

MIN_SIGNAL = (
    1.2  # deviation of the smoothed image by the mean distance from it; scenes have 2 to 8, white noise 0.3
)
LEAST_SIGNAL = 0.5  # gray levels; below it the image is flat but for rounding


class NetworkFinder(FeatureFinder):
    """Finds the keypoints of a network; their descriptors are int8 vectors of length 127.

    Args:
        card: the model's card, of kind LOCAL_FEATURES.
        engine: an open engine with this model.
        count: how many features at most.
        fallback: why it is not the preferred engine; empty if it is.
    """

    kind = FeatureKind.NETWORK

    def __init__(self, card: ModelCard, engine: Engine, count: int, fallback: str = "") -> None:
        self.model_id, self.fallback = card.model_id, fallback
        self.decision = card.decision or {}
        self._card, self._count = card, count
        self._engine: Optional[Engine] = engine

    def find(self, image: np.ndarray) -> np.ndarray:
        check_image(image)
        engine, spec = self._engine, self._card.input
        if engine is None:
            raise EngineError("expected an open engine. Received: an image after close()")
        small = _fitted(image, spec.height, spec.width)
        if _is_noise(small):
            return np.zeros(0, FEATURE)
        height, width = small.shape
        padding = (0, spec.height - height, 0, spec.width - width)
        padded = cv2.copyMakeBorder(small, *padding, cv2.BORDER_REPLICATE)
        maps = engine.infer(prepare(padded, spec, out=engine.input))
        points, descriptors = keypoints.find(maps, (height, width), self._count)
        features = np.zeros(len(points), FEATURE)
        features["x"], features["y"] = to_original(points, small.shape, image.shape).T
        features["depth"] = np.nan
        features["descriptor"] = descriptors.view(np.uint8)
        return features

    def close(self) -> None:
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.close()


def _is_noise(gray: np.ndarray) -> bool:
    """Whether an image has nothing but noise, as behind a covered lens; the network would magnify it.

    The mean of 5 × 5 pixels has a fifth of the deviation of white noise, but most of that of a scene.
    """
    smooth = cv2.blur(gray, (5, 5), borderType=cv2.BORDER_REFLECT)
    noise = cv2.mean(cv2.absdiff(gray, smooth))[0]
    signal = float(cv2.meanStdDev(smooth)[1][0, 0])
    return signal < max(MIN_SIGNAL * noise, LEAST_SIGNAL)


def _fitted(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """(H, W) uint8 gray: the image resized to fit into a size, with its aspect ratio.

    Features of a stretched image would not match those of a camera of another shape.
    """
    gray = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    scale = min(height / gray.shape[0], width / gray.shape[1])
    rows, columns = (max(1, round(scale * side)) for side in gray.shape)
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return cv2.resize(gray, (columns, rows), interpolation=interpolation)
