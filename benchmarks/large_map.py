"""Measure a map of 100,000 keyframes: start, add, search, thinning, size on disk, memory.

The networks are not used: descriptors, features and thumbnails are random, in the sizes that real ones have.
The map is written to a temporary folder, 4 GB, and deleted.
The exit code is 1 if a target is not met.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import time
from collections.abc import Iterator

import numpy as np

from benchmarks.clock import Clock, resident
from benchmarks.figures import Figure, command, finish, machine, timed
from place_recognition_ros.config import Config
from place_recognition_ros.memory.departure import Leaving
from place_recognition_ros.memory.keyframe_map import KeyframeMap
from place_recognition_ros.memory.store import KeyframeStore, Session
from place_recognition_ros.memory.thinning import thin
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import FEATURE, Camera, Keyframe

MODEL, SIZE = "synthetic-000000000000", 512
FEATURES = 360
THUMBNAIL = (8_000, 15_000)  # bytes
SESSION = 10_000  # keyframes
MATCHES = 10
ADDED, SEARCHED = 2_000, 300
COLUMNS = (
    *(("keyframes", "descriptor"), ("keyframes", "pose"), ("keyframes", "base_to_camera")),
    *(("views", "features"), ("views", "thumbnail")),
)


class Drive:
    """Random keyframes; each descriptor is similar to the one before it, cosine about 0.8."""

    def __init__(self) -> None:
        self._random = np.random.default_rng(0)
        self._last = self._direction()
        self._features = np.frombuffer(self._random.bytes(8 * FEATURES * FEATURE.itemsize), FEATURE)
        self._image = self._random.bytes(2 * THUMBNAIL[1])
        self._pose = Pose(np.zeros(3), np.array([0.0, 0.0, 0.0, 1.0]))
        self._camera = Camera(640, 480, "camera", "plumb_bob", np.eye(3), np.zeros(5))

    def _direction(self) -> np.ndarray:
        vector = self._random.standard_normal(SIZE, np.float32)
        return vector / np.linalg.norm(vector)

    def near(self, vector: np.ndarray) -> np.ndarray:
        """(D,) float32, unit norm, cosine about 0.8."""
        moved = 0.8 * vector + 0.6 * self._direction()
        return moved / np.linalg.norm(moved)

    def next(self, number: int) -> tuple[Keyframe, np.ndarray, np.ndarray, bytes]:
        """The arguments of ``KeyframeMap.add``."""
        self._last = self.near(self._last)
        row, start = self._random.integers(0, 7 * FEATURES), self._random.integers(0, THUMBNAIL[1])
        features = self._features[row : row + FEATURES]
        thumbnail = self._image[start : start + int(self._random.integers(*THUMBNAIL))]
        pose = Pose(np.array([0.5 * number, 0.0, 0.0]), self._pose.orientation)
        stamp = (number + 1) * 10**9
        keyframe = Keyframe(None, stamp, pose, self._camera, "base_link", "odom", self._pose)  # type: ignore
        return keyframe, self._last, features, thumbnail


def write(path: str, keyframes: int, drive: Drive) -> None:
    """Write the map, without waiting for the disk at each keyframe."""
    store = KeyframeStore(path, MODEL, SIZE, "orb")
    store.file.connection.execute("PRAGMA synchronous=OFF")
    for number in range(keyframes):
        session = Session(1 + number // SESSION, f"session {number // SESSION}", "robot", 1, "odom")
        store.add(session, *drive.next(number))
    store.close()


def opened(path: str) -> KeyframeMap:
    """The map as the node opens it."""
    store = KeyframeStore(path, MODEL, SIZE, "orb")
    return KeyframeMap(store, SIZE, Leaving.from_config(Config(), 0.5), "robot")


def adding(memory: KeyframeMap, drive: Drive) -> Iterator[Figure]:
    """``KeyframeMap.observe`` and ``add``: on disk when they return."""
    clock, largest = Clock(), 0
    for number in range(len(memory), len(memory) + ADDED):
        arguments = drive.next(number)
        memory.observe(*arguments[:2])
        with clock:
            memory.add(*arguments)
        log = memory.store.file.path + "-wal"
        largest = max(largest, os.path.getsize(log) if os.path.exists(log) else 0)
    yield from clock.figures(f"add, {ADDED:,} times", 20)
    yield Figure("largest write-ahead log", largest / 1e6, "MB", 64)


def searching(memory: KeyframeMap, drive: Drive) -> Iterator[Figure]:
    """``KeyframeMap.search``, and how many of the exact nearest it finds."""
    memory.start_session()
    ids = [entry.id for entry in memory.timeline._entries]
    vectors = np.stack([memory.timeline.vector(each) for each in ids])
    clock, found = Clock(), 0
    for _ in range(SEARCHED):
        query = drive.near(vectors[drive._random.integers(0, len(vectors))])
        with clock:
            matches = memory.search(query, MATCHES)
        exact = np.argpartition(-(vectors @ query), MATCHES)[:MATCHES]
        found += len({ids[row] for row in exact} & {match.entry.id for match in matches})
    yield from clock.figures(f"search, {SEARCHED} times", 5)
    yield Figure(f"exact {MATCHES} nearest not found", 100 - 100 * found / MATCHES / SEARCHED, "%", 0.1)


def sizes(memory: KeyframeMap, path: str) -> Iterator[Figure]:
    """Bytes on disk of a keyframe."""
    count = len(memory)
    read = memory.store.file.connection.execute
    for table_name, column in COLUMNS:
        (total,) = read(f"SELECT SUM(LENGTH({column})) FROM {table_name}").fetchone()  # noqa: S608
        yield Figure(f"of it {table_name}.{column}", (total or 0) / count / 1e3, "kB")
    yield Figure("size of a keyframe on disk", os.path.getsize(path) / count / 1e3, "kB")


def measure(keyframes: int, folder: str) -> Iterator[Figure]:
    path, drive = os.path.join(folder, "map.db"), Drive()
    start = time.perf_counter()
    write(path, keyframes, drive)
    print(f"The map was written in {time.perf_counter() - start:.0f} s", file=sys.stderr)
    before, work = resident(), time.process_time()
    duration, memory = timed(opened, path)
    yield Figure(f"start with {keyframes:,} keyframes", duration, "s", 20)
    yield Figure("processor time of it", time.process_time() - work, "s")
    yield Figure("memory of the map", resident() - before, "MB")
    yield from sizes(memory, path)
    yield from adding(memory, drive)
    yield from searching(memory, drive)
    duration, removed = timed(lambda: thin(memory))
    yield Figure(f"thinning, {removed:,} keyframes", duration, "s")
    memory.store.close()


def main() -> int:
    parser = command("large_map", __doc__)
    parser.add_argument("--keyframes", type=int, default=100_000, help="size of the map (default: 100,000)")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    where = machine()
    with tempfile.TemporaryDirectory() as folder:
        figures = list(measure(arguments.keyframes, folder))
    return finish(figures, f"One thread, on {where}", arguments.markdown)


if __name__ == "__main__":
    sys.exit(main())
