"""The real TensorRT and PyCUDA, where there is a GPU."""

import logging

import cv2
import numpy as np
import pytest

from place_recognition_ros.descriptor import BuildSettings, open_extractor
from place_recognition_ros.descriptor.tensorrt.library import Gpu, load_library
from place_recognition_ros.errors import EngineError


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    try:
        Gpu(load_library()).close()
    except EngineError as error:
        pytest.skip(f"needs a GPU with TensorRT and PyCUDA: {error}")
    return BuildSettings(cache=str(tmp_path_factory.mktemp("engines")))


@pytest.fixture(scope="module")
def images():
    """Smooth, sharp, noisy and black: (H, W, 3) uint8 BGR."""
    random = np.random.default_rng(0)
    coarse = [random.integers(0, 256, (rows, rows * 4 // 3, 3), np.uint8) for rows in (3, 6, 12, 24, 240)]
    soft = [cv2.resize(each, (640, 480), interpolation=cv2.INTER_CUBIC) for each in coarse]
    hard = [cv2.resize(each, (320, 240), interpolation=cv2.INTER_NEAREST) for each in coarse]
    return [*soft, *hard, np.zeros((240, 320, 3), np.uint8)]


def test_the_gpu_describes_images_as_the_cpu_does(settings, images):
    extractor, reference = open_extractor(backend="tensorrt", build=settings), open_extractor(backend="onnx")
    cosines = [extractor.describe(each) @ reference.describe(each) for each in images]
    extractor.close()
    assert min(cosines) >= 0.999


def test_the_second_start_loads_the_engine_of_the_first(settings, caplog):
    open_extractor(backend="tensorrt", build=settings).close()
    caplog.clear()
    with caplog.at_level(logging.INFO):
        open_extractor(backend="tensorrt", build=settings).close()
    assert "Building" not in caplog.text


def test_opening_and_closing_many_times_does_not_use_up_memory(settings):
    library = load_library()
    free = []
    for _ in range(10):
        open_extractor(backend="tensorrt", build=settings).close()
        gpu = Gpu(library)
        free.append(library.cuda.mem_get_info()[0])
        gpu.close()
    assert free[-1] >= free[1] - 2**24
