"""Exact search over all keyframes of a map: FAISS, in memory, rebuilt from the store at start.

Half-precision vectors halve memory and time; the error of a cosine is below 1e-3. The
vectors lie in blocks of fixed size, because one growing array pauses the robot whenever it is moved:
96 ms at 100,000 keyframes, 6.6 s at 1,000,000 (measured with IndexFlat).
"""

from typing import List, NamedTuple, Tuple

import faiss
import numpy as np

BLOCK = 8192


class Entry(NamedTuple):
    """What the index knows of a keyframe beside its vector."""

    id: int
    session: int
    stamp: int  # nanoseconds
    travelled: float = 0.0  # metres since its session began, where poses are known


class KeyframeIndex:
    """Keyframes by similarity, and by their place in the order in which they were added.

    Args:
        descriptor_size: length D of the vectors.
    """

    def __init__(self, descriptor_size: int) -> None:
        faiss.omp_set_num_threads(1)  # a second thread does not help one query and often hurts
        self._size = descriptor_size
        self._blocks: List[faiss.IndexScalarQuantizer] = []
        self._entries: List[Entry] = []

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, position: int) -> Entry:
        return self._entries[position]

    def add(self, entry: Entry, vector: np.ndarray) -> None:
        """Append a keyframe; ``vector``: (D,) float32, unit norm."""
        if len(self._entries) == BLOCK * len(self._blocks):
            half = faiss.ScalarQuantizer.QT_fp16
            self._blocks.append(faiss.IndexScalarQuantizer(self._size, half, faiss.METRIC_INNER_PRODUCT))
        self._blocks[-1].add(vector.reshape(1, -1))
        self._entries.append(entry)

    def search(self, vector: np.ndarray, k: int) -> List[Tuple[int, float]]:
        """The k most similar keyframes.

        Args:
            vector: (D,) float32, unit norm.
            k: how many; fewer come back where fewer are stored.

        Returns:
            (position, cosine), most similar first.
        """
        if k < 1:
            return []
        found = []
        for number, block in enumerate(self._blocks):
            cosines, labels = block.search(vector.reshape(1, -1), min(k, block.ntotal))
            found += [
                (number * BLOCK + int(label), float(cosine))
                for label, cosine in zip(labels[0], cosines[0])
                if label >= 0
            ]
        return sorted(found, key=lambda pair: -pair[1])[:k]

    def vectors(self, start: int, stop: int) -> np.ndarray:
        """(stop − start, D) float32: the vectors at these positions."""
        rows = [self._blocks[at // BLOCK].reconstruct(at % BLOCK) for at in range(start, stop)]
        return np.array(rows, np.float32).reshape(-1, self._size)
