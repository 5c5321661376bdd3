"""Indexes to compare with, behind one interface: descriptors are added and searched for one at a time.

No index knows how large the map will be: where the size has to be given, it is doubled when the map is full.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import numpy as np

from place_recognition_ros.memory.faiss_index import FaissIndex

FIRST = 1024  # descriptors that the first allocation holds
CONNECTIONS, CONSTRUCTION, SEARCH = 32, 200, 256  # of a wide graph


class Peer(Protocol):
    """An index under measurement."""

    def add(self, number: int, vector: np.ndarray) -> None:
        """Add the descriptor of a keyframe, (D,) float32, unit norm."""

    def search(self, vector: np.ndarray, k: int) -> list[int]:
        """Numbers of the ``k`` most similar, best first."""


class Own:
    """The index of this package."""

    def __init__(self, size: int) -> None:
        self._index = FaissIndex(size)
        self.add = self._index.add

    def search(self, vector: np.ndarray, k: int) -> list[int]:
        return [number for number, _ in self._index.search(vector, k)]


class Exact:
    """All cosines with one product of NumPy, float32."""

    def __init__(self, size: int) -> None:
        self._vectors = np.empty((FIRST, size), np.float32)
        self._count = 0

    def add(self, number: int, vector: np.ndarray) -> None:
        if self._count == len(self._vectors):
            larger = np.empty((2 * self._count, vector.size), np.float32)
            larger[: self._count] = self._vectors
            self._vectors = larger
        self._vectors[number] = vector
        self._count += 1

    def search(self, vector: np.ndarray, k: int) -> list[int]:
        cosines = self._vectors[: self._count] @ vector
        if k >= self._count:
            return np.argsort(-cosines).tolist()
        best = np.argpartition(-cosines, k)[:k]
        return best[np.argsort(-cosines[best])].tolist()


class Hnswlib:
    """hnswlib, one thread; without arguments, with the values that its README uses."""

    def __init__(self, size: int, connections: int = 16, construction: int = 200, search: int = 10) -> None:
        import hnswlib

        self._index = hnswlib.Index(space="ip", dim=size)
        self._index.init_index(FIRST, M=connections, ef_construction=construction)
        self._index.set_ef(search)

    def add(self, number: int, vector: np.ndarray) -> None:
        if number >= self._index.get_max_elements():
            self._index.resize_index(2 * number)
        self._index.add_items(vector[np.newaxis], [number], num_threads=1)

    def search(self, vector: np.ndarray, k: int) -> list[int]:
        return self._index.knn_query(vector[np.newaxis], k=k, num_threads=1)[0][0].tolist()


class Usearch:
    """USearch, one thread, float32; without arguments, with its default values."""

    def __init__(self, size: int, connections: int = 0, construction: int = 0, search: int = 0) -> None:
        from usearch.index import Index

        self._index: Any = Index(
            ndim=size,
            metric="ip",
            dtype="f32",
            connectivity=connections or None,
            expansion_add=construction or None,
            expansion_search=search or None,
        )

    def add(self, number: int, vector: np.ndarray) -> None:
        self._index.add(number, vector, threads=1)

    def search(self, vector: np.ndarray, k: int) -> list[int]:
        return self._index.search(vector, k, threads=1).keys.tolist()


WIDE = (CONNECTIONS, CONSTRUCTION, SEARCH)
PEERS: dict[str, tuple[str, Callable[[int], Peer]]] = {  # name → package, how an empty one is opened
    "this package": ("faiss", Own),
    "NumPy, exact": ("numpy", Exact),
    "hnswlib": ("hnswlib", Hnswlib),
    "hnswlib, wide": ("hnswlib", lambda size: Hnswlib(size, *WIDE)),
    "USearch": ("usearch", Usearch),
    "USearch, wide": ("usearch", lambda size: Usearch(size, *WIDE)),
}


def available(names: Iterable[str]) -> list[str]:
    """Those whose package is installed."""
    return [name for name in names if importlib.util.find_spec(PEERS[name][0])]
