"""Write the map that another model would have made, from the stored thumbnails.

Ids, sessions, poses and links stay; the result of ~calibrate does not. Local features that are found in a
thumbnail (320 pixels) are fewer and less exact than those of the image, and have no depth; where the model of
the local features stays, so do they. Keyframes without a whole thumbnail are left out.
"""

import argparse
import os
from contextlib import ExitStack
from typing import Optional, Tuple

import cv2
import numpy as np

from place_recognition_ros.config import Config
from place_recognition_ros.describer import Describer
from place_recognition_ros.descriptor import BuildSettings, open_extractor
from place_recognition_ros.descriptor.feature_finder import to_original
from place_recognition_ros.descriptor.local_features import open_feature_finder
from place_recognition_ros.memory.map_copy import Content, rewrite_map
from place_recognition_ros.memory.map_reader import MapReader
from place_recognition_ros.rotation import rotate_back
from place_recognition_ros.stopwatch import Stopwatch
from place_recognition_ros.tools.map.progress import do
from place_recognition_ros.types import Keyframe

_DEFAULT = Config()


NAMES = ("model", "feature_model", "backend", "threads", "local_features")  # parameters of the node


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("map", metavar="MAP", help="file of the map")
    parser.add_argument("output", metavar="OUTPUT", help="the new map; another map there is replaced")
    for name in NAMES:
        default = getattr(Config(), name)
        parser.add_argument(
            "--" + name.replace("_", "-"), type=type(default), default=default, help=f"as the node's ~{name}"
        )
    parser.add_argument(
        "--rotate-image",
        type=int,
        default=0,
        choices=(0, 90, 180, 270),
        help="the node's ~rotate_image when the map was recorded",
    )


def run(options: argparse.Namespace) -> int:
    config = Config(learn_overlay=False, **{name: getattr(options, name) for name in NAMES})
    path, output = (os.path.abspath(os.path.expanduser(each)) for each in (options.map, options.output))
    print(reembed(path, output, config, options.rotate_image))
    return 0


def reembed(path: str, output: str, config: Config, rotated: int = 0) -> str:
    """Write the map that the models of a configuration would have made.

    Args:
        path: of the map.
        output: of the new one, absolute.
        config: the models; its ``rotate_image`` is 0, because thumbnails are upright.
        rotated: ``rotate_image`` when the map was recorded, degrees.

    Returns:
        A sentence for a human.

    Raises:
        StoreBusy, MapMismatch, StoreError: if the map cannot be read or the new one not written.
        ModelError, EngineError: if a model cannot be opened.
    """
    build = BuildSettings(config.engine_cache, config.engine_workspace_mb)
    with MapReader(path) as source, ExitStack() as opened:
        extractor = open_extractor(config.model, config.backend, config.threads, build)
        opened.callback(extractor.close)
        finder = open_feature_finder(
            config.feature_model, config.local_features, config.backend, config.threads, build
        )
        opened.callback(finder.close)
        describer = Describer(config, extractor, finder, Stopwatch())
        models = extractor.card.model_id, finder.model_id
        embedding = Embedding(source, describer, rotated, *models)
        job = rewrite_map(source, output, *models, change=embedding.embedded)
        return do(job, source.count("keyframes"), os.path.basename(output))


class Embedding:
    """Describes keyframes with other models.

    Args:
        source: their map.
        describer: has the models.
        rotated: ``rotate_image`` when the map was recorded, degrees.
        model_id: of the global descriptors.
        feature_model: of the local features.
    """

    def __init__(
        self, source: MapReader, describer: Describer, rotated: int, model_id: str, feature_model: str
    ) -> None:
        self._describer, self._rotated = describer, rotated
        self._keeps_descriptors = source.meta.get("model") == model_id
        self._keeps_features = source.meta.get("features") == feature_model
        self._sizes = {number: (row[1], row[2]) for number, row in source.cameras().items()}

    def embedded(self, content: Content) -> Optional[Content]:
        """The rows of a keyframe for the other models; None: it has no whole thumbnail."""
        keyframe, view = content
        small = None if view is None else cv2.imdecode(np.frombuffer(view[2], np.uint8), cv2.IMREAD_UNCHANGED)
        if view is None or small is None:
            return None
        description = self._describer.describe(Keyframe(small, keyframe[2]))
        if not self._keeps_descriptors:
            keyframe = (*keyframe[:-1], description.descriptor.astype("<f4").tobytes())
        if not self._keeps_features:
            features = self._in_original(description.view.features, small.shape, self._sizes.get(keyframe[5]))
            view = (view[0], features.tobytes(), view[2])
        return keyframe, view

    def _in_original(
        self, features: np.ndarray, shape: Tuple[int, ...], size: Optional[Tuple[int, int]]
    ) -> np.ndarray:
        """Features of a thumbnail in pixels of the image; where its size is not known they stay."""
        if size is None:
            return features
        width, height = size
        upright = (width, height) if self._rotated in (90, 270) else (height, width)
        scaled = features.copy()
        points = to_original(np.stack([features["x"], features["y"]], axis=1), shape, upright)
        scaled["x"], scaled["y"] = points.T
        return rotate_back(scaled, self._rotated, width, height)
