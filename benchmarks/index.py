"""Measure the index alone with 1,000,000 keyframes: add, search, recall, memory, and exact search with NumPy.

The descriptors are those of a robot: smooth paths in a space of few dimensions around a common direction, as
in a building whose places look alike. Half of the stream are revisits of earlier paths. Each descriptor has
noise of its own: the cosine of two views of a place is about 0.8. They are added one at a time.
NumPy's array takes another 2 GB. The exit code is 1 if a target is not met.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np

from benchmarks.clock import Clock, resident
from benchmarks.figures import Figure, command, finish, machine, timed
from place_recognition_ros.memory.faiss_index import LARGE, FaissIndex

SIZE, DIMENSIONS, COMMON, NOISE = 512, 48, 0.45, 0.44
STEP = 0.2  # of the path, from one keyframe to the next
PATH = 2_000  # keyframes
QUERIES, TIMED, MATCHES = 1_000, 30, 10
AT_ONCE = 20_000  # vectors
SWITCH = 100  # adds before and after that with which the index changes its kind


def normalised(vectors: np.ndarray) -> np.ndarray:
    """The same directions, float32, unit norm."""
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


class Stream:
    """The descriptors of a robot that drives."""

    def __init__(self) -> None:
        self._random = np.random.default_rng(0)
        self._basis = np.linalg.qr(self._normal(SIZE, DIMENSIONS))[0].T
        self._common = COMMON * normalised(self._normal(SIZE))
        self._paths: list[np.ndarray] = []

    def _normal(self, *shape: int) -> np.ndarray:
        return self._random.standard_normal(shape, np.float32)

    def _path(self) -> np.ndarray:
        """(PATH, SIZE) float32: what a camera without noise sees along a new path."""
        states = STEP * self._normal(PATH, DIMENSIONS)
        states[0] /= STEP
        for row in range(1, PATH):
            states[row] += (1 - STEP**2) ** 0.5 * states[row - 1]
        return normalised(self._common + normalised(states) @ self._basis)

    def _view(self, scene: np.ndarray) -> np.ndarray:
        """The descriptors of a view, in half precision, which is what the index stores."""
        vectors = normalised((1 - NOISE**2) ** 0.5 * scene + NOISE * normalised(self._normal(*scene.shape)))
        return vectors.astype(np.float16).astype(np.float32)

    def stored(self, count: int) -> np.ndarray:
        """(count, SIZE) float32."""
        vectors = np.empty((count, SIZE), np.float32)
        for first in range(0, count, PATH):
            if self._paths and self._random.random() < 0.5:
                path = self._paths[self._random.integers(len(self._paths))]
            else:
                path = self._path()
                self._paths.append(path)
            part = vectors[first : first + PATH]
            part[:] = self._view(path[: len(part)])
        return vectors

    def revisits(self, count: int) -> np.ndarray:
        """(count, SIZE) float32: new views of places on the paths."""
        rows = self._random.integers(0, (len(self._paths), PATH), (count, 2))
        return self._view(np.stack([self._paths[path][row] for path, row in rows]))


def nearest(vectors: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """(n, MATCHES) int: the exact nearest of each query, the most similar first."""
    scores = np.empty((len(queries), 0), np.float32)
    rows = np.empty((len(queries), 0), int)
    for first in range(0, len(vectors), AT_ONCE):
        part = queries @ vectors[first : first + AT_ONCE].T
        scores = np.hstack([scores, part])
        rows = np.hstack([rows, np.broadcast_to(np.arange(first, first + part.shape[1]), part.shape)])
        best = np.argpartition(-scores, MATCHES - 1, axis=1)[:, :MATCHES]
        scores, rows = np.take_along_axis(scores, best, 1), np.take_along_axis(rows, best, 1)
    return np.take_along_axis(rows, np.argsort(-scores, axis=1), 1)


def adding(index: FaissIndex, vectors: np.ndarray) -> Iterator[Figure]:
    clock, before = Clock(), resident()
    for number, vector in enumerate(vectors):
        with clock:
            index.add(number, vector)
    memory = resident() - before
    yield from clock.figures(f"add, {len(vectors):,} times", 2)
    switch = clock.work[LARGE - SWITCH : LARGE + SWITCH]
    usual = clock.work[: LARGE - SWITCH] + clock.work[LARGE + SWITCH :]
    yield Figure("processor time of it, longest", max(usual), "ms", 2)
    if switch:
        yield Figure("processor time of it where the index changes its kind, longest", max(switch), "ms", 20)
    yield Figure("memory of the index, vectors included", memory / 1e3, "GB", 1.6)


def searching(index: FaissIndex, vectors: np.ndarray, queries: np.ndarray) -> Iterator[Figure]:
    exact, clock, found = nearest(vectors, queries), Clock(), []
    for query in queries:
        with clock:
            matches = index.search(query, MATCHES)
        found.append([number for number, _ in matches])
    yield from clock.figures(f"search, {len(queries):,} times", 2.5, 1.2)
    first = np.mean([own[0] == best[0] for own, best in zip(found, exact)])
    shared = np.mean([len({*own} & {*best.tolist()}) / MATCHES for own, best in zip(found, exact)])
    yield Figure("exact nearest not found", 100 - 100 * float(first), "%", 0.1)
    yield Figure(f"exact {MATCHES} nearest not found", 100 - 100 * float(shared), "%", 0.1)
    clock_of_numpy = Clock()
    for query in queries[:TIMED]:
        with clock_of_numpy:
            np.argpartition(-(vectors @ query), MATCHES)[:MATCHES]
    yield from clock_of_numpy.figures("exact search with NumPy")[:1]
    share = np.median(clock.work) / np.median(clock_of_numpy.work)
    yield Figure("processor time of a search in that of NumPy", 100 * float(share), "%", 2)


def removing(index: FaissIndex, count: int, queries: np.ndarray) -> Iterator[Figure]:
    """One of 100."""
    removed = set(range(0, count, 100))
    duration, _ = timed(index.remove, removed)
    yield Figure(f"remove {len(removed):,} keyframes", duration, "s")
    found = {number for query in queries for number, _ in index.search(query, MATCHES)}
    yield Figure("removed keyframes that are found", len(found & removed), "", 0)


def main() -> int:
    parser = command("index", __doc__)
    parser.add_argument("--keyframes", type=int, default=1_000_000, help="default: 1,000,000")
    arguments = parser.parse_args()
    where, stream, index = machine(), Stream(), FaissIndex(SIZE)
    vectors = stream.stored(arguments.keyframes)
    queries = stream.revisits(QUERIES)
    figures = [
        *adding(index, vectors),
        *searching(index, vectors, queries),
        *removing(index, len(vectors), queries),
    ]
    on = f"{len(vectors):,} keyframes of {SIZE} numbers, one thread, on {where}"
    return finish(figures, on, arguments.markdown)


if __name__ == "__main__":
    sys.exit(main())
