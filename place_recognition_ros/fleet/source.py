"""Where a robot's link takes keyframes from: the robot's map."""

from abc import ABC, abstractmethod
from typing import Any, Callable, List, NamedTuple, Optional

import numpy as np

from place_recognition_ros.memory.map_reader import MapRows
from place_recognition_ros.memory.schema import KEYFRAME_COLUMNS, is_whole, unpack_camera
from place_recognition_ros.memory.store import KeyframeStore
from place_recognition_ros.memory.unfinished import unfinished
from place_recognition_ros.types import Camera


class Stored(NamedTuple):
    """A keyframe of a robot's map."""

    id: int
    stamp: int  # nanoseconds
    session: int
    session_uuid: str
    robot: str  # that took it: a map may have sessions of other robots, which were loaded
    camera: Optional[Camera]
    descriptor: np.ndarray  # (D,) float32, unit norm


class Identity(NamedTuple):
    """Which map it is, and whose descriptors and local features it has."""

    map_id: str
    model_id: str
    feature_model: str


class Source(ABC):
    """A robot's map, to be read by the link. Each method may raise a PlaceRecognitionError."""

    @abstractmethod
    def identity(self) -> Identity:
        """Which map it is now."""

    @abstractmethod
    def after(self, keyframe_id: int, count: int) -> List[Stored]:
        """The oldest ``count`` keyframes with larger ids; those of sessions without a row are left out."""

    @abstractmethod
    def features(self, keyframe_id: int) -> np.ndarray:
        """(N,) ``FEATURE`` of a keyframe; none if it was removed."""


class StoreSource(Source):
    """The map in this process.

    Args:
        call: executes a function of the store in the thread that owns it, and returns its result.
    """

    def __init__(self, call: Callable[[Callable[[KeyframeStore], Any]], Any]) -> None:
        self._call = call

    def identity(self) -> Identity:
        found: Identity = self._call(identity_of)
        return found

    def after(self, keyframe_id: int, count: int) -> List[Stored]:
        found: List[Stored] = self._call(lambda store: stored_after(store, keyframe_id, count))
        return found

    def features(self, keyframe_id: int) -> np.ndarray:
        found: np.ndarray = self._call(lambda store: store.view(keyframe_id).features)
        return found


def identity_of(store: KeyframeStore) -> Identity:
    """Which map a store has."""
    meta = dict(store.file.read("SELECT key, value FROM meta"))
    return Identity(store.file.map_id, str(meta.get("model", "")), str(meta.get("features", "")))


def stored_after(store: KeyframeStore, keyframe_id: int, count: int) -> List[Stored]:
    """What :meth:`Source.after` returns of a store; it ends before a session that is being loaded."""
    rows, size = MapRows(store.file.read), None
    sessions, cameras, loading = rows.sessions(), rows.cameras(), unfinished(rows.meta)
    columns = ", ".join(KEYFRAME_COLUMNS)
    found: List[Stored] = []
    query = f"SELECT {columns}, crc FROM keyframes WHERE id > ? ORDER BY id"  # noqa: S608
    for *row, crc in store.file.read(query, keyframe_id):
        if len(found) >= count or row[0] in loading:
            break
        number, session, stamp, _, _, camera, _, content = row
        if session not in sessions or not is_whole(row, crc) or len(content) != (size or len(content)):
            continue
        size = len(content)
        whose = session, sessions[session].uuid, sessions[session].robot
        seen = unpack_camera(cameras[camera][1:]) if camera in cameras else None
        found.append(Stored(number, stamp, *whose, seen, np.frombuffer(content, "<f4")))
    return found
