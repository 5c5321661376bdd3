"""Measure how a keyframe grows with the map: its time in total and by stage; and the map itself.

Maps of 10² to 10⁵ keyframes are written (2.5 GB for the largest, in a temporary folder) and opened, each by a
detector of its own: how long that takes, and how much memory and disk a map needs. Then all get the same
images in turn, so that other load on the machine affects all: a camera drives ten laps past ten places of the
map, with a geometric check of what is found. The growth is the exponent of a power law that is fitted to the
medians: 0 is constant, 1 proportional to the map.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack

import cv2
import numpy as np

from benchmarks.clock import Clock, resident
from benchmarks.figures import command, grid, machine, spread, timed
from benchmarks.peers import in_turn
from benchmarks.prepared_map import VIEWS, Places, revisits, write_map
from benchmarks.verification.plots import COLORS
from place_recognition_ros.config import Config
from place_recognition_ros.descriptor import open_extractor
from place_recognition_ros.descriptor.model_card import default_model_path
from place_recognition_ros.detector import LoopDetector
from place_recognition_ros.memory.store import KeyframeStore
from place_recognition_ros.types import Keyframe
from training.files import PROJECT, write_atomically

KEYFRAMES = [100, 1_000, 10_000, 100_000]
VISITED = 10  # places: all of the smallest map
WARM_UP = 1  # laps, of VIEWS
TOTAL, WORK = "total", "total, processor time"
RATE = "keyframes per second of processor time"
MAP = ("start, s", "memory, MB", "file, MB")
NEGLIGIBLE = 0.02  # milliseconds; the growth of what takes less is not stated
LARGEST = 10**7  # keyframes that a detector may store
PLOT = PROJECT / ".run" / "growth.svg"

Durations = dict[str, list[float]]  # stage → milliseconds; in the rows, also other figures


def exponent(sizes: Sequence[float], values: Sequence[float]) -> float:
    """The exponent of the power law nearest to positive values, in the logarithm."""
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def measure(sizes: Sequence[int], folder: str) -> dict[int, Durations]:
    """Durations of each stage and in total with maps of these sizes."""
    places = Places(open_extractor(default_model_path(), threads=1))
    with ExitStack() as opened:
        detectors, maps = {}, {}
        for size in sizes:
            print(f"» Writing and opening a map of {size:,} keyframes …", file=sys.stderr)
            path = os.path.join(folder, f"{size}.db")
            write_map(path, size, places)
            before = resident()
            start, detectors[size] = timed(detector_of, path, places)
            opened.callback(detectors[size].map.store.close)
            memory, disk = resident() - before, os.path.getsize(path) / 1e6
            maps[size] = {name: [value] for name, value in zip(MAP, (start, memory, disk))}
        print("» Measuring …", file=sys.stderr)
        return {size: {**figures, **maps[size]} for size, figures in adding(detectors).items()}


def detector_of(path: str, places: Places) -> LoopDetector:
    """A detector with this map."""
    card = places.extractor.card
    store = KeyframeStore(path, card.model_id, card.descriptor_size, places.finder.model_id)
    return LoopDetector(Config(max_keyframes=LARGEST), places.extractor, places.finder, store)


def adding(detectors: Mapping[int, LoopDetector]) -> dict[int, Durations]:
    """Add the same images to all, in turn."""
    images, clocks = list(revisits(iter(range(VISITED)))), {size: Clock() for size in detectors}
    for lap in range(VIEWS):
        for size in in_turn(detectors, lap):
            for place, image in enumerate(images[lap::VIEWS]):
                with clocks[size]:
                    detectors[size].add(Keyframe(image, (LARGEST + VISITED * lap + place) * 10**9))
    first = WARM_UP * VISITED
    return {
        size: {
            **stages(detector, len(images) - first),
            TOTAL: clocks[size].durations[first:],
            WORK: clocks[size].work[first:],
            RATE: [1e3 / float(np.mean(clocks[size].work[first:]))],
        }
        for size, detector in detectors.items()
    }


def stages(detector: LoopDetector, count: int) -> Durations:
    """The latest durations of each stage."""
    found = detector.status().durations
    return {stage: [1e3 * each for each in seconds[-count:]] for stage, seconds in found.items()}


def stages_of(found: Mapping[int, Durations]) -> list[str]:
    """The names of the rows."""
    return [*next(iter(found.values()))]


def cell(values: Sequence[float]) -> str:
    """Median and quartiles, or the only value."""
    if len(values) > 1:
        return spread(values)
    return f"{values[0]:,.3g}" if values[0] < 1e3 else f"{values[0]:,.0f}"


def rows(found: Mapping[int, Durations]) -> Iterator[Sequence[str]]:
    """The rows of the table."""
    for stage in stages_of(found):
        medians = [float(np.median(each[stage])) for each in found.values()]
        cells = [cell(each[stage]) for each in found.values()]
        if len(medians) < 2 or max(medians) < NEGLIGIBLE:
            yield [stage, *cells, "", ""]
        else:
            grown = exponent([*found], medians)
            yield [stage, *cells, f"{grown:.2f}", f"{medians[-1] / medians[0]:.2f}"]


def plot(found: Mapping[int, Durations]) -> bytes:
    """Median of each stage against the size of the map, as SVG."""
    import matplotlib as mpl
    from matplotlib.figure import Figure  # without pyplot: no window, no state

    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "growth", "font.size": 8.5}):
        figure = Figure(figsize=(5.6, 3.4), layout="constrained")
        axes = figure.subplots()
        shown = {
            stage: [float(np.median(each[stage])) for each in found.values()] for stage in stages_of(found)
        }
        hidden = {WORK, RATE, *MAP}
        shown = {
            stage: each for stage, each in shown.items() if stage not in hidden and max(each) >= NEGLIGIBLE
        }
        for color, stage in zip(("#222222", *COLORS), sorted(shown, key=TOTAL.__ne__)):
            width = 2.4 if stage == TOTAL else 1.3
            axes.loglog([*found], shown[stage], "o-", color=color, label=stage, linewidth=width, markersize=3)
        axes.set(xlabel="keyframes in the map", ylabel="median, ms")
        axes.grid(color="#e6e6e6", linewidth=0.7)
        axes.set_axisbelow(True)
        axes.legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
        content = io.BytesIO()
        figure.savefig(content, format="svg", facecolor="white", metadata={"Date": None})
    return content.getvalue()


def main() -> int:
    parser = command("growth", __doc__)
    parser.add_argument(
        "--keyframes", type=int, nargs="+", default=KEYFRAMES, help="sizes of the maps (default: 10² to 10⁵)"
    )
    parser.add_argument("--plot", default=str(PLOT), help="SVG to write (default: %(default)s)")
    arguments = parser.parse_args()
    if min(arguments.keyframes) < VISITED * VIEWS:
        parser.error(f"--keyframes expects at least {VISITED * VIEWS}")
    cv2.setNumThreads(1)
    where = machine()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(sorted(arguments.keyframes), folder)
    headings = [
        "ms where nothing else is said, median (quartiles)",
        *(f"{size:,}" for size in found),
        "exponent",
        "largest : smallest",
    ]
    print(grid(headings, rows(found), arguments.markdown))
    print(f"\n{(VIEWS - WARM_UP) * VISITED} keyframes of 240×320 for each map, one thread, on {where}")
    try:
        write_atomically(arguments.plot, plot(found))
    except ImportError as error:
        print(f"skipped: the plot: {error}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
