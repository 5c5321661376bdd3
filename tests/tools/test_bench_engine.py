"""The benchmark of engines: its figures for given durations, and a short run of the tool."""

import os
import re
import subprocess
import sys
import types

import numpy as np
import pytest

from place_recognition_ros.descriptor.model_card import LOCAL_FEATURES, package_models, read_model
from place_recognition_ros.errors import EngineError
from place_recognition_ros.tools import bench_engine
from place_recognition_ros.tools.bench_engine import HEADINGS, Latency, Measured

DEFAULT, FEATURES = package_models()


def run_tool(root, *arguments):
    command = [sys.executable, "-m", "place_recognition_ros.tools.bench_engine", *arguments]
    environment = dict(os.environ, PYTHONIOENCODING="utf-8")
    return subprocess.run(
        command,
        cwd=root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=120,
        check=False,
    )


def test_latency_in_milliseconds():
    durations = [number / 1000 for number in range(100, 0, -1)]  # 1 to 100 ms
    assert bench_engine.latency(durations) == pytest.approx(Latency(50.5, 95.05, 99.01))
    assert str(Latency(1.234, 20.0, 300.006)) == "1.23, 20.00, 300.01"


def test_rate():
    assert bench_engine.rate([0.25, 0.5, 0.25]) == 3.0


def test_memory_is_read_from_the_status():
    status = "Name:\tpython3\nVmHWM:\t  102400 kB\nVmRSS:\t   2048 kB\nThreads:\t1\n"
    assert bench_engine.parse_memory(status) == {"VmHWM": 102400 * 1024, "VmRSS": 2048 * 1024}


@pytest.mark.parametrize(
    "cpuinfo, board, expected",
    [
        ("processor\t: 0\nmodel name\t: ARMv8 Processor rev 3\n", "NVIDIA Jetson TX2\0", "NVIDIA Jetson TX2"),
        ("processor\t: 0\nmodel name\t: A CPU: fast\n\nmodel name\t: A CPU\n", "", "A CPU: fast"),
        ("processor\t: 0\n", "", os.uname().machine),
    ],
)
def test_the_name_of_the_machine(cpuinfo, board, expected):
    assert bench_engine.parse_machine(cpuinfo, board) == expected


@pytest.mark.parametrize("gpu, cell", [(None, ""), (234_000_000, "234")])
def test_a_row_fits_its_headings(gpu, cell):
    times = Latency(1.0, 2.0, 3.0)
    row = Measured("a", "b", "c|d", times, times, 99.96, 5_400_000, 120_000_000, gpu)
    assert len(row.cells) == len(HEADINGS)
    line = bench_engine.table_row(row.cells)
    assert line == f"| a | b | c\\|d | 1.00, 2.00, 3.00 | 1.00, 2.00, 3.00 | 100.0 | 5 | 120 | {cell} |"


@pytest.fixture
def gpu(monkeypatch):
    """A fake GPU, whose free memory is 1000 and then 900; its events, in order."""
    free, events = [900, 1000], []

    class Gpu:
        def __init__(self, library):
            events.append("context")

        def close(self):
            events.append("closed")

    def mem_get_info():
        events.append("memory")
        return free.pop(), 2000

    library = types.SimpleNamespace(cuda=types.SimpleNamespace(mem_get_info=mem_get_info))
    monkeypatch.setattr(bench_engine, "is_installed", lambda: True)
    monkeypatch.setattr(bench_engine, "load_library", lambda: library)
    monkeypatch.setattr(bench_engine, "Gpu", Gpu)
    return events


class FakeEngine:
    """An engine that counts its calls and returns what the card states: zeros, but a unit descriptor."""

    def __init__(self, name, card):
        self.name, self.infers, self.closed = name, 0, False
        self.input = np.zeros(card.input.shape, np.float32)
        self.output = np.zeros(card.output_shape[1:], np.float32)
        self.output.flat[0] = 1.0

    def infer(self, tensor):
        assert not self.closed and tensor is self.input and tensor.any()
        self.infers += 1
        return self.output

    def close(self):
        self.closed = True


@pytest.fixture
def open_as(gpu, monkeypatch):
    """``open_as(name)``: models are opened on fake engines of that name, which are appended to the result."""

    def open_as(name):
        opened = []

        def open_engine(card, *_):
            gpu.append("opened")
            opened.append(FakeEngine(name, card))
            return opened[-1], ""

        monkeypatch.setattr(bench_engine, "open_engine", open_engine)
        return opened

    return open_as


@pytest.mark.parametrize("path", [DEFAULT, FEATURES], ids=["descriptor", "features"])
def test_the_memory_of_a_gpu_is_measured_beside_an_empty_context(gpu, open_as, path):
    opened = open_as("tensorrt 8.2.1.8, a GPU")
    measured = bench_engine.measure(path, "tensorrt", 1, 3)
    assert measured.gpu_bytes == 100
    assert gpu == ["context", "memory", "closed", "opened", "memory"]
    (engine,) = opened
    assert engine.infers == 2 * 23  # alone, and with what the node does before and after it
    assert engine.closed


def test_local_features_are_measured_with_the_selection_of_keypoints(open_as, monkeypatch):
    images = []
    find = bench_engine.NetworkFinder.find
    monkeypatch.setattr(
        bench_engine.NetworkFinder,
        "find",
        lambda self, image: images.append(image.shape) or find(self, image),
    )
    open_as("an engine")
    measured = bench_engine.measure(FEATURES, "auto", 1, 1)
    assert measured.model == read_model(FEATURES, LOCAL_FEATURES)[0].name
    assert images == [(480, 640, 3)] * 21


def test_without_tensorrt_there_is_no_gpu_memory(open_as):
    open_as("onnxruntime 1.10.0, CPU, 1 thread")
    assert bench_engine.measure(DEFAULT, "auto", 1, 1).gpu_bytes is None


def test_tensorrt_without_a_gpu(open_as, monkeypatch):
    def refuse(_):
        raise EngineError("expected a GPU that CUDA can use. Received: none")

    monkeypatch.setattr(bench_engine, "Gpu", refuse)
    open_as("onnxruntime 1.10.0, CPU, 1 thread")
    assert bench_engine.measure(DEFAULT, "auto", 1, 1).gpu_bytes is None


def test_the_tool_writes_a_table(root):
    done = run_tool(root, "--backend", "onnx", "--runs", "2", "--roofline")
    assert done.returncode == 0, done.stderr.decode()
    head, line, *rows = done.stdout.decode().splitlines()
    columns = [len(re.findall(r"(?<!\\)\|", each)) for each in (head, line, *rows)]
    assert columns == [len(HEADINGS) + 2] * 4
    assert "roofline of Jetson TX2" in head
    for name, row in zip(("default", "features"), rows):
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert cells[0] == name
        assert cells[1].startswith("onnxruntime ")
        for times in cells[3:5]:
            assert 0 < float(times.split(", ")[0]) <= float(times.split(", ")[2])
        added, peak = (float(cell) for cell in cells[6:8])
        assert 0 < added < peak
        assert re.fullmatch(r"\d+\.\d\d \(\d+ M multiply-adds\)", cells[9])


def test_a_missing_model_is_reported_and_the_next_is_measured(root, tmp_path):
    missing = str(tmp_path / "missing.onnx")
    done = run_tool(root, missing, DEFAULT, "--backend", "onnx", "--runs", "1")
    assert done.returncode == 1
    assert "ModelError: expected the model as a file. Received: '" + missing in done.stderr.decode()
    assert done.stdout.decode().splitlines()[-1].startswith("| default |")


@pytest.mark.parametrize("arguments", [["--runs", "0"], ["--threads", "0"], ["--device", "tx1"]])
def test_a_wrong_command_line_is_refused(monkeypatch, arguments, capsys):
    monkeypatch.setattr(sys, "argv", ["bench_engine", *arguments])
    with pytest.raises(SystemExit) as caught:
        bench_engine.main()
    assert caught.value.code == 2
    assert "error: " in capsys.readouterr().err
