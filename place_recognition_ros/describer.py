"""From an image to what represents it: the global descriptor and the local features."""

from typing import NamedTuple, Optional

import numpy as np

from place_recognition_ros.config import Config
from place_recognition_ros.depth import with_depth
from place_recognition_ros.descriptor import Extractor
from place_recognition_ros.descriptor.feature_finder import FeatureFinder
from place_recognition_ros.informative import is_informative
from place_recognition_ros.memory.thumbnail import thumbnail
from place_recognition_ros.overlay import Overlay
from place_recognition_ros.rotation import rotate, rotate_back
from place_recognition_ros.stopwatch import Stopwatch
from place_recognition_ros.types import FEATURE, Keyframe, View


class Description(NamedTuple):
    """What represents an image."""

    descriptor: np.ndarray  # (D,) float32, unit norm
    view: View
    longer_side: int  # of the image, pixels


class Describer:
    """Describes the images of one camera, without what is always there.

    Args:
        config: ``rotate_image``, ``learn_overlay`` and ``max_depth_m`` are used.
        extractor: describes images; is closed with this object.
        finder: finds their local features; is closed with this object.
        watch: measures the stages.
    """

    def __init__(self, config: Config, extractor: Extractor, finder: FeatureFinder, watch: Stopwatch) -> None:
        self._rotation = config.rotate_image
        self._max_depth = config.max_depth_m
        self._extractor = extractor
        self._finder = finder
        self._overlay = Overlay(config.learn_overlay, config.rotate_image)
        self._watch = watch

    @property
    def engine(self) -> str:
        """The engine in use."""
        return self._extractor.engine_name

    @property
    def fallback(self) -> str:
        """Why an engine is not the preferred one; empty: both are."""
        return self._extractor.fallback or self._finder.fallback

    def learn(self, keyframe: Keyframe) -> None:
        """Learn what is always there from the next image of the trajectory."""
        with self._watch("overlay"):
            self._overlay.observe(rotate(keyframe.image, self._rotation), keyframe.pose)

    def set_mask(self, mask: Optional[np.ndarray]) -> None:
        """Leave out a part of each image: :meth:`Overlay.set_mask`."""
        self._overlay.set_mask(mask)

    def describe(self, keyframe: Keyframe) -> Description:
        """Describe an image.

        Args:
            keyframe: its image, depth and camera are used.

        Raises:
            EngineError: if the image cannot be described.
        """
        upright = rotate(keyframe.image, self._rotation)
        with self._watch("describe"):
            cover = self._overlay.cover(upright)
            shown = upright if cover is None else cover.fill(upright)
            descriptor = self._extractor.describe(shown)
        with self._watch("local features"):
            height, width = keyframe.image.shape[:2]
            features = self._finder.find(shown) if is_informative(shown) else np.zeros(0, FEATURE)
            features = features if cover is None else cover.outside(features)
            features = rotate_back(features, self._rotation, width, height)
            features = with_depth(features, keyframe.depth, width, height, self._max_depth)
        return Description(descriptor, View(features, keyframe.camera), max(height, width))

    def thumbnail(self, image: np.ndarray) -> bytes:
        """A small JPEG of the image as the network sees it."""
        return thumbnail(rotate(image, self._rotation))

    def close(self) -> None:
        """Release the engines."""
        self._extractor.close()
        self._finder.close()
