"""A map file that is only read, as it was when one of its sessions began."""

from typing import Dict, Iterator, List, Optional

import numpy as np

from place_recognition_ros.errors import MapMismatch
from place_recognition_ros.memory import schema
from place_recognition_ros.memory.compatibility import checked_schema
from place_recognition_ros.memory.connection import MapFile
from place_recognition_ros.memory.learned import Learned, Read
from place_recognition_ros.memory.map_reader import connect, read_meta
from place_recognition_ros.memory.progress import Progress
from place_recognition_ros.memory.store import KeyframeStore, Session, StoredKeyframe
from place_recognition_ros.memory.worlds import Tie
from place_recognition_ros.types import Keyframe


class Past(KeyframeStore):
    """Reads a map file and never writes it. After ``rewind`` it has only the keyframes of earlier sessions.

    Args:
        path: of the map.
        model_id: the model whose descriptors the map holds.
        descriptor_size: their length D.
        feature_model: the model whose local features the map holds; "orb" for ORB.

    Raises:
        StoreBusy: if a node has the map open.
        MapMismatch: if the map is of another model, has other local features, or is of another schema.
        StoreError: if the file cannot be read or is not a map.
    """

    def __init__(self, path: str, model_id: str, descriptor_size: int, feature_model: str) -> None:
        meta = read_meta(path)
        found = checked_schema(meta, path, model_id, feature_model)
        if found < schema.SCHEMA:
            raise MapMismatch(
                f"expected a map of schema {schema.SCHEMA}. Received: '{path}' of schema {found}; "
                "a node migrates it when it opens it"
            )
        self._descriptor_bytes = 4 * descriptor_size
        self.file = MapFile(path, connect(path), meta.get("map", ""))
        self.damaged = 0
        self.learned = _Before(self.file.read, 0, 0)
        self._all = list(super().keyframes())
        self._kept: List[StoredKeyframe] = self._all
        self._ids = iter(())  # type: Iterator[int]
        self._session_before = super().newest_session()

    def rewind(self, session: int) -> List[StoredKeyframe]:
        """Go back to the begin of a session: ``add`` adds its keyframes again, each with its own id.

        Returns:
            The keyframes of the session, oldest first.
        """
        own = [each for each in self._all if each.session == session]
        self._kept = [each for each in self._all if each.id < own[0].id]
        self._ids = iter([each.id for each in own])
        self._session_before = session - 1
        self.learned = _Before(self.file.read, own[0].id, session)
        return own

    def sessions(self) -> Dict[int, Session]:
        listed = {each.session for each in self._kept}
        return {number: each for number, each in super().sessions().items() if number in listed}

    def session(self, number: int) -> Session:
        """A session of the file, also one that ``rewind`` hides; without robot and frame if it is damaged."""
        return super().sessions().get(number, Session(number, ""))

    def newest_session(self) -> int:
        return self._session_before

    def keyframes(self, progress: Optional[Progress] = None) -> Iterator[StoredKeyframe]:
        return iter(self._kept)

    def add(
        self,
        session: Session,
        keyframe: Keyframe,
        descriptor: np.ndarray,
        features: np.ndarray,
        thumbnail: bytes,
    ) -> int:
        """The id of the next keyframe of the session; nothing is written."""
        return next(self._ids)


class _Before(Learned):
    """The links and ties before a session; nothing else is known of what was learned then.

    Args:
        read: reads the map's file.
        keyframe_id: the session's first keyframe.
        session: the session.
    """

    def __init__(self, read: Read, keyframe_id: int, session: int) -> None:
        super().__init__(read)
        self._first, self._session = keyframe_id, session

    def note(self, name: str) -> str:
        return ""

    def links(self) -> Dict[int, int]:
        links = super().links() if self._has("links") else {}
        return {each: match for each, match in links.items() if each < self._first}

    def ties(self) -> List[Tie]:
        ties = super().ties() if self._has("ties") else []
        return [each for each in ties if max(each.session, each.older) < self._session]

    def _has(self, table: str) -> bool:
        """Maps of old versions may be without it."""
        return next(self._read("SELECT 1 FROM sqlite_master WHERE name = ?", table), None) is not None
