"""The index that the parameter ``index_uri`` names."""

from typing import Any, Dict, Optional, Sequence, Tuple

import numpy as np

from place_recognition_ros.errors import ConfigError
from place_recognition_ros.memory import schema
from place_recognition_ros.memory.faiss_index import FaissIndex
from place_recognition_ros.memory.index import Index
from place_recognition_ros.memory.store import KeyframeStore

ROBOT_LENGTH = 200  # characters of the name of a robot that the name of a part has
UNKNOWN = "unknown"  # the part of keyframes whose session is damaged


def open_index(uri: str, store: KeyframeStore, model_id: str, descriptor_size: int) -> Index:
    """Open the index of a map.

    Args:
        uri: empty: FAISS, in memory; else the address of Milvus, or milvus-lite's path, which ends with .db.
        store: the map. In Milvus, it has a collection of its own, which is named after it.
        model_id: of the network that describes the images.
        descriptor_size: length D of the descriptors.

    Raises:
        ConfigError: if the address has another form, pymilvus is not installed, or the map is temporary.
        MapMismatch: if the collection belongs to another model.
    """
    if not uri:
        return FaissIndex(descriptor_size)
    if not store.file.path:
        raise ConfigError(
            "index_uri: expected a map with a file (map_path), because Milvus keeps what it is given. "
            f"Received: a temporary map, and '{uri[:200]}'"
        )
    from place_recognition_ros.memory.milvus_index import MilvusIndex

    stored, map_id = _Stored(store), store.file.map_id
    name = collection_of(map_id)
    owner = {"model": model_id, "map": map_id}
    return MilvusIndex(uri, name, descriptor_size, owner, stored.part, stored.descriptors)


def collection_of(map_id: str) -> str:
    """The name of the collection of a map in Milvus."""
    return f"place_recognition_{map_id.replace('-', '')}"


class _Stored:
    """What the index reads of the store.

    Args:
        store: the map.
    """

    def __init__(self, store: KeyframeStore) -> None:
        self._store = store
        self._parts: Dict[int, str] = {}  # by session

    def part(self, keyframe_id: int) -> str:
        """The robot and the session of a keyframe."""
        row = self._row(keyframe_id)
        if row is None:
            return UNKNOWN
        if row[1] not in self._parts:
            session = self._store.sessions().get(row[1])
            self._parts[row[1]] = f"{session.robot[:ROBOT_LENGTH]}/{session.uuid}" if session else UNKNOWN
        return self._parts[row[1]]

    def descriptors(self, keyframe_ids: Sequence[int]) -> Dict[int, np.ndarray]:
        """(D,) float32 by id, without damaged and missing rows."""
        rows = map(self._row, keyframe_ids)
        return {row[0]: np.frombuffer(row[7], "<f4") for row in rows if row is not None}

    def _row(self, keyframe_id: int) -> Optional[Tuple[Any, ...]]:
        query = f"SELECT {', '.join(schema.KEYFRAME_COLUMNS)}, crc FROM keyframes WHERE id = ?"  # noqa: S608
        rows = self._store.file.read(query, keyframe_id)
        return next((tuple(row) for *row, crc in rows if schema.is_whole(row, crc)), None)
