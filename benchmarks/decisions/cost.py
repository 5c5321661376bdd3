"""What a decision costs beside the geometry of the images, and how that grows with the map.

    OPENBLAS_NUM_THREADS=1 taskset --cpu-list 0 python -m benchmarks.decisions.cost

The drive is played into an empty map; 300 images of known places into maps of 1,000 and 100,000 keyframes.
The larger map needs 3 GB of disk for some minutes.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import cv2
import numpy as np

from benchmarks.decisions.runner import run
from benchmarks.decisions.sets import open_set
from benchmarks.prepared_map import VIEWS, Places, revisits, write_map
from place_recognition_ros.config import Config
from place_recognition_ros.descriptor import open_extractor
from place_recognition_ros.detector import LoopDetector
from place_recognition_ros.loops.decisions import Decisions
from place_recognition_ros.loops.examination import Examiner
from place_recognition_ros.types import Keyframe

SIZES = (1_000, 100_000)  # keyframes
QUERIES = 300


def main() -> int:
    cv2.setNumThreads(1)
    print("| map | median | 95 % |\n|---|---:|---:|")
    with durations() as found:
        run(open_set("drive"))
    _print("the drive", found)
    with tempfile.TemporaryDirectory() as folder:
        medians = [_in_a_map_of(size, Path(folder) / f"{size}.db") for size in SIZES]
    print(f"\nGrowth from {SIZES[0]:,} to {SIZES[1]:,} keyframes: {medians[1] - medians[0]:+.2f} ms (median)")
    return 0


def _in_a_map_of(size: int, path: Path) -> float:
    """The median, milliseconds."""
    extractor = open_extractor()
    write_map(str(path), size, Places(extractor))
    extractor.close()
    detector = LoopDetector.open(Config(map_path=str(path), max_keyframes=2 * size))
    with durations() as found:
        for second, image in enumerate(revisits(iter(range(QUERIES // VIEWS))), size + 100):
            detector.add(Keyframe(image, second * 10**9))
    detector.close()
    _print(f"{size:,} keyframes", found)
    path.unlink()
    return float(np.median(found))


def _print(name: str, milliseconds: list[float]) -> None:
    median, high = np.percentile(milliseconds, (50, 95))
    print(f"| {name} | {median:.2f} ms | {high:.2f} ms |", flush=True)


@contextmanager
def durations() -> Iterator[list[float]]:
    """Milliseconds of each decision, without the geometry and the reading of what it compares."""
    geometry, found = [0.0], []

    def measured(original: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any) -> Any:
            start = time.perf_counter()
            try:
                return original(*arguments)
            finally:
                geometry[0] += time.perf_counter() - start

        return wrapped

    def decided(original: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any) -> Any:
            geometry[0], start = 0.0, time.perf_counter()
            result = original(*arguments)
            found.append(1e3 * (time.perf_counter() - start - geometry[0]))
            return result

        return wrapped

    with ExitStack() as patches:
        patches.enter_context(mock.patch.object(Examiner, "measured", measured(Examiner.measured)))
        patches.enter_context(mock.patch.object(Decisions, "add", decided(Decisions.add)))
        yield found


if __name__ == "__main__":
    sys.exit(main())
