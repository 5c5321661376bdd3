"""Exact search over all descriptors with FAISS, in memory.

Half-precision vectors halve memory and time; the error of a cosine is below 1e-3. The
vectors are stored in blocks of fixed size, because one growing array pauses the robot whenever it is moved:
96 ms at 100,000 keyframes, 6.6 s at 1,000,000 (measured with IndexFlat).
"""

from typing import Iterable, List, NamedTuple, Tuple

import faiss
import numpy as np

from place_recognition_ros.memory.index import Index

BLOCK = 8192


class _Block(NamedTuple):
    vectors: faiss.IndexScalarQuantizer
    ids: List[int]  # of the vectors, in their order


class FaissIndex(Index):
    """Brute force over half-precision vectors.

    Args:
        descriptor_size: length D of the vectors.
    """

    def __init__(self, descriptor_size: int) -> None:
        faiss.omp_set_num_threads(1)  # a second thread does not help one query and often hurts
        self._size = descriptor_size
        self._blocks: List[_Block] = []

    def add(self, keyframe_id: int, vector: np.ndarray) -> None:
        if not self._blocks or len(self._blocks[-1].ids) >= BLOCK:
            half = faiss.ScalarQuantizer.QT_fp16
            vectors = faiss.IndexScalarQuantizer(self._size, half, faiss.METRIC_INNER_PRODUCT)
            self._blocks.append(_Block(vectors, []))
        self._blocks[-1].vectors.add(vector.reshape(1, -1))
        self._blocks[-1].ids.append(keyframe_id)

    def search(self, vector: np.ndarray, k: int) -> List[Tuple[int, float]]:
        if k < 1:
            return []
        found = []
        for block in self._blocks:
            cosines, rows = block.vectors.search(vector.reshape(1, -1), min(k, len(block.ids)))
            found += [(block.ids[row], float(cosine)) for row, cosine in zip(rows[0], cosines[0]) if row >= 0]
        return sorted(found, key=lambda pair: -pair[1])[:k]

    def remove(self, keyframe_ids: Iterable[int]) -> None:
        unwanted = set(keyframe_ids)
        for block in self._blocks:
            rows = [row for row, keyframe_id in enumerate(block.ids) if keyframe_id in unwanted]
            if rows:
                block.vectors.remove_ids(np.array(rows, np.int64))
                block.ids[:] = [keyframe_id for keyframe_id in block.ids if keyframe_id not in unwanted]
        self._blocks = [block for block in self._blocks if block.ids]
