"""The keyframes in the order in which the camera took them: sessions, poses, descriptors."""

from bisect import bisect_left
from typing import AbstractSet, List, NamedTuple, Optional, Tuple

import numpy as np

from place_recognition_ros.poses import Pose, distance

SAMPLES = 32  # of the newest views, and of those before, compared to find out whether a place was left


class Entry(NamedTuple):
    """What is held in memory of a keyframe beside its descriptor."""

    id: int
    session: int
    stamp: int  # nanoseconds
    pose: Optional[Pose] = None
    travelled: float = 0.0  # metres since its session began, where poses are known


class Timeline:
    """All keyframes of a map by id, which rise with time.

    Args:
        descriptor_size: length D of the descriptors.
    """

    def __init__(self, descriptor_size: int) -> None:
        self._size = descriptor_size
        self._ids: List[int] = []
        self._entries: List[Entry] = []
        self._vectors: List[np.ndarray] = []  # (D,) float16: half the memory, error of a cosine below 1e-3
        self._views: List[int] = []  # ids of the keyframes at which the view changed, in the present session
        self._session = 0
        self._last_pose: Optional[Pose] = None
        self.travelled = 0.0
        """Metres since the present session began, where poses are known."""

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, keyframe_id: int) -> bool:
        row = self._row(keyframe_id)
        return row < len(self._ids) and self._ids[row] == keyframe_id

    def get(self, keyframe_id: int) -> Optional[Entry]:
        """A keyframe; None: it does not exist."""
        row = self._row(keyframe_id)
        return self._entries[row] if self._ids[row : row + 1] == [keyframe_id] else None

    def __getitem__(self, keyframe_id: int) -> Entry:
        return self._entries[self._row(keyframe_id)]

    def move(self, session: int, pose: Optional[Pose]) -> None:
        """Follow the camera and measure the distance travelled; a new session begins at 0."""
        if session != self._session:
            self._session, self._last_pose, self.travelled = session, None, 0.0
            self._views = []
        if pose is not None and self._last_pose is not None:
            self.travelled += distance(self._last_pose, pose)
        self._last_pose = pose or self._last_pose

    def append(self, entry: Entry, descriptor: np.ndarray, view_changed: bool = False) -> None:
        """Append a keyframe.

        Args:
            entry: of an id larger than all before.
            descriptor: (D,) float32, unit norm.
            view_changed: whether it shows another view than the one before it.
        """
        self._ids.append(entry.id)
        self._entries.append(entry)
        self._vectors.append(descriptor.astype(np.float16))
        if view_changed:
            self._views.append(entry.id)

    def vector(self, keyframe_id: int) -> np.ndarray:
        """(D,) float32: the descriptor of a keyframe."""
        return self._vectors[self._row(keyframe_id)].astype(np.float32)

    def remove(self, keyframe_id: int) -> None:
        """Forget a keyframe that is stored."""
        row = self._row(keyframe_id)
        del self._ids[row], self._entries[row], self._vectors[row]

    def around(self, keyframe_id: int, radius: int, waiting: AbstractSet[int]) -> Tuple[np.ndarray, int]:
        """Descriptors of a keyframe and of those before and after it in its session.

        Args:
            keyframe_id: id of the keyframe.
            radius: how many keyframes on each side, at most.
            waiting: ids of keyframes that are not searched yet; the result ends before them.

        Returns:
            (m, D) float32 with m ≤ 2·radius + 1, and the row of the keyframe itself.
        """
        row = self._row(keyframe_id)
        start = row - self._run(range(row - 1, max(-1, row - 1 - radius), -1), keyframe_id, waiting)
        stop = row + 1 + self._run(range(row + 1, min(len(self), row + 1 + radius)), keyframe_id, waiting)
        return np.array(self._vectors[start:stop], np.float32).reshape(-1, self._size), row - start

    def neighbour(self, keyframe_id: int, offset: int) -> int:
        """The id of the keyframe that is ``offset`` keyframes after another one; negative: before it."""
        return self._ids[self._row(keyframe_id) + offset]

    def _run(self, rows: range, keyframe_id: int, waiting: AbstractSet[int]) -> int:
        """How many of these rows, counted from the first, belong to the session and are searched."""
        session, count = self[keyframe_id].session, 0
        for row in rows:
            if self._entries[row].session != session or self._ids[row] in waiting:
                break
            count += 1
        return count

    def least_similarity_since(self, keyframe_id: int, descriptor: np.ndarray) -> float:
        """The lowest cosine between a descriptor and a keyframe of the present session or those after it.

        It is high where the camera has stayed. Of each view one keyframe is compared, so that an excursion is
        not missed after a long wait; of very many views, the newest and a sample of the others.
        """
        views = self._views[bisect_left(self._views, keyframe_id) :]
        older, newest = views[:-SAMPLES], views[-SAMPLES:]
        step = 1 + len(older) // SAMPLES
        rows = [self._row(each) for each in (keyframe_id, *older[::step], *newest) if each in self]
        return float((np.array([self._vectors[row] for row in rows], np.float32) @ descriptor).min())

    def _row(self, keyframe_id: int) -> int:
        return bisect_left(self._ids, keyframe_id)
