"""Everything that the robot remembers: the store on disk; in memory the timeline, the visit and the index.

A keyframe goes to the store, then to the timeline and the present visit; when the camera has left its place,
to the index, and only then can it be found.
"""

import uuid
from typing import List, NamedTuple, Optional

import numpy as np

from place_recognition_ros.memory.faiss_index import FaissIndex
from place_recognition_ros.memory.index import Index
from place_recognition_ros.memory.store import KeyframeStore, Session
from place_recognition_ros.memory.timeline import Entry, Timeline
from place_recognition_ros.memory.visit import PresentVisit
from place_recognition_ros.types import Keyframe, View


class Match(NamedTuple):
    """A keyframe of the map that is similar to a query."""

    entry: Entry
    robot: str  # that took it
    similarity: float  # cosine
    frame: str = ""  # the world frame of its session; empty: not known


class Departure(NamedTuple):
    """How far the camera has been from a place since it took a keyframe there."""

    travelled: float  # metres along the path; 0 where poses are not known
    least_similarity: float  # cosine to the keyframes since: low if the camera saw something else


class KeyframeMap:
    """The keyframes of all sessions.

    Args:
        store: the truth; read here.
        descriptor_size: length D of the descriptors.
        visit: holds back the keyframes of the present visit; empty.
        robot: the name of this robot.
        index: the similarity search, empty; None: exact search with FAISS.
    """

    def __init__(
        self,
        store: KeyframeStore,
        descriptor_size: int,
        visit: PresentVisit,
        robot: str = "",
        index: Optional[Index] = None,
    ) -> None:
        self._store = store
        self._index = FaissIndex(descriptor_size) if index is None else index
        self._timeline = Timeline(descriptor_size)
        self._visit = visit
        self._sessions = store.sessions()
        newest = store.newest_session()
        for keyframe_id, session, stamp, pose, descriptor in store.keyframes():
            self._timeline.move(session, pose)
            entry = Entry(keyframe_id, session, stamp, pose, self._timeline.travelled)
            self._timeline.append(entry, descriptor)
            self._index.add(keyframe_id, descriptor)
        self.session = Session(newest + 1, str(uuid.uuid4()), robot)
        """The present session."""

    def __len__(self) -> int:
        return len(self._timeline)

    @property
    def waiting(self) -> int:
        """Keyframes of the present visit, which are not searched yet."""
        return len(self._visit.waiting)

    def start_session(self) -> None:
        """Begin an unbroken trajectory with its own world frame; all earlier keyframes can be found."""
        for keyframe_id in self._visit.end():
            self._index.add(keyframe_id, self._timeline.vector(keyframe_id))
        self.session = Session(self.session.id + 1, str(uuid.uuid4()), self.session.robot)

    def observe(self, keyframe: Keyframe, descriptor: np.ndarray) -> float:
        """Take note of where the camera is, before the search; whether or not the keyframe is stored later.

        Args:
            keyframe: its pose and stamp.
            descriptor: (D,) float32, unit norm.

        Returns:
            Metres travelled since the session began, where poses are known.
        """
        if not self.session.frame:
            self.session = self.session._replace(frame=keyframe.world_frame)
        self._timeline.move(self.session.id, keyframe.pose)
        for keyframe_id in self._visit.observe(descriptor, keyframe.stamp, keyframe.pose):
            self._index.add(keyframe_id, self._timeline.vector(keyframe_id))
        return self._timeline.travelled

    def add(self, keyframe: Keyframe, descriptor: np.ndarray, features: np.ndarray, thumbnail: bytes) -> int:
        """Remember a keyframe of this session; the arguments are those of ``KeyframeStore.add``.

        Returns:
            Its id.

        Raises:
            StoreError: if it could not be stored; it is not remembered then.
        """
        session, stamp, pose = self.session, keyframe.stamp, keyframe.pose
        if session.id not in self._sessions:
            session = session._replace(start=stamp)
        keyframe_id = self._store.add(session, keyframe, descriptor, features, thumbnail)
        self._sessions[session.id] = self.session = session
        view_changed = self._visit.add(keyframe_id, stamp, descriptor, pose)
        entry = Entry(keyframe_id, session.id, stamp, pose, self._timeline.travelled)
        self._timeline.append(entry, descriptor, view_changed)
        return keyframe_id

    def search(self, descriptor: np.ndarray, k: int) -> List[Match]:
        """The k keyframes most similar to a descriptor, best first, none of the present visit.

        Args:
            descriptor: (D,) float32, unit norm.
            k: how many at most.
        """
        return [self._match(*found) for found in self._index.search(descriptor, k)]

    def nearest(self, keyframe_id: int, radius: int, descriptor: np.ndarray) -> Optional[Match]:
        """The keyframe most similar to a descriptor among those around another one.

        Args:
            keyframe_id: of the other one.
            radius: how many keyframes before and after it in its session are compared.
            descriptor: (D,) float32, unit norm.

        Returns:
            None if the other one was removed or is of the present visit.
        """
        if keyframe_id not in self._timeline or keyframe_id in self._visit.waiting:
            return None
        vectors, row = self._timeline.around(keyframe_id, radius, self._visit.waiting)
        similarities = vectors @ descriptor
        best = int(similarities.argmax())
        return self._match(self._timeline.neighbour(keyframe_id, best - row), float(similarities[best]))

    def entry(self, keyframe_id: int) -> Optional[Entry]:
        """What is held in memory of a keyframe; None: it does not exist."""
        return self._timeline.get(keyframe_id)

    def _match(self, keyframe_id: int, similarity: float) -> Match:
        entry = self._timeline[keyframe_id]
        session = self._sessions.get(entry.session)
        robot, frame = (session.robot, session.frame) if session else ("", "")
        return Match(entry, robot, similarity, frame)

    def departure(self, entry: Entry, descriptor: np.ndarray) -> Departure:
        """How far the camera has been from a place of this session since.

        Args:
            entry: the keyframe that shows the place.
            descriptor: (D,) float32, unit norm; of the image that shows it again.
        """
        travelled = self._timeline.travelled - entry.travelled
        if not self._visit.waiting:  # nothing is stored of the present visit: the map is full, for example
            return Departure(travelled, -1.0)
        return Departure(travelled, self._timeline.least_similarity_since(entry.id, descriptor))

    def view(self, keyframe_id: int) -> View:
        """What geometric verification needs of a keyframe."""
        return self._store.view(keyframe_id)

    def remove(self, keyframe_id: int) -> None:
        """Remove a keyframe, if it exists; its id is never used again.

        Raises:
            StoreError: if it could not be removed from the store.
        """
        self._store.remove(keyframe_id)
        if keyframe_id in self._timeline:
            self._index.remove([keyframe_id])
            self._visit.remove(keyframe_id)
            self._timeline.remove(keyframe_id)

    def close(self) -> None:
        self._store.close()
