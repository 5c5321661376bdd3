"""First start, second start, and everything that may change between them; on the fakes in tests/fakes."""

import logging
import os

import numpy as np
import pytest

from place_recognition_ros.descriptor.model_card import read_model
from place_recognition_ros.descriptor.onnx_file import read_graph
from place_recognition_ros.descriptor.tensorrt import builder, cache
from place_recognition_ros.descriptor.tensorrt.builder import BuildSettings, open_tensorrt
from place_recognition_ros.errors import EngineError
from tests.descriptor.damage import damage
from tests.fakes.install import install
from tests.fakes.plan import read_plan

TX2 = "8.2.1.8"


@pytest.fixture
def gpu(monkeypatch, caplog):
    caplog.set_level(logging.INFO)
    return install(monkeypatch, TX2)


@pytest.fixture
def start(gpu, model, settings):
    """``start(**changes)`` opens and closes an engine, as the node does when it starts and stops."""

    def start(**changes):
        open_tensorrt(*model, settings._replace(**changes)).close()

    return start


def plan_path(settings, model):
    return os.path.join(settings.cache, f"{model[0].model_id}.plan")


def content_of(path):
    with open(path, "rb") as file:
        return file.read()


def test_the_first_start_builds_and_the_second_loads(start, gpu, caplog):
    start()
    assert "Building the engine of 'small' in fp16" in caplog.text
    assert "cosine 1.0000" in caplog.text
    caplog.clear()
    start()
    assert gpu.builds == 1
    assert not caplog.records


def test_tensorrt_gets_weights_stored_as_float16_as_float32_constants(gpu, halved, write_model, settings):
    """TensorRT 8.2 refuses convolutions with computed weights."""
    model = read_model(write_model(halved()))
    open_tensorrt(*model, settings).close()
    _, parsed = read_plan(content_of(plan_path(settings, model)))
    assert [node.operator for node in read_graph(parsed).nodes] == ["Flatten", "MatMul"]


def test_a_card_cannot_name_a_file_elsewhere(gpu, model, settings):
    card, content = model
    open_tensorrt(card._replace(name="../../small"), content, settings).close()
    assert sorted(os.listdir(os.path.dirname(settings.cache))) == ["cache", "small.json", "small.onnx"]


def test_a_gpu_that_fails_during_verification_is_an_error(start, gpu, monkeypatch):
    def fail(*_):
        raise EngineError("expected a result of the GPU")

    monkeypatch.setattr(builder._Reference, "smallest_cosine", fail)
    with pytest.raises(EngineError, match="expected a result of the GPU"):
        start()
    assert (gpu.live_contexts, gpu.live_objects) == (0, 0)


def test_a_changed_model_is_built(start, gpu, onnx, weights, write_model, settings):
    start()
    open_tensorrt(*read_model(write_model(onnx.model(weights * 2))), settings).close()
    start()
    assert gpu.builds == 2


def test_for_another_tensorrt_it_is_built_again_with_a_warning(
    start, gpu, monkeypatch, model, settings, caplog
):
    start()
    newer = install(monkeypatch, "8.2.3.0")
    open_tensorrt(*model, settings).close()
    assert newer.builds == 1
    assert all(digest != gpu.deserialized[-1] for digest in newer.deserialized)
    assert "was made for TensorRT 'tensorrt 8.2.1.8', which is now 'tensorrt 8.2.3.0'" in caplog.text


def test_for_another_gpu_it_is_built_again_with_a_warning(start, gpu, caplog):
    start()
    gpu.name = "Xavier"
    start()
    assert gpu.builds == 2
    assert "which is now 'Xavier'" in caplog.text


@pytest.mark.parametrize("change", [{"precision": "fp32"}, {"workspace_mb": 64}], ids=str)
def test_with_other_settings_it_is_built_again(start, gpu, change):
    start()
    start(**change)
    assert gpu.builds == 2


@pytest.mark.parametrize("times", [20, pytest.param(1000, marks=pytest.mark.stress)])
def test_a_damaged_engine_is_never_deserialized(times, start, gpu, settings, model, caplog):
    start()
    path = plan_path(settings, model)
    whole = content_of(path)
    right = set(gpu.deserialized)
    random = np.random.RandomState(0)
    for _ in range(times):
        with open(path, "wb") as file:
            file.write(damage(whole, random))
        start()
        assert content_of(path) == whole
    assert set(gpu.deserialized) == right
    assert "The file is damaged" in caplog.text


def test_an_engine_that_tensorrt_refuses_is_built_again(start, gpu, caplog):
    """The file is correct, but TensorRT returns None."""
    start()
    gpu.fail_deserialize = 1  # the next one
    start()
    assert gpu.builds == 2
    assert "is built again" in caplog.text


def test_tensorrt_that_refuses_every_engine_is_an_error(start, gpu):
    gpu.fail_deserialize = True
    with pytest.raises(EngineError, match="expected a plan that TensorRT can load"):
        start()
    assert gpu.live_contexts == 0


def test_a_build_that_fails_is_an_error(start, gpu, settings, model):
    gpu.fail_build = True
    with pytest.raises(EngineError, match="expected an engine from TensorRT's builder"):
        start()
    assert not os.path.exists(plan_path(settings, model))
    assert gpu.live_contexts == 0


def test_a_model_that_the_parser_does_not_support_is_an_error(gpu, model, settings):
    with pytest.raises(EngineError, match="expected a model that"):
        open_tensorrt(model[0], b"not a model", settings)


def test_half_precision_is_not_used_if_it_is_inaccurate(start, gpu, caplog, settings, model):
    gpu.half_precision_error = 0.3
    start()
    assert gpu.builds == 2
    assert "in fp16" in caplog.text
    assert "Building the engine of 'small' in fp32" in caplog.text
    start()
    assert gpu.builds == 2, "the second start must load the engine in single precision"


def test_without_an_accurate_precision_there_is_no_engine(start, gpu, monkeypatch):
    monkeypatch.setattr(builder, "MIN_COSINE", 1.1)
    with pytest.raises(EngineError, match="agrees with ONNX Runtime"):
        start()
    assert (gpu.live_contexts, gpu.live_objects) == (0, 0)


def test_a_full_disk_is_a_warning_and_the_engine_runs(start, gpu, monkeypatch, caplog):
    def full(_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(cache.os, "fsync", full)
        start()
    assert "made again at the next start: [Errno 28] No space left" in caplog.text
    start()
    assert gpu.builds == 2


def test_a_cache_that_is_not_writable_is_a_warning(gpu, model, tmp_path, caplog):
    (tmp_path / "file").write_text("")
    open_tensorrt(*model, BuildSettings(cache=str(tmp_path / "file" / "cache"))).close()
    assert "cannot be used as a cache" in caplog.text


def test_the_timings_of_a_build_are_used_by_the_next(start, gpu, settings):
    start()
    measured = content_of(os.path.join(settings.cache, "timing.cache"))
    start(workspace_mb=64)
    assert gpu.timing_caches == [b"", measured]


def test_the_workspace_is_limited(start, gpu):
    start(workspace_mb=64)
    assert gpu.workspaces == [64 << 20]


def test_a_long_build_reports_progress(start, gpu, monkeypatch, caplog):
    monkeypatch.setattr(builder, "_REPORT_PERIOD", 0.05)
    gpu.build_seconds = 0.3
    start()
    assert "(minutes on a Jetson, once): 0 s" in caplog.text
