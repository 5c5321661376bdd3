"""Size a Milvus cluster for a fleet: memory by arithmetic, latency by a simulation of its query nodes.

Assumptions, which are constants of this file:
- Descriptors of 512 numbers. A sealed segment has 1 GB of them in single precision, 524,288 keyframes.
- Memory of a keyframe in a query node, in bytes: its code, its links in a graph, 8 for its id.
- A query node has 16 cores and 64 GB, of which 70 % are for sealed segments. Segments are spread evenly.
- Each keyframe of each robot is one search; arrivals are a Poisson process. A search looks into each segment of
  each node; a node runs as many of these at once as it has cores, first come, first served. The answer is
  there when the slowest node is done, and 2 ms later at the client (proxy, network, merge of the results).
- Time in a segment: that which --measure measures with FAISS, on one core, times the growth that is stated with
  the kind; it varies with a log-normal factor of standard deviation 0.3.
Neither growing segments nor index builds are simulated; they have nodes of their own in a cluster.
"""

from __future__ import annotations

import argparse
import heapq
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import faiss
import numpy as np

from benchmarks.figures import machine, timed
from benchmarks.index import MATCHES, SIZE, Stream, nearest

SEGMENT = 2**30 // (4 * SIZE)  # keyframes
CORES, MEMORY, USABLE = 16, 64e9, 0.7  # of a query node
OVERHEAD, SPREAD = 0.002, 0.3  # seconds; standard deviation of the logarithm
KEYFRAMES = (10**5, 10**6, 10**7, 10**8)
ROBOTS, RATE = (8, 32, 100, 200), 5.0  # keyframes a second of each
SEARCHES = 2_000  # simulated
MEASURED, QUERIES = 50_000, 200  # keyframes, searches


class Kind(NamedTuple):
    """An index of Milvus and its search parameters."""

    name: str
    code: int  # bytes of a keyframe in memory, without its id
    factory: str  # the same in FAISS
    search: dict[str, int]
    milliseconds: float  # in a segment, on one core; from --measure and the growth
    recall: float  # at 1, from --measure


KINDS = (
    Kind("FLAT", 4 * SIZE, "Flat", {}, 0.0, 1.0),
    Kind("HNSW M 32, ef 256", 4 * SIZE + 2 * 32 * 4, "HNSW32", {"efSearch": 256}, 0.0, 0.0),
    Kind("HNSW_SQ, SQ8", SIZE + 2 * 32 * 4, "HNSW32_SQ8", {"efSearch": 256}, 0.0, 0.0),
    Kind("IVF_SQ8, nprobe 32 of 1,024", SIZE, "IVF1024,SQ8", {"nprobe": 32}, 0.0, 0.0),
    Kind("IVF_RABITQ, nprobe 32 of 1,024", SIZE // 8 + 8, "IVF1024,RaBitQ", {"nprobe": 32}, 0.0, 0.0),
)


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
    storage = keyframes * (4 * SIZE + 100) + memory
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
        found: list[Any]
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


def print_latency(kinds: tuple[Kind, ...]) -> None:
    """Latency by the number of robots, with as many nodes as the memory needs, and twice, four times as many."""
    print_row(
        "keyframes", "index", "robots", "searches/s", "query nodes", "busy, %", "median, ms", "99 %, ms"
    )
    print_row(*["---"] * 8)
    for keyframes in KEYFRAMES[1:]:
        for kind in kinds:
            cluster = cluster_of(keyframes, kind)
            for robots in ROBOTS:
                for nodes in (cluster.nodes, 2 * cluster.nodes, 4 * cluster.nodes):
                    work = robots * RATE * cluster.segments * kind.milliseconds / 1e3 / (nodes * CORES)
                    if work < 1:
                        break
                cells = [f"{keyframes:,}", kind.name, str(robots), f"{robots * RATE:.0f}", str(nodes)]
                if work >= 1:
                    print_row(*cells, f"{100 * work:.0f}", "grows", "grows")
                    continue
                times = simulate(cluster.segments, nodes, kind.milliseconds, robots * RATE)
                median, high = 1e3 * np.percentile(times, (50, 99))
                print_row(*cells, f"{100 * work:.0f}", f"{median:.2g}", f"{high:.2g}")


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
    print_latency(tuple(kind for kind in KINDS if kind.milliseconds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
