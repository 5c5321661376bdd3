"""The server's map: the keyframes of all robots, by their sessions."""

from bisect import bisect_left, bisect_right
from typing import Dict, List, NamedTuple, Optional, Set

import numpy as np

from place_recognition_ros.errors import PlaceRecognitionError
from place_recognition_ros.fleet import codec
from place_recognition_ros.fleet.ledger import FleetSession, Ledger, Member, server_id, session_of
from place_recognition_ros.fleet.messages import Batch
from place_recognition_ros.memory.departure import Leaving
from place_recognition_ros.memory.faiss_index import FaissIndex
from place_recognition_ros.memory.index import Index
from place_recognition_ros.memory.keyframe_map import KeyframeMap, Match
from place_recognition_ros.memory.schema import SESSION_COLUMNS, VIEW_COLUMNS
from place_recognition_ros.memory.store import KeyframeStore, Session, StoredKeyframe, camera_id
from place_recognition_ros.memory.thinning import thin
from place_recognition_ros.memory.transfer import insert, write_keyframe

STRETCH = 20  # keyframes of a session that are taken together


class Stretch(NamedTuple):
    """Some consecutive keyframes of a session: a node of the fleet's pose graph."""

    session: int
    number: int


class Taken(NamedTuple):
    """What became of a batch."""

    member: Member
    known: bool  # its session is that of another map
    stored: int  # new keyframes


class FleetMemory:
    """Stores what robots send, and finds similar keyframes of other robots.

    Args:
        store: the server's map.
        descriptor_size: length D of the descriptors.
        leaving: what it takes to leave a place.
        index: the similarity search, empty; None: FAISS.
    """

    def __init__(
        self, store: KeyframeStore, descriptor_size: int, leaving: Leaving, index: Optional[Index] = None
    ) -> None:
        self.map = KeyframeMap(store, descriptor_size, leaving, index=index)
        """The keyframes; not to be changed."""
        self.ledger = Ledger(store.file)
        """What is kept beside them; written in transactions of ``map.store.file``."""
        self._ids: Dict[int, List[int]] = {}  # session → ids of its keyframes, removed ones too
        for keyframe_id in self.map.timeline:
            self._ids.setdefault(session_of(keyframe_id), []).append(keyframe_id)
        self._sessions = {each.uuid: each for each in store.sessions().values()}
        self.name = store.file.map_id[:8]
        """Of this map, in messages."""
        rows = store.file.read("SELECT id FROM views WHERE LENGTH(features) > 0")
        self.described: Set[int] = {number for (number,) in rows}
        """Ids of the keyframes whose local features are here; not to be changed."""
        self._near = FaissIndex(descriptor_size)  # of those: one of all would have to return most of the map
        for each in self.described.intersection(self.map.timeline):
            self._near.add(each, self.map.timeline.vector(each))

    def take(self, batch: Batch) -> Taken:
        """Store a batch. When this returns, it is safe on disk; what was stored before is not stored again.

        Raises:
            StoreError: if it could not be stored; all is as it was before.
        """
        member = self.ledger.member(batch.robot, batch.map_id) or Member(0, batch.robot, batch.map_id)
        if batch.server != self.name or batch.after > member.position:
            batch = Batch(batch.robot, batch.map_id, batch.digest)  # of another server, or of a newer state
        rows = [row for row, number in enumerate(batch.ids) if number > member.position]
        session = self._sessions.get(batch.session_uuid) if rows else None
        if rows and session is None:
            (number,) = self.map.sessions.reserve(1)
            session = Session(number, batch.session_uuid, batch.robot, batch.stamps[rows[0]])
        known = session is not None and self._is_of_another(session, member)
        views = {self._find(member, number): features for number, features in batch.views.items()}
        views.pop(0, None)
        changed = member._replace(
            position=max([member.position, *batch.ids]),
            spent=member.spent + codec.FEATURE_BYTES * sum(map(len, views.values())),
            delivered=max(member.delivered, batch.received),
        )
        if changed == member and not views:
            return Taken(member, known, 0)
        keyframes = self._store(batch, changed, views, [] if known else rows, session)
        for number in (each for each, features in views.items() if len(features)):
            if number not in self.described:
                self.described.add(number)
                self._near.add(number, self.map.timeline.vector(number))
        if session is not None and keyframes:
            self._sessions[session.uuid] = session
            self._ids.setdefault(session.id, []).extend(each.id for each in keyframes)
            for _ in self.map.sessions.load(session, keyframes):
                pass
        return Taken(self.ledger.member(batch.robot, batch.map_id) or changed, known, len(keyframes))

    def _store(
        self,
        batch: Batch,
        member: Member,
        views: Dict[int, np.ndarray],
        rows: List[int],
        session: Optional[Session],
    ) -> List[StoredKeyframe]:
        """Write the member as it is now, features, and rows of a batch, all or nothing."""
        file = self.map.store.file
        keyframes: List[StoredKeyframe] = []
        try:
            with file.transaction("store keyframes of a robot"):
                self.ledger.set_member(member)
                if session is not None and rows:
                    keyframes = self._write(batch, rows, session)
                for number, features in views.items():
                    insert(file.execute, "views", VIEW_COLUMNS, (number, features.tobytes(), b""))
        except PlaceRecognitionError:
            self.ledger = Ledger(file)
            raise
        return keyframes

    def _is_of_another(self, session: Session, member: Member) -> bool:
        known = self.ledger.sessions.get(session.id)
        return known is not None and known.member != member.id

    def _write(self, batch: Batch, rows: List[int], session: Session) -> List[StoredKeyframe]:
        execute, member = self.map.store.file.execute, self.ledger.member(batch.robot, batch.map_id)
        if session.id not in self.ledger.sessions and member is not None:  # new, or its row was damaged
            insert(execute, "sessions", SESSION_COLUMNS, session)
            self.ledger.set_session(FleetSession(session.id, member.id, batch.session))
        camera = None if batch.camera is None else camera_id(execute, batch.camera)
        keyframes = []
        for row in rows:
            number, vector = server_id(session.id, batch.ids[row]), batch.descriptors[row]
            if number in self.map.timeline:
                continue  # the row of the member was damaged
            content = vector.astype("<f4").tobytes()
            columns = (number, session.id, batch.stamps[row], None, "", camera, None, content)
            write_keyframe(execute, columns, (number, b"", b""), 0)
            keyframes.append(StoredKeyframe(number, session.id, batch.stamps[row], None, vector))
        return keyframes

    def _find(self, member: Member, keyframe_id: int) -> int:
        """The id of a robot's keyframe in this map; 0: it is not there."""
        for session in self.ledger.sessions.values():
            number = server_id(session.id, keyframe_id)
            if session.member == member.id and number in self.map.timeline:
                return number
        return 0

    def member_of(self, keyframe_id: int) -> Member:
        """The robot that took a keyframe, with its map."""
        return self.ledger.members[self.ledger.sessions[session_of(keyframe_id)].member]

    def keyframes(self, session: int) -> List[int]:
        """Ids of the keyframes of a session, in their order, those that were removed too."""
        return self._ids.get(session, [])

    def to_examine(self, session: FleetSession) -> List[int]:
        """Ids of the keyframes of a session that were not compared yet, in their order."""
        ids = self._ids.get(session.id, [])
        return ids[bisect_right(ids, server_id(session.id, session.examined)) :]

    def ordinal(self, keyframe_id: int) -> int:
        """How many keyframes of its session were stored before it."""
        return bisect_left(self._ids[session_of(keyframe_id)], keyframe_id)

    def stretch_of(self, keyframe_id: int) -> Stretch:
        """The stretch that a keyframe is in."""
        return Stretch(session_of(keyframe_id), self.ordinal(keyframe_id) // STRETCH)

    def similar(self, keyframe_id: int, count: int, described: bool = False) -> List[Match]:
        """The keyframes of other robots that are most similar to one, best first.

        Args:
            keyframe_id: of the one.
            count: how many at most.
            described: only those whose local features are here.
        """
        robot = self.member_of(keyframe_id).robot

        def _others(found: List[Match]) -> List[Match]:
            return [
                each
                for each in found
                if each.entry.session in self.ledger.sessions and self.member_of(each.entry.id).robot != robot
            ]

        index = self._near if described else None
        return self.map.search(self.map.timeline.vector(keyframe_id), count, _others, index)

    def thin(self) -> int:
        """Make room in a full map; returns how many keyframes were removed.

        Raises:
            StoreError: if they could not be removed from the store; all of them remain.
        """
        removed = thin(self.map)
        self._near.remove(each for each in self.described if each not in self.map.timeline)
        return removed
