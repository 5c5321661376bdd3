"""Measure models on an inference engine of this machine; prints a Markdown table with a row for each.

Usage: python3 -m place_recognition_ros.tools.bench_engine [MODEL.onnx ...] [--backend tensorrt] [--roofline]

Without a model: both of the package. Each model runs in its own process, because memory is measured per
process. On a TX2, run `sudo jetson_clocks` first. The times include neither building the engine nor the
first runs.

network: the engine alone. image: from a 640×480 image to its descriptor, or to its local features. images/s:
on one thread. memory added: by opening and running the model. memory peak: of the process, with building the
engine. GPU memory: in addition to an empty CUDA context (on a Jetson, it is part of the memory of the CPU).
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

from place_recognition_ros.config import Config
from place_recognition_ros.descriptor.backends import BACKENDS, open_engine
from place_recognition_ros.descriptor.engine import Engine
from place_recognition_ros.descriptor.extractor import Extractor
from place_recognition_ros.descriptor.feature_network import NetworkFinder
from place_recognition_ros.descriptor.model_card import LOCAL_FEATURES, ModelCard, package_models, read_model
from place_recognition_ros.descriptor.preprocess import prepare
from place_recognition_ros.descriptor.tensorrt.builder import BuildSettings
from place_recognition_ros.descriptor.tensorrt.library import Gpu, is_installed, load_library
from place_recognition_ros.errors import EngineError, PlaceRecognitionError
from place_recognition_ros.tools.layers import read_layers
from place_recognition_ros.tools.roofline import DEVICES, Device, roofline
from place_recognition_ros.tools.terminal import use_utf8

_WARM_UP = 20  # runs; the first ones allocate, load kernels and raise clocks

_TIMES = ("median", "p95", "p99")
HEADINGS = (
    *("model", "engine", "machine"),
    *("network " + ", ".join(_TIMES) + ", ms", "image " + ", ".join(_TIMES) + ", ms", "images/s"),
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
    """One row of the table."""

    model: str
    engine: str
    machine: str
    network: Latency
    image: Latency  # with the pre-processing and, for local features, the selection of keypoints
    images_per_second: float
    added_bytes: int
    peak_bytes: int
    gpu_bytes: Optional[int]  # None: no GPU

    @property
    def cells(self) -> List[str]:
        gpu = "" if self.gpu_bytes is None else f"{self.gpu_bytes / 1e6:.0f}"
        return [
            *(self.model, self.engine, self.machine, str(self.network), str(self.image)),
            *(f"{self.images_per_second:.1f}", f"{self.added_bytes / 1e6:.0f}"),
            *(f"{self.peak_bytes / 1e6:.0f}", gpu),
        ]


def latency(durations: Sequence[float]) -> Latency:
    """Median and percentiles of durations in seconds."""
    return Latency(*(1e3 * np.percentile(durations, (50, 95, 99))))


def rate(durations: Sequence[float]) -> float:
    """Runs per second, for durations in seconds."""
    return len(durations) / sum(durations)


def table_row(cells: Sequence[str]) -> str:
    """A row of a Markdown table."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def parse_memory(status: str) -> Dict[str, int]:
    """The memory figures of /proc/PID/status in bytes, such as VmRSS and VmHWM."""
    rows = [line.split() for line in status.splitlines() if line.startswith("Vm")]
    return {row[0].rstrip(":"): int(row[1]) * 1024 for row in rows}


def parse_machine(cpuinfo: str, board: str = "") -> str:
    """Name of the machine: of the board if known, otherwise of the processor."""
    names = [line.partition(":")[2].strip() for line in cpuinfo.splitlines() if line.startswith("model name")]
    return board.strip("\0 \n") or (names[0] if names else platform.machine())


def measure(path: str, backend: str, threads: int, runs: int) -> Measured:
    """Open a model and measure it.

    Args:
        path: an ONNX file with its card beside it.
        backend, threads: as :func:`open_engine` takes them.
        runs: number of timed runs, at least one.

    Raises:
        ModelError, EngineError: if the model cannot be opened, or fails.
    """
    card, onnx = read_model(path, kind=None)
    image = _image()
    prepared = prepare(image, card.input)
    before, free = _memory()["VmRSS"], _free_gpu_bytes() if backend != "onnx" else None
    engine, _ = open_engine(card, onnx, backend, threads, BuildSettings())
    process = _user(card, engine)
    np.copyto(engine.input, prepared)
    network = _timed(lambda: engine.infer(engine.input), runs)
    whole = _timed(lambda: process(image), runs)
    taken = None
    if engine.name.startswith("tensorrt") and free is not None:
        taken = free - load_library().cuda.mem_get_info()[0]  # the engine's context is current
    memory = _memory()
    measured = Measured(
        card.name,
        engine.name,
        _machine(),
        latency(network),
        latency(whole),
        rate(whole),
        memory["VmRSS"] - before,
        memory["VmHWM"],
        taken,
    )
    engine.close()
    return measured


def _image() -> np.ndarray:
    """(480, 640, 3) uint8 with enough structure for local features; an image of noise has none."""
    coarse = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    return cv2.resize(coarse, (640, 480), interpolation=cv2.INTER_CUBIC)


def _user(card: ModelCard, engine: Engine) -> Callable[[np.ndarray], Any]:
    """What the node calls with an image."""
    if card.kind == LOCAL_FEATURES:
        return NetworkFinder(card, engine, Config().local_features).find
    return Extractor(card, engine).describe


def _timed(action: Callable[[], Any], runs: int) -> List[float]:
    """Duration of each run in seconds, after a warm-up."""
    durations = []
    for _ in range(_WARM_UP + runs):
        start = time.perf_counter()
        action()
        durations.append(time.perf_counter() - start)
    return durations[_WARM_UP:]


def _free_gpu_bytes() -> Optional[int]:
    """GPU memory that is free beside an empty CUDA context; None: no GPU, or no TensorRT."""
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
    layers = read_layers(read_model(path, kind=None)[1])
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
    use_utf8()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "models", nargs="*", metavar="MODEL.onnx", help="ONNX files, each with its card beside it"
    )
    parser.add_argument("--backend", choices=BACKENDS, default="auto")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads of ONNX Runtime")
    parser.add_argument("--runs", type=int, default=200, help="timed runs, after the warm-up")
    parser.add_argument(
        "--roofline", action="store_true", help="add the least possible time of --device in half precision"
    )
    parser.add_argument("--device", choices=sorted(DEVICES), default="tx2", help="GPU of the roofline")
    arguments = parser.parse_args()
    if min(arguments.runs, arguments.threads) < 1:
        parser.error(f"expected at least 1. Received: {arguments.runs} runs, {arguments.threads} threads")
    headings = [*HEADINGS]
    if arguments.roofline:
        headings.append(f"roofline of {DEVICES[arguments.device].name}, FP16, ms")
    print(table_row(headings) + "\n|" + "---|" * len(headings), flush=True)
    failed = False
    for path in arguments.models or package_models():
        process = multiprocessing.get_context("spawn").Process(target=_print_row, args=(path, arguments))
        process.start()
        process.join()
        failed = failed or process.exitcode != 0
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
