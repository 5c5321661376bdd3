"""Compare the index with Milvus with the one in memory (FAISS), in one run on one stream of descriptors.

The stream is that of benchmarks.index. Keyframes are added one at a time, without pauses, until all are in
the index. Then a fleet drives for 20 seconds: each keyframe is searched for and then added, 40 a second; that
is the load of 8 robots. Each row of the table has a process of its own. Needs requirements/milvus.txt:
  .venv-milvus/bin/python3 -m benchmarks.milvus
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from benchmarks.clock import resident
from benchmarks.figures import machine, timed
from benchmarks.index import MATCHES, SIZE, Stream, nearest
from place_recognition_ros.memory.faiss_index import FaissIndex
from place_recognition_ros.memory.index import Index
from place_recognition_ros.memory.milvus_index import MilvusIndex

KEYFRAMES = (1_000, 5_000, 20_000, 50_000)
QUERIES = 200
LOAD, SECONDS = 40, 20  # keyframes a second, and how long
LATE = 0.1  # seconds
POLL = 0.01  # seconds
HEADINGS = (
    *("keyframes", "index", "recall@1", "memory, MB", "open again, s", "keyframes/s until all are written"),
    *("add, median, ms", "longest", "search, median, ms", "99 %"),
    *("fleet drives: search, median, ms", "99 %", "longest", "late, %"),
)


class Result(NamedTuple):
    """One row of the table; times in seconds."""

    keyframes: int
    label: str
    recall: float  # at 1
    memory: float  # MB
    opened: float
    rate: float  # keyframes a second, until all are in the index
    adds: list[float]
    searches: list[float]
    loaded: list[float]  # searches while the fleet drives
    late: float  # share of its keyframes that began more than LATE after they should

    @property
    def cells(self) -> list[str]:
        """As text, in milliseconds."""
        add, search, loaded = (1e3 * np.percentile(each, (50, 99, 100)) for each in self[6:9])
        numbers = [self.opened, self.rate, add[0], add[2], search[0], search[1], *loaded, 100 * self.late]
        first = [f"{self.keyframes:,}", self.label, f"{self.recall:.3f}", f"{self.memory:.0f}"]
        return first + [f"{number:.0f}" if number >= 100 else f"{number:.2g}" for number in numbers]


def open_index(uri: str, name: str) -> Index:
    """FAISS without an address, else Milvus with a collection of this name."""
    return MilvusIndex(uri, name, SIZE, {}) if uri else FaissIndex(SIZE)


def fill(index: Index, vectors: np.ndarray) -> tuple[list[float], float]:
    """How long each add took, and how many keyframes a second were written."""
    start = time.perf_counter()
    adds = [timed(index.add, number, vector)[0] for number, vector in enumerate(vectors)]
    while isinstance(index, MilvusIndex) and index.waiting:
        time.sleep(POLL)
    return adds, len(vectors) / (time.perf_counter() - start)


def drive(index: Index, first: int, views: np.ndarray, load: float) -> tuple[list[float], float]:
    """How long each search took, and which share began late, with so many keyframes a second."""
    searches, late, start = [], 0, time.perf_counter()
    for number, view in enumerate(views):
        ahead = start + number / load - time.perf_counter()
        late += ahead < -LATE
        time.sleep(max(0.0, ahead))
        searches.append(timed(index.search, view, MATCHES)[0])
        index.add(first + number, view)
    return searches, late / len(views)


def measure(label: str, uri: str, count: int, load: float) -> Result:
    """Fill an index, search in it, drive, and open it again.

    Args:
        label: of the row.
        uri: of Milvus; empty: FAISS.
        count: keyframes.
        load: keyframes a second while the fleet drives.
    """
    stream = Stream()
    vectors, queries, views = (
        stream.stored(count),
        stream.revisits(QUERIES),
        stream.revisits(int(load * SECONDS)),
    )
    best, name = nearest(vectors, queries)[:, 0], f"benchmark_{os.getpid()}"
    before, index = resident(), open_index(uri, name)
    adds, rate = fill(index, vectors)
    found: Any
    searches, found = zip(*(timed(index.search, query, MATCHES) for query in queries))
    recall = float(np.mean([own[0][0] == right for own, right in zip(found, best)]))
    memory = resident() - before
    loaded, late = drive(index, count, views, load)
    index.close()
    opened, again = timed(open_index, uri, name)
    opened += timed(again.extend, range(count), vectors)[0] + timed(again.complete)[0]
    again.close()
    return Result(count, label, recall, memory, opened, rate, adds, list(searches), loaded, late)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.milvus",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--keyframes", type=int, nargs="+", default=KEYFRAMES, help="sizes of the map")
    parser.add_argument("--load", type=float, default=LOAD, help=f"keyframes a second (default: {LOAD})")
    parser.add_argument("--uri", help="of a server, http://HOST:PORT, instead of milvus-lite in this process")
    arguments = parser.parse_args()
    where = machine()
    for cells in (HEADINGS, ["---"] * len(HEADINGS)):
        print("| " + " | ".join(cells) + " |")
    for count in arguments.keyframes:
        with tempfile.TemporaryDirectory() as folder:
            milvus = ("Milvus", arguments.uri) if arguments.uri else ("milvus-lite", f"{folder}/index.db")
            for label, uri in (("FAISS", ""), milvus):
                with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
                    result = process.submit(measure, label, uri, count, arguments.load).result()
                print("| " + " | ".join(result.cells) + " |", flush=True)
    print(f"\n{SIZE} numbers, {MATCHES} matches, {QUERIES} queries, on {where}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
