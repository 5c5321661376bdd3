"""What is done to the map on request, beside adding keyframes."""

from typing import Callable, Iterable, List, NamedTuple, TypeVar

from place_recognition_ros.config import Config
from place_recognition_ros.errors import KeyframeError, StoreError
from place_recognition_ros.loops.calibration import NOTE, Calibration, calibrate, from_text, to_text
from place_recognition_ros.loops.evidence import Coefficients
from place_recognition_ros.memory.clearing import clear, last_id, shrink
from place_recognition_ros.memory.job import Job, Work
from place_recognition_ros.memory.keyframe_map import KeyframeMap
from place_recognition_ros.memory.map_copy import save_map
from place_recognition_ros.memory.store import KeyframeStore
from place_recognition_ros.memory.transfer import load_map
from place_recognition_ros.recorder import Recorder
from place_recognition_ros.types import FeatureKind

Result = TypeVar("Result")

CHUNK = 512  # keyframes that are removed at once


class Hooks(NamedTuple):
    """What the detector does when the map is changed."""

    changed: Callable[[], None]  # afterwards: runs of matches have to begin again
    begin_session: Callable[[], object]  # no keyframe that was stored belongs to the present session


class Upkeep:
    """Changes the map, and what was learned of it. The jobs are done one at a time.

    Args:
        config: the parameters.
        memory: the map.
        recorder: adds the keyframes.
        shipped: the weights of the evidence that the model has.
        feature_kind: of the local features.
        hooks: of the detector.
    """

    def __init__(
        self,
        config: Config,
        memory: KeyframeMap,
        recorder: Recorder,
        shipped: Coefficients,
        feature_kind: FeatureKind,
        hooks: Hooks,
    ) -> None:
        self._map, self._recorder, self._hooks = memory, recorder, hooks
        self._shipped, self._feature_kind, self._drift = shipped, feature_kind, config.odometry_drift

    @property
    def weights(self) -> Coefficients:
        """The weights of the evidence, adapted to this map if that was done."""
        return from_text(self._map.store.learned.note(NOTE), self._shipped)

    def read(self, request: Callable[[KeyframeStore], Result]) -> Result:
        """The result of ``request(store)``, which reads the map and changes nothing."""
        return request(self._map.store)

    def set_mapping(self, on: bool) -> None:
        """Choose whether keyframes are stored; without, the map does not grow."""
        self._recorder.mapping = on

    def new_session(self) -> int:
        """Begin an unbroken trajectory with its own world frame; returns its number."""
        self._hooks.begin_session()
        return self._map.sessions.present.id

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
        self._hooks.changed()
        return found

    def save(self, path: str) -> Job:
        """Copy the map as it is now to a file: :func:`save_map`."""
        return save_map(self._map.store, path)

    def load(self, path: str) -> Job:
        """Add the keyframes of another map, as earlier sessions with new numbers; a new session begins.

        A session that the map has already is skipped. The other file is not changed.

        Args:
            path: of the other map, absolute, ``~`` is expanded.

        Raises:
            StoreBusy: if a node has it open.
            MapMismatch: if it is of other models or of an older schema.
            StoreError: if it cannot be read, or is the map itself.
        """
        return Job(self._load(load_map(self._map.store, self._map.sessions, path, self._hooks.begin_session)))

    def _load(self, work: Work) -> Work:
        try:
            message = yield from work
        except Exception:
            self._hooks.changed()  # complete sessions are there
            raise
        self._hooks.changed()
        return f"{message}; session {self._map.sessions.present.id} begins"

    def remove(self, keyframe_ids: Iterable[int]) -> Job:
        """Remove keyframes; their ids are never used again.

        Args:
            keyframe_ids: those that do not exist are passed over.

        Raises:
            KeyframeError: if none of them exists.
        """
        wanted = list(dict.fromkeys(keyframe_ids))
        found = [each for each in wanted if each in self._map.timeline]
        if not found:
            raise KeyframeError(
                f"expected ids of keyframes of the map. Received: {len(wanted)} ids, none of which is one"
            )
        return Job(self._remove(found, len(wanted) - len(found)))

    def _remove(self, keyframe_ids: List[int], unknown: int) -> Work:
        try:
            yield from self._removed(keyframe_ids)
        finally:
            self._hooks.changed()
        text = f"{len(keyframe_ids)} keyframes removed"
        return text + (f"; {unknown} ids are not in the map" if unknown else "")

    def reset(self) -> Job:
        """Remove all keyframes, and what was learned of them; a new session begins. No id is used again."""
        return Job(self._reset())

    def _reset(self) -> Work:
        self._hooks.begin_session()
        session, store = self._map.sessions.present.id, self._map.store
        keyframe_ids, last = list(self._map.timeline), last_id(store)
        try:
            yield from self._removed(keyframe_ids)
            clear(store, last, session)
        finally:
            self._hooks.changed()
        failure = shrink(store)
        text = f"{len(keyframe_ids)} keyframes removed; session {session} begins"
        return text + (f"; the file has not become smaller: {failure}" if failure else "")

    def _removed(self, keyframe_ids: List[int]) -> Iterable[int]:
        """Remove keyframes, some at a time; how many are removed so far."""
        for start in range(0, len(keyframe_ids), CHUNK):
            yield start
            self._map.remove(keyframe_ids[start : start + CHUNK])
        yield len(keyframe_ids)
