"""Worker, LoopDetector and a fake TensorRT engine together, as in the node."""

import gc
import os
import threading
import time
from functools import partial

import numpy as np
import pytest

from place_recognition_ros.config import Config
from place_recognition_ros.detector import LoopDetector
from place_recognition_ros.types import Keyframe
from place_recognition_ros.worker import Worker
from tests.descriptor import conftest as small_network
from tests.fakes.install import install

onnx, card_fields, write_model = small_network.onnx, small_network.card_fields, small_network.write_model

NEAR_UNIT = 0.5 / (18 * 65)  # gray images give a vector of about unit norm


def resident_bytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("count", [300, pytest.param(10000, marks=pytest.mark.stress)])
def test_memory_stays_constant_over_many_keyframes(count, onnx, write_model, monkeypatch, tmp_path):
    """Memory is constant, and only the worker's thread calls CUDA."""
    gpu = install(monkeypatch, "8.2.1.8")
    weights = np.full((18, 4), NEAR_UNIT, np.float32)
    path = write_model(onnx.model(weights))
    config = Config(
        model=path, backend="tensorrt", engine_cache=str(tmp_path / "cache"), max_keyframes=50, min_features=0
    )
    failures, memory, workers = [], [], set()

    def handle(detector, number):
        workers.add(threading.get_ident())
        image = np.full((24, 32, 3), 128, np.uint8)
        image[:: 2 + number % 3] += 2
        detector.add(Keyframe(image, (number + 1) * 10**9))

    worker = Worker(partial(LoopDetector.open, config), handle, LoopDetector.status, failures.append)
    worker.start()
    while not worker.is_open:  # which raises why it cannot be opened
        time.sleep(0.01)
    for number in range(count):
        worker.call(partial(handle, number=number), 10)
        if number % (count // 6) == count // 6 - 1:
            gc.collect()
            memory.append((resident_bytes(), gpu.live_bytes, gpu.live_objects))
    assert worker.stop(10)
    assert not failures
    assert gpu.threads == workers
    assert threading.get_ident() not in workers
    host_bytes, gpu_bytes, gpu_objects = zip(*memory)
    assert len(set(gpu_bytes)) == len(set(gpu_objects)) == 1
    assert host_bytes[-1] - host_bytes[1] < 10e6
    assert (gpu.live_bytes, gpu.live_objects, gpu.live_contexts) == (0, 0, 0)
