"""Compare the index with others: exact NumPy, hnswlib, USearch (pip install -r requirements/bench.txt).

The descriptors are those of benchmarks/index.py: robot-like paths with revisits, added one keyframe at a
time. All indexes get the same descriptors in turn, so that other load on the machine affects all. Times are
processor times of one thread, in milliseconds: on an idle machine, those of the clock. "wide": HNSW with 32
connections, 200 candidates while a keyframe is added and 256 while one is searched for; without it, the
values of its makers. An index whose package is not installed is named as skipped.
"""

from __future__ import annotations

import importlib.metadata
import multiprocessing
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from benchmarks.clock import Clock, resident
from benchmarks.figures import command, grid, machine, spread
from benchmarks.index import MATCHES, QUERIES, SIZE, Stream, nearest
from benchmarks.peer_indexes import PEERS, Peer, available

KEYFRAMES = [1_000, 10_000, 100_000]
BLOCK = 500  # adds of one index before those of the next
TURN = 50  # searches, likewise
LARGE = 4 * 2**20  # bytes; freed memory of this size goes back to the system, and counts no longer
SETTINGS = {"MALLOC_MMAP_THRESHOLD_": str(LARGE), "MALLOC_TRIM_THRESHOLD_": str(4 * LARGE)}
Name = TypeVar("Name")
OWN, EXACT = list(PEERS)[:2]
HEADINGS = (
    *("keyframes", "index", "search, median (quartiles)", "99 %", "times ours"),
    *("add, median", "99 %", "longest", "recall@1, %", "memory, MB"),
)


class Cost(NamedTuple):
    """What an index takes for one stream, and how much it finds."""

    add: list[float]  # milliseconds of processor time
    search: list[float]
    recall: float  # share of the queries whose most similar keyframe is found
    memory: float  # MB, vectors included


def measure(peers: Mapping[str, Peer], vectors: np.ndarray, queries: np.ndarray) -> dict[str, Cost]:
    """Add and search for the same descriptors with each index, in turn.

    Args:
        peers: empty indexes by name.
        vectors: (N, D) float32, unit norm, in the order in which they are added.
        queries: (n, D) float32, unit norm.
    """
    adding, searching = ({name: Clock() for name in peers} for _ in range(2))
    memory = dict.fromkeys(peers, 0.0)
    found: dict[str, list[int]] = {name: [] for name in peers}
    for first in range(0, len(vectors), BLOCK):
        for name in in_turn(peers, first // BLOCK):
            before = resident()
            for number in range(first, min(first + BLOCK, len(vectors))):
                with adding[name]:
                    peers[name].add(number, vectors[number])
            memory[name] += resident() - before
    best = nearest(vectors, queries)[:, 0]
    for first in range(0, len(queries), TURN):
        for name in in_turn(peers, first // TURN):
            for query in queries[first : first + TURN]:
                with searching[name]:
                    matches = peers[name].search(query, MATCHES)
                found[name].append(matches[0])
    return {
        name: Cost(
            adding[name].work,
            searching[name].work,
            float(np.mean(np.array(found[name]) == best)),
            memory[name],
        )
        for name in peers
    }


def of_size(keyframes: int, names: Sequence[str]) -> dict[str, Cost]:
    """The cost of these indexes with so many keyframes."""
    stream = Stream()
    vectors = stream.stored(keyframes)
    peers = {name: PEERS[name][1](SIZE) for name in names}
    return measure(peers, vectors, stream.revisits(QUERIES))


def in_turn(names: Iterable[Name], turn: int) -> list[Name]:
    """The names in an order that differs from turn to turn: none is always first."""
    names = list(names)
    first = turn % len(names)
    return names[first:] + names[:first]


def rows(costs: Mapping[str, Cost], keyframes: int) -> list[Sequence[str]]:
    """The rows of the table."""
    own = np.median(costs[OWN].search)
    return [
        (
            f"{keyframes:,}",
            name,
            spread(cost.search),
            f"{np.percentile(cost.search, 99):.3g}",
            f"{np.median(cost.search) / own:.2g}",
            f"{np.median(cost.add):.3g}",
            f"{np.percentile(cost.add, 99):.3g}",
            f"{max(cost.add):.3g}",
            f"{100 * cost.recall:.1f}",
            f"{cost.memory:.0f}",
        )
        for name, cost in costs.items()
    ]


def versions(modules: Iterable[str]) -> list[str]:
    """Packages and versions of the modules that are installed."""
    distributions = importlib.metadata.packages_distributions()
    packages = [name for module in modules for name in distributions.get(module, [])[:1]]
    return [f"{name} {importlib.metadata.version(name)}" for name in packages]


def main() -> int:
    parser = command("peers", __doc__)
    parser.add_argument(
        "--keyframes",
        type=int,
        nargs="+",
        default=KEYFRAMES,
        help="sizes of the map (default: 10³, 10⁴, 10⁵)",
    )
    parser.add_argument(
        "--only",
        nargs="+",
        choices=list(PEERS),
        default=list(PEERS),
        metavar="INDEX",
        help="these and ours; of: " + "; ".join(PEERS),
    )
    arguments = parser.parse_args()
    where = machine()
    table: list[Sequence[str]] = []
    names = [name for name in PEERS if name in (OWN, *arguments.only)]
    installed = available(names)
    os.environ.update(SETTINGS)  # of the processes that are started below
    for keyframes in arguments.keyframes:
        print(f"» Measuring {keyframes:,} keyframes …", file=sys.stderr)
        with multiprocessing.get_context("spawn").Pool(1) as process:  # its memory was not used before
            costs = process.apply(of_size, (keyframes, installed))
        table += rows(costs, keyframes)
    print(grid(HEADINGS, table, arguments.markdown, right=range(2, len(HEADINGS))))
    found = versions(["hnswlib", "usearch"])
    print(
        f"\n{QUERIES:,} searches of {MATCHES} in {SIZE} numbers, one thread, on {', '.join([where, *found])}"
    )
    for name in names:
        if name not in installed:
            print(f"skipped: {name}: the package {PEERS[name][0]} is not installed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
