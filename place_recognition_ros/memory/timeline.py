"""The keyframes in the order in which the camera took them: sessions, poses, descriptors."""

from bisect import bisect_left, bisect_right
from collections import deque
from typing import AbstractSet, Deque, Iterable, Iterator, List, NamedTuple, Optional, Set, Tuple

import numpy as np

from place_recognition_ros.memory.departure import Leaving
from place_recognition_ros.poses import Pose

SAMPLES = 32  # keyframes between two of them that tell whether the camera has left
EARLIER = 4.0  # an earlier session keeps keyframes that differ this much less from one another
COMPARED = 3  # keyframes before one that may show the same: a camera may toggle between two views


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
        self._repeated: List[
            float
        ] = []  # highest cosine with those before in its session; −∞: it is the first

        self._newest: Deque[Tuple[int, np.ndarray]] = deque(maxlen=COMPARED)  # sessions and descriptors

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[int]:
        return iter(self._ids)

    def __contains__(self, keyframe_id: int) -> bool:
        row = self._row(keyframe_id)
        return row < len(self._ids) and self._ids[row] == keyframe_id

    def get(self, keyframe_id: int) -> Optional[Entry]:
        """A keyframe; None: it does not exist."""
        row = self._row(keyframe_id)
        return self._entries[row] if self._ids[row : row + 1] == [keyframe_id] else None

    def __getitem__(self, keyframe_id: int) -> Entry:
        return self._entries[self._row(keyframe_id)]

    def append(self, entry: Entry, descriptor: np.ndarray) -> None:
        """Append a keyframe.

        Args:
            entry: of an id larger than all before.
            descriptor: (D,) float32, unit norm.
        """
        vector = descriptor.astype(np.float16)
        self._ids.append(entry.id)
        self._entries.append(entry)
        self._vectors.append(vector)
        alike = [float(each @ descriptor) for session, each in self._newest if session == entry.session]
        self._repeated.append(max(alike, default=-np.inf))
        self._newest.append((entry.session, descriptor.astype(np.float32)))

    def insert(self, entry: Entry, descriptor: np.ndarray) -> None:
        """Insert a keyframe between others, in the order of the ids; its session must remain in one piece.

        Args:
            entry: of an id that is not in use.
            descriptor: (D,) float32, unit norm.
        """
        row = self._row(entry.id)
        if row == len(self):
            self.append(entry, descriptor)
            return
        self._ids.insert(row, entry.id)
        self._entries.insert(row, entry)
        self._vectors.insert(row, descriptor.astype(np.float16))
        self._repeated.insert(row, -np.inf)
        self._repeated[row] = self._repeats(row)

    def vector(self, keyframe_id: int) -> np.ndarray:
        """(D,) float32: the descriptor of a keyframe."""
        return self._vectors[self._row(keyframe_id)].astype(np.float32)

    def remove(self, keyframe_ids: Iterable[int]) -> None:
        """Forget keyframes."""
        gone = set(keyframe_ids)
        kept = [row for row, keyframe_id in enumerate(self._ids) if keyframe_id not in gone]
        self._ids = [self._ids[row] for row in kept]
        self._entries = [self._entries[row] for row in kept]
        self._vectors = [self._vectors[row] for row in kept]
        self._repeated = [self._repeated[row] for row in kept]
        for row in {self._row(each) + after for each in gone for after in range(COMPARED)}:
            if row < len(kept):  # one of those before it is another one now
                self._repeated[row] = self._repeats(row)
        newest = zip(self._entries[-COMPARED:], self._vectors[-COMPARED:])
        self._newest = deque(
            ((entry.session, vector.astype(np.float32)) for entry, vector in newest), maxlen=COMPARED
        )

    def between(self, a: int, b: int) -> int:
        """How many keyframes two of them, given by their ids, are apart; they may have been removed."""
        return abs(self._row(a) - self._row(b))

    def session_of(self, keyframe_id: int) -> int:
        """The session of a keyframe, or, where it was removed, of the one before it; 0: there is none."""
        row = self._row_or_before(keyframe_id)
        return self._entries[row].session if row >= 0 else 0

    def neighbours(self, keyframe_id: int, radius: int) -> List[int]:
        """Ids of the keyframes of one session around one of them, the nearest first, with itself."""
        row, session = self._row(keyframe_id), self.session_of(keyframe_id)
        rows = sorted(
            range(max(0, row - radius), min(len(self), row + radius + 1)), key=lambda each: abs(each - row)
        )
        return [self._ids[each] for each in rows if self._entries[each].session == session]

    def is_one_visit(self, a: int, b: int, leaving: Leaving) -> bool:
        """Whether the camera has not left the place of a keyframe before it took another one.

        Args:
            a: id of a keyframe.
            b: id of another one.
            leaving: what it takes to leave a place.
        """
        if self.session_of(a) != self.session_of(b):
            return False
        first, last = sorted(max(0, self._row_or_before(each)) for each in (a, b))
        rows = np.unique(np.linspace(first, last, SAMPLES).astype(int))
        between = self._matrix(rows)
        cosines = between @ between[[0, -1]].T
        return bool(cosines.min() >= leaving.elsewhere_below(float(cosines[0, 1])))

    def ids(self, after: int, before: int) -> List[int]:
        """Ids of the keyframes between two ids, without these."""
        return self._ids[bisect_right(self._ids, after) : bisect_left(self._ids, before)]

    def redundant(self, count: int, session: int) -> List[int]:
        """The keyframes that differ least from one of those before them, of each session never the first.

        Of those that are compared with each other only one is returned: what it shows remains.

        Args:
            count: how many at most.
            session: what is new in the others counts ``EARLIER`` times as much.
        """
        new = 1.0 - np.array(self._repeated)
        new[[entry.session != session for entry in self._entries]] *= EARLIER
        order = np.argsort(new, kind="stable")[: np.count_nonzero(np.isfinite(new))]
        chosen: Set[int] = set()
        for row in order.tolist():
            if len(chosen) == count:
                break
            if chosen.isdisjoint(range(row - COMPARED, row + COMPARED + 1)):
                chosen.add(row)
        return sorted(self._ids[row] for row in chosen)

    def _repeats(self, row: int) -> float:
        session, before = self._entries[row].session, range(max(0, row - COMPARED), row)
        rows = [each for each in before if self._entries[each].session == session]
        *earlier, own = self._matrix(np.array([*rows, row]))
        return max((float(vector @ own) for vector in earlier), default=-np.inf)

    def _matrix(self, rows: np.ndarray) -> np.ndarray:
        return np.array([self._vectors[row] for row in rows], np.float32).reshape(-1, self._size)

    def around(
        self, keyframe_id: int, radius: int, waiting: AbstractSet[int]
    ) -> Tuple[List[int], np.ndarray]:
        """Descriptors of a keyframe and of those before and after it in its session.

        Args:
            keyframe_id: id of the keyframe.
            radius: how many keyframes on each side, at most.
            waiting: ids of keyframes that are not searched yet; the result ends before them.

        Returns:
            Their ids, m ≤ 2·radius + 1, and (m, D) float32.
        """
        row = self._row(keyframe_id)
        start = row - self._run(range(row - 1, max(-1, row - 1 - radius), -1), keyframe_id, waiting)
        stop = row + 1 + self._run(range(row + 1, min(len(self), row + 1 + radius)), keyframe_id, waiting)
        return self._ids[start:stop], self._matrix(np.arange(start, stop))

    def _run(self, rows: range, keyframe_id: int, waiting: AbstractSet[int]) -> int:
        """How many of these rows, counted from the first, belong to the session and are searched."""
        session, count = self[keyframe_id].session, 0
        for row in rows:
            if self._entries[row].session != session or self._ids[row] in waiting:
                break
            count += 1
        return count

    def _row(self, keyframe_id: int) -> int:
        return bisect_left(self._ids, keyframe_id)

    def _row_or_before(self, keyframe_id: int) -> int:
        """The row of a keyframe, or, where it was removed, of the one before it; −1: there is none."""
        return bisect_right(self._ids, keyframe_id) - 1
