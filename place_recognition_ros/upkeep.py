"""What is done to the map on request, beside adding keyframes."""

from typing import Callable

from place_recognition_ros.config import Config
from place_recognition_ros.errors import StoreError
from place_recognition_ros.loops.calibration import NOTE, Calibration, calibrate, from_text, to_text
from place_recognition_ros.loops.evidence import Coefficients
from place_recognition_ros.memory.keyframe_map import KeyframeMap
from place_recognition_ros.recorder import Recorder
from place_recognition_ros.types import FeatureKind


class Upkeep:
    """Changes the map, and what was learned of it.

    Args:
        config: the parameters.
        memory: the map.
        recorder: adds the keyframes.
        shipped: the weights of the evidence that the model has.
        feature_kind: of the local features.
        changed: is called after the map was changed: runs of matches have to begin again.
    """

    def __init__(
        self,
        config: Config,
        memory: KeyframeMap,
        recorder: Recorder,
        shipped: Coefficients,
        feature_kind: FeatureKind,
        changed: Callable[[], None],
    ) -> None:
        self._map, self._recorder, self._changed = memory, recorder, changed
        self._shipped, self._feature_kind, self._drift = shipped, feature_kind, config.odometry_drift

    @property
    def weights(self) -> Coefficients:
        """The weights of the evidence, adapted to this map if that was done."""
        return from_text(self._map.store.learned.note(NOTE), self._shipped)

    def set_mapping(self, on: bool) -> None:
        """Choose whether keyframes are stored; without, the map does not grow."""
        self._recorder.mapping = on

    def calibrate(self) -> Calibration:
        """Adapt the decision to this map; the result is stored with it.

        Raises:
            CalibrationError, StoreError: why it could not be done; nothing has changed then.
        """
        store = self._map.store
        found = calibrate(store, self._shipped, self._feature_kind, self._drift)
        store.learned.set_note(NOTE, to_text(found.weights, self._shipped))
        try:
            store.save()
        except StoreError:
            store.learned.discard_note(NOTE)
            raise
        self._changed()
        return found
