"""Search in Milvus, a vector engine of one or many machines, with what it does not hold yet in memory.

A change is made in memory at once, and by a thread in Milvus: nobody waits for the network but a search. A
search asks Milvus, in at most SEARCH_S seconds, and the buffer of changes, which is a FAISS index; a keyframe
is found from the moment it was added, and a removed one is not found.

Milvus answers at the consistency level Bounded: it may not see what was written in the last five seconds,
and never waits. A change therefore remains in the buffer for SETTLED_S seconds after it was written, so that
the result is that of the level Strong, at which each search would wait for the newest write of any robot.

While Milvus is away, the search continues with the buffer alone, and the thread tries to reach it again, less
and less often. The store has all keyframes: what was not written when the process ends is written by the next
one, because ``extend`` compares the ids of the map with those in Milvus.
"""

import logging
import threading
import time
from collections import OrderedDict
from itertools import islice
from typing import Callable, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from place_recognition_ros.errors import MapMismatch, StoreError
from place_recognition_ros.memory.faiss_index import FaissIndex
from place_recognition_ros.memory.index import Index
from place_recognition_ros.memory.milvus_collection import MilvusCollection, Row

AT_ONCE = 1000  # changes that are written together at most
WRITE_EVERY_S = 5.0  # seconds in which changes are collected; milvus-lite makes files of each write
SETTLED_S = 10.0  # seconds after a write in which a search may not see it: twice those of Bounded
RETRY_S, LONGEST_RETRY_S = 1.0, 30.0  # between two attempts to reach Milvus; doubled each time
SPARE = 100  # matches of an approximate index beside the k best that are compared again
MOVED = 0.1  # of the changes leave the buffer together
CLOSE_S = 10.0  # seconds in which ``close`` writes what waits

_log = logging.getLogger(__name__)

Part = Callable[[int], str]
"""The name of the part of the collection that a keyframe belongs to: its robot and session."""
Stored = Callable[[Sequence[int]], Mapping[int, np.ndarray]]
"""The descriptors of keyframes by id, (D,), as the store has them; those of damaged rows may be missing."""


class _Change(NamedTuple):
    vector: Optional[np.ndarray]  # (D,) float16; None: the keyframe is removed
    part: str = ""
    written: float = 0.0  # when, on the monotonic clock


class MilvusIndex(Index):
    """The index of one map; no other process may write to its collection.

    Args:
        uri: ``http://host:19530`` of a server, or a path that ends with ``.db``: milvus-lite in this process.
        name: of the collection; it is created if it does not exist.
        descriptor_size: length D of the vectors.
        owner: what the collection belongs to, by name: the model, the map.
        part: called by ``add`` and ``extend`` for each keyframe that Milvus does not have yet.
        stored: with which the scores of an approximate index are made exact; None: they are returned as they
            are.

    Raises:
        ConfigError: if the address has another form, or pymilvus is not installed.
        MapMismatch: if the collection belongs to another model or map. If Milvus is away now, this is logged
            when it is back, and the search continues in memory.
    """

    def __init__(
        self,
        uri: str,
        name: str,
        descriptor_size: int,
        owner: Mapping[str, str],
        part: Part = lambda keyframe_id: "all",
        stored: Optional[Stored] = None,
    ) -> None:
        self._size, self._part, self._stored = descriptor_size, part, stored
        self._open = lambda: MilvusCollection(uri, name, descriptor_size, owner)
        self._lock = threading.RLock()  # of all that follows
        self._waiting: "OrderedDict[int, _Change]" = (
            OrderedDict()
        )  # the newest of each keyframe, to be written
        self._settling: "OrderedDict[int, _Change]" = (
            OrderedDict()
        )  # written, and perhaps not seen by a search
        self._buffer = FaissIndex(descriptor_size)  # of those of both that add one
        self._removed = 0  # how many of both remove one
        self._collection: Optional[MilvusCollection] = None
        self._there = np.empty(0, np.int64)  # sorted ids in Milvus when the map was opened
        self._given: List[np.ndarray] = []  # ids that ``extend`` got before the first ``complete``
        self._is_complete = False
        self._is_filled = False  # whether Milvus was reached before
        self._closed = threading.Event()
        try:
            self._connect()
        except MapMismatch:
            raise
        except StoreError as error:
            _log.warning("The search continues in memory: %s", error)
        self._thread = threading.Thread(target=self._run, name="milvus", daemon=True)
        self._thread.start()

    @property
    def is_connected(self) -> bool:
        """Whether Milvus answered the last request; if not, only what is in memory is found."""
        return self._collection is not None

    @property
    def waiting(self) -> int:
        """How many changes are not in Milvus yet; each needs memory for two copies of its vector."""
        return len(self._waiting)

    def add(self, keyframe_id: int, vector: np.ndarray) -> None:
        """Add a keyframe, or replace it; it does not wait for Milvus."""
        with self._lock:
            self._forget([keyframe_id])
            self._waiting[keyframe_id] = _Change(vector.astype(np.float16), self._part(keyframe_id))
            self._buffer.add(keyframe_id, vector)

    def extend(self, keyframe_ids: Sequence[int], vectors: np.ndarray) -> None:
        """Add many; those that Milvus had when it was opened are not sent again."""
        ids = np.asarray(keyframe_ids, np.int64)
        with self._lock:
            if not self._is_complete:
                self._given.append(ids)
            is_new = np.searchsorted(self._there, ids) == np.searchsorted(self._there, ids, "right")
            new, vectors = ids[is_new].tolist(), vectors[is_new]
            self._forget(new)
            for number, vector in zip(new, vectors.astype(np.float16)):
                self._waiting[number] = _Change(vector, self._part(number))
            self._buffer.extend(new, vectors)

    def complete(self) -> None:
        """The first time: what Milvus has beyond the keyframes of the map is removed from it."""
        with self._lock:
            self._buffer.complete()
            if not self._is_complete:
                self._is_complete = True
                self._remove_surplus()

    def _remove_surplus(self) -> None:
        surplus = np.setdiff1d(self._there, np.concatenate([np.empty(0, np.int64), *self._given]))
        self.remove(number for number in surplus.tolist() if not self._is_changed(number))
        self._there = np.empty(0, np.int64)
        if self.is_connected:
            self._given = []

    def remove(self, keyframe_ids: Iterable[int]) -> None:
        with self._lock:
            ids = sorted({int(each) for each in keyframe_ids})
            self._forget(ids)
            self._waiting.update((each, _Change(None)) for each in ids)
            self._removed += len(ids)

    def _is_changed(self, keyframe_id: int) -> bool:
        return keyframe_id in self._waiting or keyframe_id in self._settling

    def _forget(self, ids: Sequence[int]) -> None:
        """Take changes back, where there are any."""
        added = []
        for each in filter(self._is_changed, ids):
            change = self._waiting.pop(each, None) or self._settling.pop(each)
            if change.vector is None:
                self._removed -= 1
            else:
                added.append(each)
        if added:
            self._buffer.remove(added)

    def search(self, vector: np.ndarray, k: int) -> List[Tuple[int, float]]:
        if k < 1 or not np.isfinite(vector).all():
            return []
        with self._lock:
            near = self._buffer.search(vector, k)
            collection, limit = self._collection, k + self._removed
        if collection is not None:
            near += self._search(collection, vector, limit, [number for number, _ in near])
        return sorted(near, key=lambda match: -match[1])[:k]

    def _search(
        self, collection: MilvusCollection, vector: np.ndarray, limit: int, found: Sequence[int]
    ) -> List[Tuple[int, float]]:
        """What Milvus finds, without what was found and what the changes replace."""
        exact = collection.is_exact or self._stored is None
        try:
            matches = collection.search(vector, limit if exact else limit + SPARE)
        except StoreError as error:
            self._lost(collection, error)
            return []
        with self._lock:
            matches = [each for each in matches if not self._is_changed(each[0]) and each[0] not in found]
        if exact or self._stored is None:
            return matches
        vectors = self._stored([number for number, _ in matches])
        return [(number, float(vectors[number] @ vector)) for number, _ in matches if number in vectors]

    def close(self) -> None:
        """Write what waits, if that takes no longer than CLOSE_S seconds, and close the connection."""
        self._closed.set()
        self._thread.join(CLOSE_S)
        with self._lock:
            collection, self._collection = self._collection, None
        if collection is not None:
            collection.close()

    # The rest runs in the thread, except where Milvus is there from the beginning.

    def _run(self) -> None:
        pause = RETRY_S
        while not self._closed.wait(WRITE_EVERY_S if self.is_connected else pause):
            if not self.is_connected:
                pause = min(2 * pause, LONGEST_RETRY_S)
                if not self._reconnect():
                    return
            if self.is_connected:
                pause = RETRY_S
                self._write_all()
        self._write_all()

    def _connect(self) -> None:
        collection = self._open()
        try:
            there = collection.ids() if self._given or not self._is_complete else self._there
        except StoreError:
            collection.close()
            raise
        with self._lock:
            self._collection, self._there = collection, there
            if self._is_complete:
                self._remove_surplus()
            if collection.is_new and self._is_filled:
                _log.error("The collection was deleted: restart the node, which fills it again")
            self._is_filled = True

    def _reconnect(self) -> bool:
        """Whether another attempt makes sense, if this one failed."""
        try:
            self._connect()
            _log.warning("Milvus is back; %d changes are written to it", self.waiting)
        except MapMismatch as error:
            _log.error("The search continues in memory until a restart: %s", error)
            return False
        except StoreError as error:
            _log.debug("Milvus is still away: %s", error)
        return True

    def _lost(self, collection: MilvusCollection, error: StoreError) -> None:
        with self._lock:
            if self._collection is not collection:
                return
            self._collection = None
        collection.close()
        _log.warning("The search continues in memory until Milvus is back: %s", error)

    def _write_all(self) -> None:
        """Write what waits, as long as Milvus takes it."""
        while self._write_some():
            self._settle()
        self._settle()

    def _write_some(self) -> bool:
        """Write changes, the oldest first; False: there is none, or Milvus is away."""
        with self._lock:
            batch, collection = list(islice(self._waiting.items(), AT_ONCE)), self._collection
        if not batch or collection is None:
            return False
        rows = [Row(number, each.part, each.vector) for number, each in batch if each.vector is not None]
        try:
            collection.write(rows)
            collection.delete([number for number, each in batch if each.vector is None])
        except StoreError as error:
            self._lost(collection, error)
            return False
        with self._lock:
            for number, change in batch:
                if self._waiting.get(number) is change:  # not replaced meanwhile
                    del self._waiting[number]
                    self._settling[number] = change._replace(written=time.monotonic())
        return True

    def _settle(self) -> None:
        """Leave to Milvus what any search sees by now; many at once: each time, all codes are moved."""
        with self._lock:
            wait = 0.0 if self._collection is not None and self._collection.is_lite else SETTLED_S
            before = time.monotonic() - wait
            settled = [number for number, each in self._settling.items() if each.written <= before]
            changes = len(self._waiting) + len(self._settling)
            if settled and len(settled) == changes:
                self._settling.clear()
                self._buffer, self._removed = FaissIndex(self._size), 0
            elif len(settled) > MOVED * changes:
                self._forget(settled)
