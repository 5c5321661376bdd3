"""How much a save of a large map delays keyframes.

``python3 -m benchmarks.saving [KEYFRAMES]``

A map of 20,000 keyframes, on the disk of the working folder. As in the worker, an add follows each slice of
the save. What an image waits for is both.
"""

import os
import sys
import tempfile
import threading
import time

import cv2
import numpy as np

from benchmarks.prepared_map import Places, revisits, write_map
from place_recognition_ros.config import Config
from place_recognition_ros.descriptor import open_extractor
from place_recognition_ros.detector import LoopDetector
from place_recognition_ros.memory.job import Job
from place_recognition_ros.types import Keyframe

KEYFRAMES = 20_000
ROUNDS = 200


def main() -> None:
    cv2.setNumThreads(1)
    keyframes = int(sys.argv[1]) if len(sys.argv) > 1 else KEYFRAMES
    with tempfile.TemporaryDirectory(dir=".") as folder:
        path = os.path.join(folder, "map.db")
        extractor = open_extractor()
        write_map(path, keyframes, Places(extractor))
        extractor.close()
        print(f"{keyframes} keyframes, {os.path.getsize(path) / 1e6:.0f} MB")
        detector = LoopDetector.open(Config(), path)
        images = [image for _, image in zip(range(200), revisits(iter(range(0, 10**6, 37))))]
        adding = _Adding(detector, images)
        print(figures("add without a save", [adding.add() for _ in range(ROUNDS)]))
        started = time.perf_counter()
        copy = os.path.join(os.path.abspath(folder), "copy.db")
        job = detector.upkeep.save(copy)
        slices, waits, adds = [], [], []
        while True:
            start = time.perf_counter()
            more = job.step()
            slices.append(time.perf_counter() - start)
            adds.append(adding.add())
            waits.append(time.perf_counter() - start)
            if not more:
                break
        finishing = threading.Thread(target=job.finish)  # as the service does
        finishing.start()
        last = []
        while finishing.is_alive():
            last.append(adding.add())
        took = time.perf_counter() - started
        print(figures("add during the save", adds))
        print(figures("slice of the save", slices))
        print(figures("slice and add", waits))
        if last:
            print(figures("add while the copy is synchronized", last))
        print(f"{job.message}; {took:.1f} s")
        print(figures("slice of a reset", _slices(detector.upkeep.reset())))
        print(figures("slice of a load", _slices(detector.upkeep.load(copy))))
        detector.close()


def _slices(job: Job) -> list:
    """Do a job; seconds of each slice."""
    durations = []
    more = True
    while more:
        start = time.perf_counter()
        more = job.step()
        durations.append(time.perf_counter() - start)
    job.finish()
    return durations


class _Adding:
    def __init__(self, detector: LoopDetector, images: list) -> None:
        self._detector, self._images, self._count = detector, images, 0

    def add(self) -> float:
        """Add the next keyframe; seconds that it took."""
        self._count += 1
        image = self._images[self._count % len(self._images)]
        start = time.perf_counter()
        self._detector.add(Keyframe(image, (10**6 + self._count) * 10**9))
        return time.perf_counter() - start


def figures(name: str, durations: list) -> str:
    """Median, 99th percentile and maximum, milliseconds."""
    low, high = (1e3 * float(np.percentile(durations, each)) for each in (50, 99))
    total = f"{sum(durations):.1f} s in all"
    text = f"median {low:.1f} ms, p99 {high:.1f} ms, max {1e3 * max(durations):.1f} ms"
    return f"{name}: {text} ({len(durations)} times, {total})"


if __name__ == "__main__":
    main()
