"""GPUs that are missing, used in the wrong thread, hang or have no memory; on the fakes in tests/fakes."""

import logging
import sys
import threading
import time
from functools import partial

import numpy as np
import pytest

from place_recognition_ros.config import Config
from place_recognition_ros.descriptor import Extractor, ModelCard, open_extractor
from place_recognition_ros.descriptor.preprocess import InputSpec
from place_recognition_ros.detector import LoopDetector
from place_recognition_ros.errors import EngineError
from place_recognition_ros.types import Keyframe
from place_recognition_ros.worker import Worker
from tests.descriptor import conftest as small_network
from tests.fakes.install import install
from tests.faults.forms import fault, forms
from tests.faults.own_process import in_own_process
from tests.faults.work import TIMEOUT, started, wait_until

onnx, card_fields, write_model = small_network.onnx, small_network.card_fields, small_network.write_model

IMAGE = np.tile(np.array([0, 255], np.uint8), (24, 16))
NEAR_UNIT = 0.5 / (18 * 65)  # weights with which a gray image gives a vector of about unit norm


@pytest.fixture
def model(onnx, write_model):
    """Path of a small model."""
    return write_model(onnx.model(np.full((18, 4), NEAR_UNIT, np.float32)))


@fault(34, "CUDA context in the wrong thread")
@forms(20, 1000)
def test_only_the_worker_uses_cuda_and_it_leaves_nothing_behind(amount, model, monkeypatch, tmp_path, tried):
    gpu = install(monkeypatch, "8.2.1.8")
    config = Config(
        model=model, backend="tensorrt", engine_cache=str(tmp_path), feature_model="orb", min_features=0
    )
    image = np.full((24, 32, 3), 128, np.uint8)
    workers, failures = set(), []
    for _ in range(amount):
        worker = Worker(
            partial(LoopDetector.open, config), LoopDetector.add, LoopDetector.status, failures.append
        )
        workers.add(started(worker).call(lambda _: threading.get_ident(), TIMEOUT))
        worker.offer(Keyframe(image, 10**9))
        assert worker.call(lambda detector: detector.query(image, 1).query.stamp, TIMEOUT) == 0
        assert worker.stop(TIMEOUT)
        gpu.check_empty()
    assert failures == []
    assert gpu.threads == workers
    assert threading.get_ident() not in workers
    assert gpu.executions >= 2 * amount
    result = "CUDA in the worker's thread alone, no context, memory or object left"
    tried("the worker started, used and stopped; fake GPU", f"{amount} times", result)


class StubEngine:
    """Hangs or fails, and describes each image with the same vector otherwise."""

    name = "stub"

    def __init__(self, fails):
        self.input = np.zeros((1, 2, 3, 1), np.float32)
        self._fails = fails

    def infer(self, tensor):
        self._fails()
        return np.array([1, 0, 0, 0], np.float32)

    def close(self):
        pass


def work_with(fails, errors):
    """A worker that describes images with a :class:`StubEngine`."""
    spec = InputSpec(2, 3, 1, "GRAY", "NHWC", mean=(0.0,), std=(255.0,))
    card = ModelCard("stub", "0" * 64, spec, 4, 0.5, "", {}, {})
    work = (lambda: Extractor(card, StubEngine(fails)), Extractor.describe, id, errors.append)
    return started(Worker(*work))


def hang():
    """Whether a worker is known to be busy while its engine hangs, and cannot be stopped."""
    errors = []
    worker = work_with(partial(time.sleep, 3600), errors)
    assert worker.busy_for == 0
    worker.offer(IMAGE)
    wait_until(lambda: worker.busy_for > 0.1)
    worker.offer(IMAGE)
    return worker.is_alive and not worker.stop(0.05) and worker.busy_for > 0.1 and not errors


@fault(35, "Engine hangs or runs out of memory")
@forms(2, 100)
def test_a_process_whose_engine_hangs_notices_it_and_can_end(amount, tried):
    for _ in range(amount):
        assert in_own_process(hang)
    tried(
        "an engine that never returns", f"{amount} times", "the worker is known to be busy; the process ends"
    )


@fault(35, "Engine hangs or runs out of memory")
@pytest.mark.parametrize("kind", [MemoryError, EngineError, OSError])
@forms(1, 100)
def test_after_an_engine_without_memory_the_next_image_is_described(amount, kind, tried):
    fails, errors = iter([*range(5 * amount)]), []

    def run_out_of_memory():
        if next(fails, None) is not None:
            raise kind("out of memory")

    worker = work_with(run_out_of_memory, errors)
    for number in range(1, 5 * amount + 1):
        worker.offer(IMAGE)
        wait_until(lambda number=number: len(errors) == number)
    assert {type(error) for error in errors} == {kind}
    assert worker.call(lambda extractor: extractor.describe(IMAGE), TIMEOUT)[0] == 1
    wait_until(lambda: worker.busy_for == 0)
    assert worker.stop(TIMEOUT)
    tried(f"an engine that raises {kind.__name__}", f"{5 * amount} images", "all counted, then goes on")


def without(name):
    def make(gpu, monkeypatch):
        monkeypatch.setitem(sys.modules, name, None)

    return make


def with_fault(name, value):
    return lambda gpu, monkeypatch: setattr(gpu, name, value)


LACKING = {
    "no GPU": with_fault("present", False),
    "no memory": with_fault("memory_free", 0),
    "no engine": with_fault("fail_build", True),
    "no context": with_fault("fail_context", True),
    "no execution": with_fault("fail_execute", True),
    "no synchronization": with_fault("fail_synchronize", True),
    "no PyCUDA": without("pycuda.driver"),
}


@fault(38, "GPU provider missing, silent CPU fallback")
@pytest.mark.parametrize("lacking", LACKING)
@forms(1, 10)
def test_a_gpu_that_cannot_be_used_is_reported(amount, lacking, model, monkeypatch, tmp_path, caplog, tried):
    """The status goes to /diagnostics as a warning, the log to /rosout."""
    caplog.set_level(logging.INFO)
    LACKING[lacking](install(monkeypatch, "8.2.1.8"), monkeypatch)
    config = Config(model=model, backend="auto", engine_cache=str(tmp_path / "cache"), feature_model="orb")
    for _ in range(amount):
        caplog.clear()
        detector = LoopDetector.open(config)
        status = detector.status()
        detector.close()
        assert status.fallback.startswith("tensorrt cannot be used, onnx is used instead: expected ")
        assert "CPU" in status.engine
        warnings = [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
        assert status.fallback in warnings
        assert f"'small' runs on {status.engine}" in caplog.text
        with pytest.raises(EngineError, match="expected"):
            LoopDetector.open(Config(**dict(config.values(), backend="tensorrt")))
    tried(f"TensorRT with {lacking}", f"{amount} starts", "a warning in the status and the log")


@fault(38, "GPU provider missing, silent CPU fallback")
def test_without_tensorrt_the_log_says_that_the_cpu_is_used(model, monkeypatch, caplog):
    caplog.set_level(logging.INFO)
    for name in ("tensorrt", "tensorrt_rtx"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr("place_recognition_ros.descriptor.backends.is_installed", lambda: False)
    extractor = open_extractor(model)
    assert f"'small' runs on {extractor.engine_name}" in caplog.text
    assert "CPU" in extractor.engine_name
