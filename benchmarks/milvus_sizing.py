"""Size a Milvus cluster for a fleet: memory by arithmetic, latency by a simulation of its query nodes.

Assumptions, which are constants of this file:
- Descriptors of 512 numbers. A sealed segment has 1 GB of them in single precision, 524,288 keyframes.
- Memory of a keyframe in a query node, in bytes: its code, its links in a graph, 8 for its id.
- A query node has 16 cores and 64 GB, of which 70 % are for sealed segments. Segments are spread evenly.
- Each keyframe of each robot is one search; arrivals are a Poisson process. A search looks into each segment
  of each node; a node runs as many of these at once as it has cores, first come, first served. The result is
  there when the slowest node is done, and 2 ms later at the client (proxy, network, merge of the results).
- Time in a segment: that of --measure with FAISS on one core and 50,000 keyframes, which grows with their
  number (FLAT, IVF) or its logarithm (HNSW); it varies by a log-normal factor of standard deviation 0.3.
- Writes: 2,148 bytes a keyframe. All go through one shard, the default of a collection.
Neither growing segments nor the building of indexes are simulated; they have nodes of their own in a cluster.
"""

from __future__ import annotations

import argparse
import heapq
import math
import sys
from collections.abc import Iterable
from typing import Any, NamedTuple

import faiss
import numpy as np

from benchmarks.figures import machine, timed
from benchmarks.index import MATCHES, SIZE, Stream, nearest

SEGMENT = 2**30 // (4 * SIZE)  # keyframes
CORES, MEMORY, USABLE = 16, 64e9, 0.7  # of a query node
BUSY = 0.7  # of its time at most, or it gets more nodes
OVERHEAD, SPREAD = 0.002, 0.3  # seconds; standard deviation of the logarithm
KEYFRAMES = (10**6, 10**7, 10**8)
ROW = 4 * SIZE + 100  # bytes of a keyframe that is written
ROBOTS, RATE = (8, 32, 100, 200), 5.0  # keyframes a second of each
SEARCHES = 2_000  # simulated
MEASURED, QUERIES = 50_000, 200  # keyframes, searches


class Kind(NamedTuple):
    """An index of Milvus and its search parameters."""

    name: str
    code: int  # bytes of a keyframe in memory, without its id
    factory: str  # the same in FAISS
    search: dict[str, int]
    measured: float  # milliseconds of a search among MEASURED keyframes

    @property
    def milliseconds(self) -> float:
        """Of a search in a whole segment."""
        if "HNSW" in self.name:
            return self.measured * math.log(SEGMENT) / math.log(MEASURED)
        return self.measured * SEGMENT / MEASURED


LINKS = 2 * 32 * 4  # bytes of a graph with M 32
KINDS = (
    Kind("FLAT", 4 * SIZE, "Flat", {}, 3.6),
    Kind("HNSW", 4 * SIZE + LINKS, "HNSW32", {"efSearch": 256}, 0.38),
    Kind("HNSW_SQ (ours)", SIZE + LINKS, "HNSW32_SQ8", {"efSearch": 256}, 0.35),
    Kind("IVF_SQ8", SIZE, "IVF1024,SQ8", {"nprobe": 32}, 0.13),
    Kind("IVF_RABITQ", SIZE // 8 + 8, "IVF1024,RaBitQ", {"nprobe": 32}, 0.075),
)
SIMULATED = ("HNSW_SQ (ours)", "IVF_SQ8")


class Cluster(NamedTuple):
    """Arithmetic: what a map of so many keyframes needs."""

    segments: int
    memory: float  # GB, of all query nodes
    nodes: int
    storage: float  # GB in the object store: vectors and index


def cluster_of(keyframes: int, kind: Kind) -> Cluster:
    """The cluster for a map."""
    memory = keyframes * (kind.code + 8)
    segments = -(-keyframes // SEGMENT)
    nodes = max(1, -(-int(memory) // int(USABLE * MEMORY)))
    storage = keyframes * ROW + memory
    return Cluster(segments, memory / 1e9, nodes, storage / 1e9)


def simulate(segments: int, nodes: int, milliseconds: float, rate: float) -> np.ndarray:
    """(SEARCHES,) seconds until the answer of each search.

    Args:
        segments: of the collection.
        nodes: that share them.
        milliseconds: of one segment on one core.
        rate: searches a second.
    """
    random = np.random.default_rng(0)
    arrivals = np.cumsum(random.exponential(1 / rate, SEARCHES))
    ends = np.zeros(SEARCHES)
    for node in range(nodes):
        own = len(range(node, segments, nodes))
        free = [0.0] * CORES
        for search, arrival in enumerate(arrivals):
            for factor in random.lognormal(-(SPREAD**2) / 2, SPREAD, own):
                end = max(arrival, heapq.heappop(free)) + factor * milliseconds / 1e3
                heapq.heappush(free, end)
                ends[search] = max(ends[search], end)
    return ends - arrivals + OVERHEAD


def measure(count: int) -> None:
    """Time and recall of each kind on the stream of benchmarks.index, one thread."""
    faiss.omp_set_num_threads(1)
    stream = Stream()
    vectors, queries = stream.stored(count), stream.revisits(QUERIES)
    best = nearest(vectors, queries)
    print_row("index", "built, s", "search, median, ms", "99 %", "recall@1", f"nearest among {10 * MATCHES}")
    print_row(*["---"] * 6)
    for kind in KINDS:
        index = faiss.index_factory(SIZE, kind.factory, faiss.METRIC_INNER_PRODUCT)
        if hasattr(index, "hnsw"):
            index.hnsw.efConstruction = 200
        built = timed(build, index, vectors)[0]
        for name, value in kind.search.items():
            setattr(index.hnsw if name == "efSearch" else index, name, value)
        found: Any
        times, found = zip(*(timed(index.search, query[None], 10 * MATCHES) for query in queries))
        rows = np.array([each[1][0] for each in found])
        first = np.mean(rows[:, 0] == best[:, 0])
        among = np.mean([right in row for right, row in zip(best[:, 0], rows)])
        middle, high = 1e3 * np.percentile(times, (50, 99))
        print_row(kind.name, f"{built:.0f}", f"{middle:.2g}", f"{high:.2g}", f"{first:.3f}", f"{among:.3f}")
    print(f"\n{count:,} keyframes of {SIZE} numbers, one thread, on {machine()}")


def build(index: Any, vectors: np.ndarray) -> None:
    """Train and fill an index, all at once, as Milvus builds that of a sealed segment."""
    index.train(vectors)
    index.add(vectors)


def print_row(*cells: str) -> None:
    """A row of a Markdown table."""
    print("| " + " | ".join(cells) + " |", flush=True)


def print_memory() -> None:
    """Keyframes by kind: segments, memory, nodes."""
    print_row("keyframes", "index", "segments", "memory, GB", "query nodes", "object store, GB")
    print_row(*["---"] * 6)
    for keyframes in KEYFRAMES:
        for kind in KINDS:
            cluster = cluster_of(keyframes, kind)
            numbers = [f"{cluster.memory:.1f}", str(cluster.nodes), f"{cluster.storage:.0f}"]
            print_row(f"{keyframes:,}", kind.name, str(cluster.segments), *numbers)


def print_latency(kinds: Iterable[Kind]) -> None:
    """Latency by the number of robots, with the nodes that the memory needs, or up to eight times as many."""
    print_row(
        *("keyframes", "index", "robots", "searches/s", "writes, MB/s", "query nodes", "busy, %"),
        *("median, ms", "99 %, ms"),
    )
    print_row(*["---"] * 9)
    for keyframes in KEYFRAMES:
        for kind in kinds:
            cluster = cluster_of(keyframes, kind)
            for robots in ROBOTS:
                rate = robots * RATE
                work = rate * cluster.segments * kind.milliseconds / 1e3 / CORES  # nodes that are busy
                nodes = next(
                    (each for each in (cluster.nodes * 2**power for power in range(4)) if work < BUSY * each),
                    8 * cluster.nodes,
                )
                cells = [f"{keyframes:,}", kind.name, str(robots), f"{rate:.0f}", f"{rate * ROW / 1e6:.1f}"]
                cells += [str(nodes), f"{100 * work / nodes:.0f}"]
                times = simulate(cluster.segments, nodes, kind.milliseconds, rate)
                median, high = 1e3 * np.percentile(times, (50, 99))
                shown = [f"{median:.2g}", f"{high:.2g}"] if work < nodes else ["grows", "grows"]
                print_row(*cells, *shown)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.milvus_sizing",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--measure",
        type=int,
        nargs="?",
        const=MEASURED,
        metavar="KEYFRAMES",
        help=f"measure the time in a segment of so many instead (default: {MEASURED:,})",
    )
    arguments = parser.parse_args()
    if arguments.measure:
        measure(arguments.measure)
        return 0
    print_memory()
    print()
    print_latency([kind for kind in KINDS if kind.name in SIMULATED])
    return 0


if __name__ == "__main__":
    sys.exit(main())
