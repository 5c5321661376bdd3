"""The interface of what finds local features: points of an image that are found again from another viewpoint.

A new kind is one file with a class derived from :class:`FeatureFinder`, a line in the table of
:mod:`place_recognition_ros.descriptor.local_features`, and its way to match in ``loops/matching.py``.
"""

from abc import ABC, abstractmethod
from typing import Dict, Tuple

import numpy as np

from place_recognition_ros.types import FeatureKind


class FeatureFinder(ABC):
    """Finds local features. Use it in the thread that opened it.

    Attributes:
        kind: how the descriptors are compared.
        model_id: what made the features of a map; features of different models cannot be matched.
        decision: the coefficients of the evidence that these features give, by name; what is missing has the
            default of ``loops.evidence.Coefficients``.
        fallback: why the engine is not the preferred one; empty if it is.
    """

    kind: FeatureKind
    model_id: str
    decision: Dict[str, float] = {}  # noqa: RUF012  not changed
    fallback: str = ""

    @abstractmethod
    def find(self, image: np.ndarray) -> np.ndarray:
        """Find the local features of an image.

        Args:
            image: (H, W, 3) uint8 BGR or (H, W) uint8 gray.

        Returns:
            (N,) ``FEATURE``, without depth, in pixels of ``image`` itself; the centre of the first is (0, 0).

        Raises:
            ImageError: if ``image`` has another type or shape.
            EngineError: if the engine fails or is closed.
        """

    def close(self) -> None:  # noqa: B027  ORB holds nothing
        """Release everything that the finder holds; a second call does nothing."""


def to_original(points: np.ndarray, size: Tuple[int, ...], original: Tuple[int, ...]) -> np.ndarray:
    """Pixels of a resized image → pixels of the original.

    Args:
        points: (N, 2) float32, x and y.
        size: (height, width) of the resized image.
        original: (height, width, …) of the original.
    """
    scale = np.array([original[1] / size[1], original[0] / size[0]], np.float32)
    return (points + np.float32(0.5)) * scale - np.float32(0.5)
