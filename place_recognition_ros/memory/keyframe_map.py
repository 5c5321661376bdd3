"""Everything that the robot remembers: the store on disk; in memory the timeline, the visit and the index.

A keyframe goes to the store, then to the timeline and the present visit; when the camera has left its place,
to the index, and only then can it be found.
"""

from typing import AbstractSet, Callable, List, NamedTuple, Optional, Sequence

import numpy as np

from place_recognition_ros.memory.departure import Leaving
from place_recognition_ros.memory.faiss_index import FaissIndex
from place_recognition_ros.memory.index import Index
from place_recognition_ros.memory.odometer import Odometer
from place_recognition_ros.memory.places import Places
from place_recognition_ros.memory.progress import Progress
from place_recognition_ros.memory.sessions import Sessions
from place_recognition_ros.memory.store import KeyframeStore
from place_recognition_ros.memory.timeline import Entry, Timeline
from place_recognition_ros.memory.trail import Trail
from place_recognition_ros.memory.visit import PresentVisit
from place_recognition_ros.pace import Pace
from place_recognition_ros.types import Keyframe

READ_AT_ONCE = 512  # keyframes
MOST_SEARCHED = 1000  # keyframes, until as many as are wanted have been left


class Match(NamedTuple):
    """A keyframe of the map that is similar to a query."""

    entry: Entry
    robot: str  # that took it
    similarity: float  # cosine
    frame: str = ""  # the world frame of its session; empty: not known


Keep = Callable[[List[Match]], List[Match]]
"""Leaves out matches."""


class KeyframeMap:
    """The keyframes of all sessions.

    Args:
        store: the truth; read here.
        descriptor_size: length D of the descriptors.
        leaving: what it takes to leave a place.
        robot: the name of this robot.
        index: the similarity search, empty or with keyframes of this map; None: FAISS. It is
            closed if the map cannot be read.
        progress: is called at times while the store is read, with how many keyframes have been read, and of
            how many.
    """

    def __init__(
        self,
        store: KeyframeStore,
        descriptor_size: int,
        leaving: Leaving,
        robot: str = "",
        index: Optional[Index] = None,
        progress: Optional[Progress] = None,
    ) -> None:
        self.store = store
        """The file, which holds what is needed of single keyframes."""
        self._index = FaissIndex(descriptor_size) if index is None else index
        self.timeline = Timeline(descriptor_size)
        """All keyframes in their order; not to be changed."""
        self._leaving, self._visit, self._trail = leaving, PresentVisit(leaving), Trail(descriptor_size)
        self._odometer, self._pace = Odometer(), Pace()
        try:
            self._read(progress)
        except BaseException:
            self._index.close()
            raise
        self.sessions = Sessions(store, robot, self.timeline, self._index)
        """The sessions, and the present one."""
        self.places = Places(store.learned, self.timeline)
        """Which keyframes show one place."""
        self._newest = 0  # id of the keyframe that was stored last
        self._released: List[int] = []  # ids of keyframes that go to the index next

    def _read(self, progress: Optional[Progress]) -> None:
        ids: List[int] = []
        vectors: List[np.ndarray] = []
        for keyframe_id, session, stamp, pose, descriptor in self.store.keyframes(progress):
            entry = Entry(keyframe_id, session, stamp, pose, self._odometer.move(session, pose))
            self.timeline.append(entry, descriptor)
            ids.append(keyframe_id)
            vectors.append(descriptor)
            if len(ids) == READ_AT_ONCE:
                self._index.extend(ids, np.stack(vectors))
                ids, vectors = [], []
        if ids:
            self._index.extend(ids, np.stack(vectors))
        self._index.complete()

    def __len__(self) -> int:
        return len(self.timeline)

    @property
    def waiting(self) -> AbstractSet[int]:
        """Ids of the keyframes of the present visit, which are not searched yet."""
        return self._visit.waiting

    def start_session(self) -> None:
        """Begin an unbroken trajectory with its own world frame; all earlier keyframes can be searched."""
        self._released += self._visit.end_session()
        self._index_released()
        self._trail.clear()
        self._pace.clear()
        self.sessions.begin()

    def observe(self, keyframe: Keyframe, descriptor: np.ndarray) -> float:
        """Take note of where the camera is, before the search; whether or not the keyframe is stored later.

        Args:
            keyframe: its pose and stamp.
            descriptor: (D,) float32, unit norm.

        Returns:
            Metres travelled since the session began, where poses are known.
        """
        present = self.sessions.present
        if not present.frame:
            self.sessions.present = present._replace(frame=keyframe.world_frame)
        self._pace.observe(keyframe.stamp)
        travelled = self._odometer.move(present.id, keyframe.pose)
        self._trail.observe(self._newest, descriptor)
        self._released += self._visit.observe(descriptor, keyframe.stamp, keyframe.pose)
        self._index_released()
        return travelled

    def add(self, keyframe: Keyframe, descriptor: np.ndarray, features: np.ndarray, thumbnail: bytes) -> int:
        """Remember a keyframe of this session; the arguments are those of ``KeyframeStore.add``.

        Returns:
            Its id.

        Raises:
            StoreError: if it could not be stored; it is not remembered then.
        """
        session, stamp, pose = self.sessions.present, keyframe.stamp, keyframe.pose
        if session.id not in self.sessions:
            session = session._replace(start=stamp)
        keyframe_id = self.store.add(session, keyframe, descriptor, features, thumbnail)
        self.sessions.stored(session)
        self._visit.add(keyframe_id, stamp, descriptor, pose)
        entry = Entry(keyframe_id, session.id, stamp, pose, self._odometer.travelled)
        self.timeline.append(entry, descriptor)
        self._newest = keyframe_id
        return keyframe_id

    def _index_released(self) -> None:
        """What an exception interrupts is done with the next keyframe; what was not complete is left out."""
        while self._released:
            keyframe_id = self._released[0]
            if keyframe_id in self.timeline:
                self._index.add(keyframe_id, self.timeline.vector(keyframe_id))
            del self._released[0]

    def search(
        self, descriptor: np.ndarray, k: int, keep: Optional[Keep] = None, index: Optional[Index] = None
    ) -> List[Match]:
        """The k keyframes most similar to a descriptor, best first, none of the present visit.

        Args:
            descriptor: (D,) float32, unit norm.
            k: how many at most.
            keep: those that count; without it, all.
            index: of some of the keyframes; without it, of all.
        """
        wanted, index = k, self._index if index is None else index
        while True:
            found = [self._match(*each) for each in index.search(descriptor, wanted)]
            kept = found if keep is None else keep(found)
            if len(kept) >= k or len(found) < wanted or wanted > MOST_SEARCHED:
                return kept[:k]
            wanted *= 4

    def search_left(self, descriptor: np.ndarray, k: int) -> List[Match]:
        """The same, without what the camera has not left since it was there in this session.

        They would fill the k places: a robot that creeps, or whose keyframes are far apart in time, sees more
        of them than of an earlier visit.
        """
        return self.search(descriptor, k, lambda found: self._left(found, descriptor))

    def _left(self, matches: List[Match], descriptor: np.ndarray) -> List[Match]:
        lowest = self._trail.least_similarity_since([match.entry.id for match in matches], descriptor)
        return [match for match, least in zip(matches, lowest) if self._has_left(match, least)]

    def _has_left(self, match: Match, least_similarity: float) -> bool:
        if match.entry.session != self.sessions.present.id:
            return True
        if self._pace.newest - match.entry.stamp < self._leaving.age(self._pace.interval):
            return False
        travelled = self._odometer.since(match.entry.travelled)
        far = travelled is None or travelled >= self._leaving.min_distance
        return far and least_similarity < self._leaving.elsewhere_below(match.similarity)

    def nearest(self, keyframe_id: int, radius: int, descriptor: np.ndarray) -> Optional[Match]:
        """The keyframe most similar to a descriptor among those around another one.

        Args:
            keyframe_id: of the other one.
            radius: how many keyframes before and after it in its session are compared.
            descriptor: (D,) float32, unit norm.

        Returns:
            None if the other one was removed, or the camera has not left the place.
        """
        if keyframe_id not in self.timeline or keyframe_id in self._visit.waiting:
            return None
        ids, vectors = self.timeline.around(keyframe_id, radius, self._visit.waiting)
        similarities = vectors @ descriptor
        best = int(similarities.argmax())
        match = self._match(ids[best], float(similarities[best]))
        return match if self._left([match], descriptor) else None

    def _match(self, keyframe_id: int, similarity: float) -> Match:
        entry = self.timeline[keyframe_id]
        session = self.sessions.get(entry.session)
        robot, frame = (session.robot, session.frame) if session else ("", "")
        return Match(entry, robot, similarity, frame)

    def remove(self, keyframe_ids: Sequence[int]) -> None:
        """Remove keyframes, if they exist; their ids are never used again.

        Raises:
            StoreError: if they could not be removed from the store; all of them remain.
        """
        self.store.remove(keyframe_ids)
        self._index.remove(keyframe_ids)
        self._visit.remove(keyframe_ids)
        gone = set(keyframe_ids)
        self._released = [each for each in self._released if each not in gone]
        self.timeline.remove(keyframe_ids)
