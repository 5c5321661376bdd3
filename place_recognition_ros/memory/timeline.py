"""The keyframes in the order in which the camera took them: sessions, poses, descriptors."""

from bisect import bisect_left
from typing import AbstractSet, List, NamedTuple, Optional, Tuple

import numpy as np

from place_recognition_ros.poses import Pose, distance

MAX_SAMPLES = 64  # keyframes compared to find out whether the camera has left a place


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
        self._session = 0
        self._last_pose: Optional[Pose] = None
        self.travelled = 0.0
        """Metres since the present session began, where poses are known."""

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, number: int) -> bool:
        row = self._row(number)
        return row < len(self._ids) and self._ids[row] == number

    def __getitem__(self, number: int) -> Entry:
        return self._entries[self._row(number)]

    def move(self, session: int, pose: Optional[Pose]) -> None:
        """Follow the camera and measure the distance travelled; a new session begins at 0."""
        if session != self._session:
            self._session, self._last_pose, self.travelled = session, None, 0.0
        if pose is not None and self._last_pose is not None:
            self.travelled += distance(self._last_pose, pose)
        self._last_pose = pose or self._last_pose

    def append(
        self, number: int, session: int, stamp: int, pose: Optional[Pose], descriptor: np.ndarray
    ) -> None:
        """Append a keyframe; the camera has moved to its pose already.

        Args:
            number: its id, larger than all before.
            session: that it belongs to.
            stamp: nanoseconds.
            pose: in the session's world frame, where known.
            descriptor: (D,) float32, unit norm.
        """
        self._ids.append(number)
        self._entries.append(Entry(number, session, stamp, pose, self.travelled))
        self._vectors.append(descriptor.astype(np.float16))

    def vector(self, number: int) -> np.ndarray:
        """(D,) float32: the descriptor of a keyframe."""
        return self._vectors[self._row(number)].astype(np.float32)

    def remove(self, number: int) -> None:
        """Forget a keyframe that is stored."""
        row = self._row(number)
        del self._ids[row], self._entries[row], self._vectors[row]

    def around(self, number: int, radius: int, waiting: AbstractSet[int]) -> Tuple[np.ndarray, int]:
        """Descriptors of a keyframe and of those before and after it in its session.

        Args:
            number: id of the keyframe.
            radius: how many keyframes on each side, at most.
            waiting: ids of keyframes that are not searched yet; the result ends before them.

        Returns:
            (m, D) float32 with m ≤ 2·radius + 1, and the row of the keyframe itself.
        """
        row = self._row(number)
        start = row - self._run(range(row - 1, max(-1, row - 1 - radius), -1), number, waiting)
        stop = row + 1 + self._run(range(row + 1, min(len(self), row + 1 + radius)), number, waiting)
        return np.array(self._vectors[start:stop], np.float32).reshape(-1, self._size), row - start

    def _run(self, rows: range, number: int, waiting: AbstractSet[int]) -> int:
        """How many of these rows, counted from the first, belong to the session and are searched."""
        session, count = self[number].session, 0
        for row in rows:
            if self._entries[row].session != session or self._ids[row] in waiting:
                break
            count += 1
        return count

    def least_similarity_since(self, number: int, descriptor: np.ndarray) -> float:
        """The lowest cosine between a descriptor and the keyframes since ``number``, which is one of them.

        It is high where the camera has stayed. Of many keyframes a sample is compared.
        """
        row = self._row(number)
        step = 1 + (len(self) - row) // MAX_SAMPLES
        sample = np.array(self._vectors[row::step], np.float32)
        return float((sample @ descriptor).min())

    def _row(self, number: int) -> int:
        return bisect_left(self._ids, number)
