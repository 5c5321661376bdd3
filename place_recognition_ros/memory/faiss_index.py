"""Search over all descriptors with FAISS, in memory.

FAISS's fast scan compares short codes of all vectors; the k most similar, and SPARE more, are then compared
in half precision, error of a cosine below 1e-3. If no more are stored, all are compared. Up to LARGE vectors
the codes have 128 bytes, and the nearest of any query are found; in a larger map 24 bytes, and the nearest of
a revisit are found.

The codebook is that of normally distributed numbers, and a random rotation makes any descriptor look like
them. It is as good as one that was trained on the map, prefers nothing that the robot saw first, and nothing
has to be trained or built while the robot drives: both codes are made when a vector is added, and the longer
ones are dropped when the map becomes large.

No large array is moved when it grows, because that pauses the robot: 96 ms at 100,000 keyframes, 6.6 s at
1,000,000 (measured with IndexFlat). Nor is memory taken in pieces of 2 MB, as NumPy asks the system for: a
piece takes 4 ms.
"""

import mmap
from functools import lru_cache
from typing import Any, Iterable, Iterator, List, NamedTuple, Sequence, Tuple

import faiss
import numpy as np
from scipy.fft import dct

from place_recognition_ros.memory.index import Index

BLOCK = 65536  # vectors
LARGE = 2**17  # vectors; with more, a search of the longer codes would take more than a millisecond
PART, CLEARED = 2**23, 2**18  # bytes of codes that are reserved at once, and that are set to 0 at once
GROUP = 32  # vectors that the fast scan compares at once
SPARE = 374  # vectors beside the k best of the first look that are compared again
GONE, MOST_GONE = -1, 250  # id of a removed vector; how many of them the codes have, at most, less than SPARE
WIDTH, BITS = 512, 4  # components of a rotated vector; bits of the code of each of its parts
FINE, COARSE = (512, 256), (384, 48)  # components that are encoded, and parts that they are divided into


class _Block(NamedTuple):
    vectors: np.ndarray  # (BLOCK, D) float16; memory only where it is written to
    ids: np.ndarray  # (BLOCK,) int64
    codes: List[np.ndarray]  # (BLOCK, bytes) uint8, of each kind


class FaissIndex(Index):
    """The cosines that are returned are of half precision.

    Args:
        descriptor_size: length D of the vectors.
    """

    def __init__(self, descriptor_size: int) -> None:
        faiss.omp_set_num_threads(1)  # a second thread does not help one query and often hurts
        self._size = descriptor_size
        self._rotation = _Rotation(descriptor_size)
        self._scans = [_Scan(*FINE), _Scan(*COARSE)]  # the first is searched
        self._blocks: List[_Block] = []
        self._count = 0
        self._gone = 0  # removed, and still in the codes

    def add(self, keyframe_id: int, vector: np.ndarray) -> None:
        self.complete()
        rotated = self._store([keyframe_id], vector.reshape(1, -1))
        for scan in self._scans:
            scan.add(rotated)
        self._count += 1

    def extend(self, keyframe_ids: Sequence[int], vectors: np.ndarray) -> None:
        """Add many; ``complete`` puts their codes into the scans, all at once."""
        self._store(keyframe_ids, vectors)
        self._count += len(keyframe_ids)

    def _store(self, keyframe_ids: Sequence[int], vectors: np.ndarray) -> np.ndarray:
        """Write the next rows of the blocks; returns the rotated vectors, (n, WIDTH) float32."""
        count = self._count + len(keyframe_ids)
        if count > LARGE:
            del self._scans[:-1]
            for block in self._blocks:
                del block.codes[:-1]
        while count > BLOCK * len(self._blocks):
            self._blocks.append(self._new_block())
        rotated = self._rotation.apply(vectors)
        for block, rows, part in self._spans(self._count, count):
            block.vectors[rows], block.ids[rows] = vectors[part], keyframe_ids[part]
            for scan, codes in zip(self._scans, block.codes):
                codes[rows] = scan.encode(rotated[part])
        return rotated

    def _new_block(self) -> _Block:
        codes = [_memory((BLOCK, scan.bytes), np.uint8) for scan in self._scans]
        return _Block(_memory((BLOCK, self._size), np.float16), _memory((BLOCK,), np.int64), codes)

    def _spans(self, first: int, last: int) -> Iterator[Tuple[_Block, slice, slice]]:
        """Rows of the index by their blocks: the block, its rows, and their numbers from the first one on."""
        for number in range(first // BLOCK, -(-last // BLOCK)):
            start, stop = max(first, BLOCK * number), min(last, BLOCK * (number + 1))
            rows = slice(start - BLOCK * number, stop - BLOCK * number)
            yield self._blocks[number], rows, slice(start - first, stop - first)

    def complete(self) -> None:
        """Fill the scans with what ``extend`` stored, or after an exception interrupted an ``add``."""
        for kind, scan in enumerate(self._scans):
            if len(scan) != self._count:
                self._fill(kind)

    def _fill(self, kind: int) -> None:
        codes = [block.codes[kind][rows] for block, rows, _ in self._spans(0, self._count)]
        self._scans[kind].fill(np.concatenate(codes or [np.empty((0, self._scans[kind].bytes), np.uint8)]))

    def search(self, vector: np.ndarray, k: int) -> List[Tuple[int, float]]:
        if k < 1 or not self._count or not np.isfinite(vector).all():
            return []
        self.complete()
        query = vector.reshape(1, -1)
        if self._count <= k + SPARE:
            rows = np.arange(self._count)
        else:
            rows = np.sort(self._scans[0].search(self._rotation.apply(query), k + SPARE))
        ids, vectors = self._stored(rows)
        if self._gone:
            ids, vectors = ids[ids != GONE], vectors[ids != GONE]
        if not len(ids):
            return []
        shortlist = faiss.IndexScalarQuantizer(
            self._size, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        )
        faiss.copy_array_to_vector(vectors.view(np.uint8).ravel(), shortlist.codes)
        shortlist.ntotal = len(ids)
        cosines, best = shortlist.search(query, min(k, len(ids)))
        return list(zip(ids[best[0]].tolist(), cosines[0].tolist()))

    def _stored(self, rows: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """Ids, (n,) int64, and vectors, (n, D) float16, of rows in their order."""
        borders = np.searchsorted(rows, BLOCK * np.arange(1, len(self._blocks)))
        parts = [
            (block, part % BLOCK) for block, part in zip(self._blocks, np.split(rows, borders)) if len(part)
        ]
        ids = np.concatenate([block.ids[part] for block, part in parts])
        return ids, np.concatenate([block.vectors[part] for block, part in parts])

    def remove(self, keyframe_ids: Iterable[int]) -> None:
        unwanted = np.array(list(keyframe_ids), np.int64)
        for block, rows, _ in self._spans(0, self._count):
            ids = block.ids[rows]
            gone = np.isin(ids, unwanted)
            ids[gone] = GONE
            self._gone += int(np.count_nonzero(gone))
        if self._gone > MOST_GONE:
            self._compact()

    def _compact(self) -> None:
        """The last vectors take the rows of those that were removed."""
        gone = np.concatenate(
            [
                part.start + np.flatnonzero(block.ids[rows] == GONE)
                for block, rows, part in self._spans(0, self._count)
            ]
        )
        remaining = self._count - len(gone)
        moved = np.setdiff1d(np.arange(remaining, self._count), gone)
        for target, source in zip(gone.tolist(), moved.tolist()):
            block, other = self._blocks[target // BLOCK], self._blocks[source // BLOCK]
            for into, out_of in zip((*block[:2], *block.codes), (*other[:2], *other.codes)):
                into[target % BLOCK] = out_of[source % BLOCK]
        self._count, self._gone = remaining, 0
        for kind in range(len(self._scans)):
            self._fill(kind)
        del self._blocks[-(-remaining // BLOCK) :]


class _Scan:
    """FAISS's fast scan over product-quantised codes of rotated vectors.

    Args:
        width: how many of the components of a rotated vector are encoded, the first ones.
        parts: that they are divided into; a divisor of it.
    """

    def __init__(self, width: int, parts: int) -> None:
        self._width, self._empty = width, _codebook(width, parts)
        self.bytes = parts * BITS // 8
        """Of a code."""
        self._most, self._cleared = (size // self.bytes // GROUP * GROUP for size in (PART, CLEARED))
        self._indexes: List[Any] = []  # IndexPQFastScan, each of as many vectors but the last

    def __len__(self) -> int:
        return sum(index.ntotal for index in self._indexes)

    def encode(self, rotated: np.ndarray) -> np.ndarray:
        """(n, WIDTH) float32 → (n, bytes) uint8."""
        codes: np.ndarray = self._empty.pq.compute_codes(self._encoded(rotated))
        return codes

    def _encoded(self, rotated: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(rotated[:, : self._width])

    def fill(self, codes: np.ndarray) -> None:
        """Replace all codes, (n, bytes) uint8."""
        self._indexes = []
        for first in range(0, len(codes), self._most):
            part = codes[first : first + self._most]
            plain = faiss.clone_index(self._empty)
            faiss.copy_array_to_vector(part.ravel(), plain.codes)
            plain.ntotal = len(part)
            self._append(plain)

    def _append(self, plain: Any) -> None:
        """Begin another of FAISS's indexes, with what this one contains; it may grow to ``_most`` vectors."""
        index = faiss.IndexPQFastScan(plain)
        index.codes.resize(self._most * self.bytes)
        self._indexes.append(index)
        self._clear(-(-index.ntotal // GROUP) * GROUP)

    def _clear(self, first: int) -> None:
        """Set codes of the last index from this vector on to 0: FAISS expects that of what it writes to."""
        stop = min(self._most, (first // self._cleared + 1) * self._cleared)
        codes = faiss.rev_swig_ptr(self._indexes[-1].codes.get(), self._most * self.bytes)
        codes[first * self.bytes : stop * self.bytes] = 0

    def add(self, rotated: np.ndarray) -> None:
        """Append a vector, (1, WIDTH) float32."""
        if len(self) == self._most * len(self._indexes):
            self._append(self._empty)
        elif self._indexes[-1].ntotal % self._cleared == 0:
            self._clear(self._indexes[-1].ntotal)
        self._indexes[-1].add(self._encoded(rotated))

    def search(self, rotated: np.ndarray, count: int) -> np.ndarray:
        """(n,) int64: the rows most similar to a query, (1, WIDTH) float32; n ≤ ``count``."""
        rotated, scores, rows = self._encoded(rotated), [], []
        for number, index in enumerate(self._indexes):
            scores_here, rows_here = index.search(rotated, min(count, index.ntotal))
            valid = rows_here[0] >= 0
            scores.append(scores_here[0][valid])
            rows.append(self._most * number + rows_here[0][valid])
        return np.concatenate(rows)[np.argsort(-np.concatenate(scores))[:count]]


def _memory(shape: Tuple[int, ...], dtype: Any) -> np.ndarray:
    """An array in memory that the system provides page by page, when it is written to."""
    count = int(np.prod(shape))
    pages = mmap.mmap(-1, count * np.dtype(dtype).itemsize, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    return np.frombuffer(pages, dtype, count).reshape(shape)


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
        rotated: np.ndarray = dct(self._factors * vectors, n=self._length, norm="ortho")
        return rotated[:, :WIDTH]


@lru_cache(maxsize=None)
def _codebook(width: int, parts: int) -> Any:
    """IndexPQ, empty, with the codebook of random unit vectors, the same for each part."""
    codes = faiss.IndexPQ(width, parts, BITS, faiss.METRIC_INNER_PRODUCT)
    codes.pq.train_type = faiss.ProductQuantizer.Train_shared
    samples = np.random.RandomState(0).standard_normal((4096 // parts, width)).astype(np.float32)
    codes.pq.train(samples * np.float32(WIDTH**-0.5))
    codes.is_trained = True
    return codes
