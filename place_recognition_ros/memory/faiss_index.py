"""Search over all descriptors with FAISS, in memory.

FAISS's fast scan compares short codes of all vectors; the most similar, and some more, are then compared in half
precision, error of a cosine below 1e-3. A map that is smaller than this shortlist is compared as a whole. Up to
LARGE vectors the codes have 128 bytes, and the nearest are found of any query; in a larger map 32 bytes, with
which the nearest of a revisit are found.

The codebook is that of normally distributed numbers, and a random rotation makes any descriptor look like them.
It is as good as a codebook that was trained on the map, without what the robot saw first being preferred, and
nothing has to be trained or built while the robot drives: both codes are made when a vector is added, and the
longer ones are dropped when the map becomes large.

The vectors are stored in segments of fixed size, because one growing array pauses the robot whenever it is
moved: 96 ms at 100,000 keyframes, 6.6 s at 1,000,000 (measured with IndexFlat).
"""

from functools import lru_cache
from typing import Any, Iterable, List, Sequence, Tuple

import faiss
import numpy as np
from scipy.fft import dct

from place_recognition_ros.memory.index import Index

SEGMENT = 65536  # vectors
LARGE = 2 * SEGMENT  # vectors from which on a search of the longer codes would take more than a millisecond
SPARE = 502  # vectors beside the k best of the first look that are compared again
WIDTH, BITS = 512, 4  # components of a rotated vector; bits of the code of each part of it
FINE, COARSE = 256, 64  # parts that a vector is divided into


class FaissIndex(Index):
    """The cosines that are returned are of half precision.

    Args:
        descriptor_size: length D of the vectors.
    """

    def __init__(self, descriptor_size: int) -> None:
        faiss.omp_set_num_threads(1)  # a second thread does not help one query and often hurts
        self._size = descriptor_size
        self._rotation = _Rotation(descriptor_size)
        self._parts = [FINE, COARSE]
        for parts in self._parts:
            _codebook(parts)  # now, because it takes longer than an add
        self._segments: List[_Segment] = []

    def __len__(self) -> int:
        return sum(segment.count for segment in self._segments)

    def add(self, keyframe_id: int, vector: np.ndarray) -> None:
        self.extend([keyframe_id], vector.reshape(1, -1))

    def extend(self, keyframe_ids: Sequence[int], vectors: np.ndarray) -> None:
        if len(self) + len(keyframe_ids) > LARGE:
            self._parts = [COARSE]
            for segment in self._segments:
                del segment.codes[:-1]
        rotated = self._rotation.apply(vectors)
        while len(keyframe_ids):
            if not self._segments or self._segments[-1].count >= SEGMENT:
                self._segments.append(_Segment(self._size, self._parts))
            segment = self._segments[-1]
            count = SEGMENT - segment.count
            segment.extend(keyframe_ids[:count], vectors[:count], rotated[:count])
            keyframe_ids, vectors, rotated = keyframe_ids[count:], vectors[count:], rotated[count:]

    def search(self, vector: np.ndarray, k: int) -> List[Tuple[int, float]]:
        if k < 1 or not self._segments or not np.isfinite(vector).all():
            return []
        rows = self._shortlist(vector, k + SPARE)
        ids, vectors = self._stored(rows)
        shortlist = faiss.IndexScalarQuantizer(
            self._size, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        )
        faiss.copy_array_to_vector(vectors.view(np.uint8).ravel(), shortlist.codes)
        shortlist.ntotal = len(ids)
        cosines, best = shortlist.search(vector.reshape(1, -1), min(k, len(ids)))
        return list(zip(ids[best[0]].tolist(), cosines[0].tolist()))

    def _shortlist(self, vector: np.ndarray, count: int) -> np.ndarray:
        """(n,) int64: the rows, counted over all segments, of vectors that are similar; n ≤ ``count``."""
        if len(self) <= count:
            return np.arange(len(self))
        rotated = self._rotation.apply(vector.reshape(1, -1))
        found = [segment.codes[0].search(rotated, count) for segment in self._segments]
        rows = np.concatenate([number * SEGMENT + rows for number, (_, rows) in enumerate(found)])
        scores = np.concatenate([scores for scores, _ in found])
        return np.sort(rows[np.argpartition(-scores, count - 1)[:count]])

    def _stored(self, rows: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """Ids, (n,) int64, and vectors, (n, D) float16, of rows that rise."""
        borders = np.searchsorted(rows, SEGMENT * np.arange(1, len(self._segments)))
        parts = [
            (segment, part % SEGMENT) for segment, part in zip(self._segments, np.split(rows, borders))
        ]
        ids = np.concatenate([segment.ids[part] for segment, part in parts])
        return ids, np.concatenate([segment.vectors[part] for segment, part in parts])

    def remove(self, keyframe_ids: Iterable[int]) -> None:
        """The last vectors take the rows of those that are removed."""
        count, ids = len(self), np.array(list(keyframe_ids), np.int64)
        stored = np.concatenate([segment.ids[: segment.count] for segment in self._segments] or [ids[:0]])
        gone = np.flatnonzero(np.isin(stored, ids))
        remaining = count - len(gone)
        moved = np.setdiff1d(np.arange(remaining, count), gone)
        for target, source in zip(gone.tolist(), moved.tolist()):
            segment, other = self._segments[target // SEGMENT], self._segments[source // SEGMENT]
            segment.overwrite(target % SEGMENT, other, source % SEGMENT)
        for number in {row // SEGMENT for row in [*gone.tolist(), *moved.tolist()]}:
            self._segments[number].cut(max(0, min(SEGMENT, remaining - number * SEGMENT)))
        self._segments = [segment for segment in self._segments if segment.count]


class _Segment:
    """Vectors of half precision with their ids and codes, SEGMENT at most.

    Args:
        size: length D of the vectors.
        parts: of each kind of code; the first kind is searched.
    """

    def __init__(self, size: int, parts: List[int]) -> None:
        self.vectors = np.empty((SEGMENT, size), np.float16)  # takes memory where it is written to
        self.ids = np.empty(SEGMENT, np.int64)
        self.count = 0
        self.codes = [_Codes(each) for each in parts]

    def extend(self, ids: Sequence[int], vectors: np.ndarray, rotated: np.ndarray) -> None:
        """Append vectors, (n, D) and, rotated, (n, WIDTH)."""
        rows = slice(self.count, self.count + len(ids))
        self.vectors[rows], self.ids[rows] = vectors, ids
        for codes in self.codes:
            codes.extend(self.count, rotated)
        self.count += len(ids)

    def overwrite(self, row: int, other: "_Segment", source: int) -> None:
        """Copy a row of this or of another segment; ``cut`` must follow."""
        self.vectors[row], self.ids[row] = other.vectors[source], other.ids[source]
        for codes, others in zip(self.codes, other.codes):
            codes.rows()[row] = others.rows()[source]

    def cut(self, count: int) -> None:
        """Keep the first rows."""
        for codes in self.codes:
            codes.cut(count)
        self.count = count


class _Codes:
    """The product-quantised codes of rotated vectors.

    Args:
        parts: that a vector is divided into.
    """

    def __init__(self, parts: int) -> None:
        self._rows = faiss.clone_index(_codebook(parts))  # where single rows can be changed
        self._scan = faiss.IndexPQFastScan(self._rows)  # the same, interleaved

    def extend(self, first: int, rotated: np.ndarray) -> None:
        """Append vectors, (n, WIDTH), from a row on."""
        if not self._rows.ntotal == self._scan.ntotal == first:  # an exception interrupted the last call
            self.cut(first)
        self._rows.add(rotated)
        self._scan.add(rotated)

    def search(self, rotated: np.ndarray, count: int) -> Tuple[np.ndarray, np.ndarray]:
        """Scores and rows, both (n,), of those most similar to a query, (1, WIDTH); n ≤ ``count``."""
        scores, rows = self._scan.search(rotated, min(count, self._scan.ntotal))
        valid = rows[0] >= 0
        return scores[0][valid], rows[0][valid]

    def rows(self) -> np.ndarray:
        """(n, bytes) uint8, not a copy; after a change ``cut`` must follow."""
        codes = self._rows
        return faiss.rev_swig_ptr(codes.codes.data(), codes.ntotal * codes.code_size).reshape(codes.ntotal, -1)

    def cut(self, count: int) -> None:
        """Keep the first rows."""
        self._rows.remove_ids(faiss.IDSelectorRange(count, self._rows.ntotal))
        self._scan = faiss.IndexPQFastScan(self._rows)


class _Rotation:
    """A random rotation of vectors into WIDTH components: a cosine transform after random changes of sign.

    Longer vectors are projected, with an error of a cosine of about 0.04.
    """

    def __init__(self, size: int) -> None:
        self._length = max(size, WIDTH)
        signs = np.random.RandomState(0).choice(np.array([-1, 1], np.float32), size)
        self._factors = signs * np.float32((self._length / WIDTH) ** 0.5)

    def apply(self, vectors: np.ndarray) -> np.ndarray:
        """(n, D) float32 → (n, WIDTH) float32."""
        return np.ascontiguousarray(dct(self._factors * vectors, n=self._length, norm="ortho")[:, :WIDTH])


@lru_cache(maxsize=None)
def _codebook(parts: int) -> Any:
    """IndexPQ, empty, with the codebook of random unit vectors, the same for each part."""
    codes = faiss.IndexPQ(WIDTH, parts, BITS, faiss.METRIC_INNER_PRODUCT)
    codes.pq.train_type = faiss.ProductQuantizer.Train_shared
    samples = np.random.RandomState(0).standard_normal((4096 // parts, WIDTH)).astype(np.float32)
    codes.pq.train(samples / np.linalg.norm(samples, axis=1, keepdims=True))
    codes.is_trained = True
    return codes
