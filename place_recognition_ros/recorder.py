"""Which keyframes become part of the map."""

from collections import deque
from typing import Deque, Tuple

from place_recognition_ros.config import Config
from place_recognition_ros.describer import Describer, Description
from place_recognition_ros.errors import StoreError
from place_recognition_ros.loops.standpoint import Standpoint
from place_recognition_ros.memory.keyframe_map import KeyframeMap
from place_recognition_ros.memory.thinning import thin
from place_recognition_ros.stopwatch import Stopwatch
from place_recognition_ros.types import Count, FeatureKind, Keyframe

STANDPOINTS = 3  # newest views that are not stored again: a camera may toggle between two of them


class Recorder:
    """Stores the keyframes that show something new, and makes room for them.

    Args:
        config: the parameters.
        memory: the map.
        describer: made the descriptions of the keyframes.
        feature_kind: of their local features.
        watch: measures the durations.
    """

    def __init__(
        self,
        config: Config,
        memory: KeyframeMap,
        describer: Describer,
        feature_kind: FeatureKind,
        watch: Stopwatch,
    ) -> None:
        self.mapping = True
        """Whether keyframes are stored; False: the map does not grow."""
        self._config = config
        self._map = memory
        self._describer, self._feature_kind, self._watch = describer, feature_kind, watch
        self._standpoints: Deque[Tuple[int, Standpoint]] = deque(maxlen=STANDPOINTS)  # newest keyframes

    def begin_session(self) -> None:
        """Another trajectory begins: no view was seen before in it."""
        self._standpoints.clear()

    def record(self, keyframe: Keyframe, description: Description) -> Tuple[int, Count]:
        """Store a keyframe, if it shows something new.

        Returns:
            The id of the keyframe that shows the image, and STORED; or why it was not stored.
        """
        if not self.mapping:
            return 0, Count.MAPPING_OFF
        with self._watch("stay"):
            present = (each for each in self._standpoints if each[0] in self._map.waiting)
            shown = next((number for number, view in present if view.shows(description)), 0)
        if shown:
            return shown, Count.STANDING
        try:
            if self._is_full() and not thin(self._map):
                return 0, Count.MAP_FULL
            with self._watch("store"):
                small = self._describer.thumbnail(keyframe.image)
                features = description.view.features
                keyframe_id = self._map.add(keyframe, description.descriptor, features, small)
        except StoreError:  # a full disk must not stop the search
            return 0, Count.STORE_FAILED
        self._standpoints.append((keyframe_id, Standpoint(description, self._feature_kind)))
        return keyframe_id, Count.STORED

    def _is_full(self) -> bool:
        config = self._config
        if len(self._map) >= config.max_keyframes:
            return True
        return config.max_map_mb > 0 and self._map.store.file.used_bytes >= 1e6 * config.max_map_mb
