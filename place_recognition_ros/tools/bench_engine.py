"""Measure models on an inference engine of this machine; each is a row of a Markdown table.

Usage: python3 -m place_recognition_ros.tools.bench_engine [MODEL.onnx …] [--backend tensorrt] [--roofline]

Without a model: the package's own. Each runs in a process of its own, so that the memory is its own. On a
TX2, `sudo jetson_clocks` first; what is built there is not in the times, nor is the first run.

network: the engine alone. describe: with the pre-processing of a 640×480 picture. pictures/s: describe, one
after the other on one thread. memory: what opening and running added to the process; its peak, which an
engine's building may have reached; what it took of the GPU beside an empty CUDA context (a Jetson's GPU
shares the memory of the CPU, so there it is part of the same 8 GB).
"""

import argparse
import multiprocessing
import os
import platform
import sys
import time
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence

import cv2
import numpy as np

from place_recognition_ros.descriptor import open_extractor
from place_recognition_ros.descriptor.extractor import BACKENDS, default_model_path
from place_recognition_ros.descriptor.model_card import read_model
from place_recognition_ros.descriptor.preprocess import prepare
from place_recognition_ros.descriptor.tensorrt_library import Gpu, is_installed, load_library
from place_recognition_ros.errors import EngineError, PlaceRecognitionError
from place_recognition_ros.tools.layers import read_layers
from place_recognition_ros.tools.roofline import DEVICES, Device, roofline

_WARM_UP = 20  # runs; the first ones allocate, load kernels and raise clocks
_PICTURE = (480, 640, 3)  # a usual camera's

_TIMES = ("median", "p95", "p99")
HEADINGS = (
    *("model", "engine", "machine"),
    *("network " + ", ".join(_TIMES) + ", ms", "describe " + ", ".join(_TIMES) + ", ms", "pictures/s"),
    *("memory added, MB", "memory peak, MB", "GPU memory, MB"),
)


class Latency(NamedTuple):
    """Milliseconds."""

    median: float
    p95: float
    p99: float

    def __str__(self) -> str:
        return ", ".join(f"{value:.2f}" for value in self)


class Measured(NamedTuple):
    """A row of the table."""

    model: str
    engine: str
    machine: str
    network: Latency
    describe: Latency
    pictures_per_second: float
    added_bytes: int
    peak_bytes: int
    gpu_bytes: Optional[int]  # None: no GPU

    @property
    def cells(self) -> List[str]:
        gpu = "" if self.gpu_bytes is None else f"{self.gpu_bytes / 1e6:.0f}"
        return [
            *(self.model, self.engine, self.machine, str(self.network), str(self.describe)),
            *(f"{self.pictures_per_second:.1f}", f"{self.added_bytes / 1e6:.0f}"),
            *(f"{self.peak_bytes / 1e6:.0f}", gpu),
        ]


def latency(durations: Sequence[float]) -> Latency:
    """Of durations in seconds; between two of them, the percentiles are interpolated."""
    return Latency(*(1e3 * np.percentile(durations, (50, 95, 99))))


def rate(durations: Sequence[float]) -> float:
    """How many of them, one after the other, fill a second."""
    return len(durations) / sum(durations)


def table_row(cells: Sequence[str]) -> str:
    """A row of a Markdown table."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def parse_memory(status: str) -> Dict[str, int]:
    """The memory figures of /proc/PID/status in bytes, such as VmRSS and VmHWM."""
    rows = [line.split() for line in status.splitlines() if line.startswith("Vm")]
    return {row[0].rstrip(":"): int(row[1]) * 1024 for row in rows}


def parse_machine(cpuinfo: str, board: str = "") -> str:
    """What the machine is called: a board's own name, or its processor's."""
    names = [line.partition(":")[2].strip() for line in cpuinfo.splitlines() if line.startswith("model name")]
    return board.strip("\0 \n") or (names[0] if names else platform.machine())


def measure(path: str, backend: str, threads: int, runs: int) -> Measured:
    """Open a model and measure it.

    Args:
        path: an ONNX file with its card beside it.
        backend, threads: as :func:`open_extractor` takes them.
        runs: how many are timed, at least one.

    Raises:
        ModelError, EngineError: if it cannot be opened, or fails.
    """
    card, _ = read_model(path)
    picture = np.random.default_rng(0).integers(0, 255, _PICTURE, np.uint8)
    prepared = prepare(picture, card.input)
    before, free = _memory()["VmRSS"], _free_gpu_bytes() if backend != "onnx" else None
    extractor = open_extractor(path, backend, threads)
    engine = extractor.engine
    np.copyto(engine.input, prepared)
    network = _timed(lambda: engine.infer(engine.input), runs)
    describe = _timed(lambda: extractor.describe(picture), runs)
    taken = None
    if extractor.engine_name.startswith("tensorrt") and free is not None:
        taken = free - load_library().cuda.mem_get_info()[0]  # the engine's context is current
    memory = _memory()
    measured = Measured(
        card.name,
        extractor.engine_name,
        _machine(),
        latency(network),
        latency(describe),
        rate(describe),
        memory["VmRSS"] - before,
        memory["VmHWM"],
        taken,
    )
    extractor.close()
    return measured


def _timed(action: Callable[[], Any], runs: int) -> List[float]:
    """How long each of ``runs`` took, in seconds."""
    durations = []
    for _ in range(_WARM_UP + runs):
        start = time.perf_counter()
        action()
        durations.append(time.perf_counter() - start)
    return durations[_WARM_UP:]


def _free_gpu_bytes() -> Optional[int]:
    """What an empty CUDA context leaves free; None: there is no GPU, or nothing that would use it."""
    if not is_installed():
        return None
    try:
        library = load_library()
        gpu = Gpu(library)
    except EngineError:
        return None
    free = library.cuda.mem_get_info()[0]
    gpu.close()
    return int(free)


def _memory() -> Dict[str, int]:
    return parse_memory(_read("/proc/self/status"))


def _machine() -> str:
    name = parse_machine(_read("/proc/cpuinfo"), _read("/proc/device-tree/model"))
    return f"{name}, Python {platform.python_version()}, numpy {np.__version__}, OpenCV {cv2.__version__}"


def _read(path: str) -> str:
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8") as file:
        return file.read()


def _estimate(path: str, device: Device) -> str:
    layers = read_layers(read_model(path)[1])
    multiply_adds = sum(layer.multiply_adds for layer in layers)
    return f"{1e3 * roofline(layers, device):.2f} ({multiply_adds / 1e6:.0f} M multiply-adds)"


def _print_row(path: str, arguments: argparse.Namespace) -> None:
    try:
        cells = measure(path, arguments.backend, arguments.threads, arguments.runs).cells
        if arguments.roofline:
            cells.append(_estimate(path, DEVICES[arguments.device]))
    except PlaceRecognitionError as error:
        sys.exit(f"{type(error).__name__}: {error}")
    print(table_row(cells), flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="*", metavar="MODEL.onnx", help="each with its card beside it")
    parser.add_argument("--backend", choices=BACKENDS, default="auto")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads of ONNX Runtime")
    parser.add_argument("--runs", type=int, default=200, help="that are timed, after the warm-up")
    parser.add_argument(
        "--roofline", action="store_true", help="add what --device could reach at best in half precision"
    )
    parser.add_argument("--device", choices=sorted(DEVICES), default="tx2", help="of the roofline")
    arguments = parser.parse_args()
    if min(arguments.runs, arguments.threads) < 1:
        parser.error(f"expected at least 1. Received: {arguments.runs} runs, {arguments.threads} threads")
    headings = [*HEADINGS]
    if arguments.roofline:
        headings.append(f"roofline of {DEVICES[arguments.device].name}, FP16, ms")
    print(table_row(headings) + "\n|" + "---|" * len(headings), flush=True)
    failed = False
    for path in arguments.models or [default_model_path()]:
        process = multiprocessing.get_context("spawn").Process(target=_print_row, args=(path, arguments))
        process.start()
        process.join()
        failed = failed or process.exitcode != 0
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
