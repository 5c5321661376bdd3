"""Search over all descriptors with FAISS, in memory.

A first look compares 8 bits per component, which is a third of the time that half precision takes: the error
of a cosine is about 0.003. The most similar, and some more, are then compared in half precision, error below
1e-3. The vectors are stored in blocks of fixed size, because one growing array pauses the robot whenever it
is moved: 96 ms at 100,000 keyframes, 6.6 s at 1,000,000 (measured with IndexFlat).
"""

from typing import Any, Iterable, List, NamedTuple, Sequence, Tuple

import faiss
import numpy as np

from place_recognition_ros.memory.index import Index

BLOCK = 8192
SPARE = 50  # vectors beside the k best of the first look that are compared again
LEVELS = 127  # of the 8-bit codes, on each side of zero

_Quantizer = faiss.ScalarQuantizer
_SIGNED = getattr(_Quantizer, "QT_8bit_direct_signed", None)  # twice as fast; FAISS 1.9 and newer


class _Block(NamedTuple):
    codes: Any  # IndexScalarQuantizer, 8 bits
    vectors: np.ndarray  # (BLOCK, D) float16; as many rows as there are ids are used
    ids: List[int]


class FaissIndex(Index):
    """All vectors are compared with a query; the cosines that are returned are of half precision.

    Args:
        descriptor_size: length D of the vectors.
    """

    def __init__(self, descriptor_size: int) -> None:
        faiss.omp_set_num_threads(1)  # a second thread does not help one query and often hurts
        self._size = descriptor_size
        self._blocks: List[_Block] = []

    def _new_block(self) -> _Block:
        kind = _Quantizer.QT_8bit_uniform if _SIGNED is None else _SIGNED
        codes = faiss.IndexScalarQuantizer(self._size, kind, faiss.METRIC_INNER_PRODUCT)
        if not codes.is_trained:
            codes.train(np.array([[-LEVELS] * self._size, [LEVELS] * self._size], np.float32))
        return _Block(codes, np.empty((BLOCK, self._size), np.float16), [])

    def add(self, keyframe_id: int, vector: np.ndarray) -> None:
        self.extend([keyframe_id], vector.reshape(1, -1))

    def extend(self, keyframe_ids: Sequence[int], vectors: np.ndarray) -> None:
        while len(keyframe_ids):
            if not self._blocks or len(self._blocks[-1].ids) >= BLOCK:
                self._blocks.append(self._new_block())
            block = self._blocks[-1]
            first = len(block.ids)
            count = min(BLOCK - first, len(keyframe_ids))
            block.codes.add(_scaled(vectors[:count]))
            block.vectors[first : first + count] = vectors[:count]
            block.ids.extend(keyframe_ids[:count])
            keyframe_ids, vectors = keyframe_ids[count:], vectors[count:]

    def search(self, vector: np.ndarray, k: int) -> List[Tuple[int, float]]:
        if k < 1 or not self._blocks or not np.isfinite(vector).all():
            return []
        query, wanted = _scaled(vector.reshape(1, -1)), k + SPARE
        near: List[Tuple[float, int, int]] = []  # score, block, row
        for number, block in enumerate(self._blocks):
            scores, rows = block.codes.search(query, min(wanted, len(block.ids)))
            near += zip(scores[0].tolist(), [number] * len(rows[0]), rows[0].tolist())
        near.sort(reverse=True)
        near = [each for each in near[:wanted] if each[2] >= 0]
        vectors = np.array([self._blocks[number].vectors[row] for _, number, row in near], np.float32)
        cosines = vectors @ vector
        best = np.argsort(-cosines, kind="stable")[:k]
        return [(self._blocks[near[each][1]].ids[near[each][2]], float(cosines[each])) for each in best]

    def remove(self, keyframe_ids: Iterable[int]) -> None:
        unwanted = set(keyframe_ids)
        for block in self._blocks:
            kept = [row for row, keyframe_id in enumerate(block.ids) if keyframe_id not in unwanted]
            if len(kept) < len(block.ids):
                rows = np.setdiff1d(np.arange(len(block.ids)), kept)
                block.codes.remove_ids(rows.astype(np.int64))
                block.vectors[: len(kept)] = block.vectors[kept]
                block.ids[:] = [block.ids[row] for row in kept]
        self._blocks = [block for block in self._blocks if block.ids]


def _scaled(vectors: np.ndarray) -> np.ndarray:
    """(n, D) float32, whole numbers: FAISS would round them towards zero."""
    return np.rint(np.float32(LEVELS) * vectors).astype(np.float32)
