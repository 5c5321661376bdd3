"""All that the robot remembers: the store on disk, the index in memory, and the youngest keyframes.

A keyframe younger than ``min_age`` shows the place where the camera still is. It waits outside the
index, so that it can neither be a match nor crowd the older ones out of the top k.
"""

from collections import deque
from typing import Deque, List, NamedTuple, Optional, Tuple

import numpy as np

from place_recognition_ros.keyframes.index import Entry, KeyframeIndex
from place_recognition_ros.keyframes.store import KeyframeStore
from place_recognition_ros.poses import Pose, distance

SAMPLES_SINCE = 64  # keyframes looked at when asked whether the camera has left a place


class Neighbour(NamedTuple):
    """A keyframe of the map that is similar to a query."""

    position: int  # in the index
    entry: Entry
    similarity: float  # cosine


class KeyframeMap:
    """The keyframes of all sessions.

    Args:
        store: the truth; read here.
        descriptor_size: length D of the descriptors.
        min_age: nanoseconds, 1 or more, that a keyframe waits before it can be found.
    """

    def __init__(self, store: KeyframeStore, descriptor_size: int, min_age: int) -> None:
        self._store = store
        self._index = KeyframeIndex(descriptor_size)
        self._min_age = min_age
        self._young: Deque[Tuple[Entry, np.ndarray]] = deque()
        self._last_pose: Optional[Pose] = None
        self.travelled = 0.0
        """Metres since the session began, where poses are known."""
        self.session = 0
        for keyframe in store.keyframes():
            self._index.add(Entry(keyframe.id, keyframe.session, keyframe.stamp), keyframe.descriptor)
            self.session = max(self.session, keyframe.session)
        self.start_session()

    def __len__(self) -> int:
        return len(self._index) + len(self._young)

    @property
    def damaged(self) -> int:
        """Keyframes of the store that were left out because their CRC is wrong."""
        return self._store.damaged

    def start_session(self) -> None:
        """Begin an unbroken trajectory with a world frame of its own; all that was before can be found."""
        while self._young:
            self._index.add(*self._young.popleft())
        self.session += 1
        self.travelled = 0.0
        self._last_pose = None

    def move(self, pose: Optional[Pose]) -> None:
        """Follow the camera; measures the way travelled."""
        if pose is not None and self._last_pose is not None:
            self.travelled += distance(self._last_pose, pose)
        self._last_pose = pose or self._last_pose

    def add(
        self, stamp: int, pose: Optional[Pose], descriptor: np.ndarray, features: np.ndarray, thumbnail: bytes
    ) -> int:
        """Remember a keyframe of this session; the arguments are those of ``KeyframeStore.add``.

        Returns:
            Its id.

        Raises:
            StoreError: if it could not be stored; it is not remembered then.
        """
        number = self._store.add(self.session, stamp, pose, descriptor, features, thumbnail)
        self._young.append((Entry(number, self.session, stamp, self.travelled), descriptor))
        return number

    def search(self, descriptor: np.ndarray, k: int, now: int) -> List[Neighbour]:
        """The k keyframes most similar to a descriptor, best first, none younger than ``min_age``.

        Args:
            descriptor: (D,) float32, unit norm.
            k: how many at the most.
            now: nanoseconds.
        """
        while self._young and self._young[0][0].stamp <= now - self._min_age:
            self._index.add(*self._young.popleft())
        found = self._index.search(descriptor, k)
        return [Neighbour(position, self._index[position], similarity) for position, similarity in found]

    def around(self, position: int, radius: int) -> Tuple[np.ndarray, int]:
        """Descriptors of a keyframe and of those before and after it in its session.

        Returns:
            (m, D) float32 with m ≤ 2·radius + 1, and the row of the keyframe itself.
        """
        session = self._index[position].session
        start = stop = position
        while start > 0 and position - start < radius and self._index[start - 1].session == session:
            start -= 1
        while (
            stop + 1 < len(self._index)
            and stop - position < radius
            and self._index[stop + 1].session == session
        ):
            stop += 1
        return self._index.vectors(start, stop + 1), position - start

    def least_similarity_since(self, position: int, descriptor: np.ndarray) -> float:
        """The lowest cosine between a descriptor and the keyframes since ``position``.

        It is high where the camera has stayed; −1 where nothing was stored for so long that nobody knows.
        """
        if not self._young:
            return -1.0
        step = 1 + (len(self._index) - position) // SAMPLES_SINCE
        old = [self._index.vectors(at, at + 1)[0] for at in range(position, len(self._index), step)]
        young = [vector for _, vector in self._young]
        return float((np.array(old + young) @ descriptor).min())

    def features(self, number: int) -> np.ndarray:
        """(N,) ``FEATURE`` of a keyframe."""
        return self._store.features(number)

    def close(self) -> None:
        self._store.close()
