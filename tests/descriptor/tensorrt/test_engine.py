"""The calls to each generation of TensorRT, on the fakes in tests/fakes; needs no GPU."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from place_recognition_ros.descriptor import open_extractor
from place_recognition_ros.descriptor.onnx_engine import OnnxEngine
from place_recognition_ros.descriptor.preprocess import prepare
from place_recognition_ros.descriptor.tensorrt.builder import build_plan, open_tensorrt
from place_recognition_ros.descriptor.tensorrt.engine import TensorRTEngine
from place_recognition_ros.descriptor.tensorrt.library import Gpu, load_library
from place_recognition_ros.errors import EngineError
from tests.fakes.install import install

VERSIONS = ["8.2.1.8", "8.6.1", "10.3.0", "11.0.0"]


@pytest.fixture(params=VERSIONS)
def version(request):
    return request.param


@pytest.fixture
def gpu(version, monkeypatch):
    """The fake GPU, with that TensorRT."""
    return install(monkeypatch, version)


@pytest.fixture
def engine(gpu, model, settings):
    engine = open_tensorrt(*model, settings)
    yield engine
    if hasattr(engine, "input"):
        engine.close()


def tensors(count):
    return np.random.RandomState(0).uniform(0.1, 1.0, (count, 1, 2, 3, 3)).astype(np.float32)


def test_its_results_are_those_of_onnx_runtime(engine, model):
    reference = OnnxEngine(*model)
    for tensor in tensors(20):
        result = engine.infer(tensor)
        assert (result.shape, result.dtype) == ((4,), np.float32)
        np.testing.assert_allclose(result, reference.infer(tensor), rtol=2e-3)


def test_a_result_belongs_to_the_caller(engine):
    first = engine.infer(tensors(2)[0])
    kept = first.copy()
    engine.infer(tensors(2)[1])
    np.testing.assert_array_equal(first, kept)


def test_an_image_may_be_written_to_the_input_of_the_engine(engine, model):
    reference = OnnxEngine(*model)
    image = np.random.RandomState(1).randint(0, 255, (20, 30, 3)).astype(np.uint8)
    prepared = prepare(image, model[0].input, out=engine.input)
    assert prepared is engine.input
    np.testing.assert_allclose(
        engine.infer(prepared), reference.infer(prepare(image, model[0].input)), rtol=2e-3
    )


def test_its_name_states_version_and_gpu(engine, version):
    assert engine.name == f"tensorrt {version}, NVIDIA Tegra X2 (fake)"


def test_rtx_is_used_where_there_is_no_other(monkeypatch, model, settings):
    install(monkeypatch, "11.0.0", rtx=True)
    engine = open_tensorrt(*model, settings)
    assert engine.name.startswith("tensorrt_rtx 11.0.0")
    engine.close()


def test_closing_releases_everything(gpu, model, settings):
    for _ in range(3):
        open_tensorrt(*model, settings).close()
    assert gpu.live_bytes == 0
    assert gpu.live_objects == 0
    assert gpu.live_contexts == 0


def test_a_closed_engine_is_an_error(gpu, model, settings):
    engine = open_tensorrt(*model, settings)
    engine.close()
    with pytest.raises(EngineError, match="expected an open engine"):
        engine.infer(tensors(1)[0])


def test_another_thread_is_refused(engine, gpu):
    with ThreadPoolExecutor(1, thread_name_prefix="other") as threads:
        for call in (lambda: engine.infer(tensors(1)[0]), engine.close):
            with pytest.raises(EngineError, match="Received: thread 'other"):
                threads.submit(call).result()
    assert gpu.threads == {threading.get_ident()}


@pytest.mark.parametrize("cycles", [20, pytest.param(1000, marks=pytest.mark.stress)])
def test_it_can_be_opened_and_closed_many_times(cycles, gpu, model, settings):
    """The context is made and used in one thread, a new thread each time; nothing remains."""
    for _ in range(cycles):
        thread = threading.Thread(target=lambda: open_tensorrt(*model, settings).close())
        thread.start()
        thread.join()
    assert threading.get_ident() not in gpu.threads
    assert (gpu.live_bytes, gpu.live_objects, gpu.live_contexts) == (0, 0, 0)
    assert gpu.builds == 1


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("fail_execute", "expected a result of TensorRT"),
        ("fail_synchronize", "expected a result of the GPU"),
    ],
)
def test_a_failure_is_an_error_and_the_engine_stays_usable(engine, gpu, fault, words):
    setattr(gpu, fault, True)
    with pytest.raises(EngineError, match=words):
        engine.infer(tensors(1)[0])
    setattr(gpu, fault, False)
    assert np.isfinite(engine.infer(tensors(1)[0])).all()


def test_a_full_gpu_is_an_error_and_leaves_nothing(gpu, model, settings):
    gpu.memory_free = 100
    with pytest.raises(EngineError, match="memory on the GPU"):
        open_tensorrt(*model, settings)
    assert (gpu.live_bytes, gpu.live_objects, gpu.live_contexts) == (0, 0, 0)


def test_a_missing_execution_context_is_an_error(gpu, model, settings):
    gpu.fail_context = True
    with pytest.raises(EngineError, match="memory on the GPU"):
        open_tensorrt(*model, settings)
    assert (gpu.live_bytes, gpu.live_objects, gpu.live_contexts) == (0, 0, 0)


def test_a_plan_with_other_ports_than_the_card_is_refused(gpu, model):
    card, content = model
    library = load_library()
    context = Gpu(library)
    plan, _ = build_plan(library, content, "fp32", 16)
    with pytest.raises(EngineError, match=r"\(1, 7\).*as the card says. Received: .*\(1, 4\)"):
        TensorRTEngine(library, context, card._replace(descriptor_size=7), plan)
    context.close()
    gpu.check_empty()


def test_a_card_that_does_not_match_is_refused(gpu, model, settings):
    card, content = model
    with pytest.raises(EngineError, match="as the card says"):
        open_tensorrt(card._replace(descriptor_size=7), content, settings)
    assert (gpu.live_bytes, gpu.live_objects, gpu.live_contexts) == (0, 0, 0)


def test_messages_of_tensorrt_are_logged(engine, gpu, caplog):
    gpu.fail_execute = True
    with caplog.at_level(logging.INFO), pytest.raises(EngineError):
        engine.infer(tensors(1)[0])
    assert any(
        record.levelno == logging.ERROR and "TensorRT: " in record.message for record in caplog.records
    )


def test_the_extractor_uses_it(gpu, model, settings, onnx, weights, write_model, tmp_path):
    path = write_model(
        onnx.model(np.full((18, 4), 0.5 / (18 * 101), np.float32))
    )  # the card: 0.5 · pixel + 1
    extractor = open_extractor(path, "auto", build=settings)
    assert extractor.engine_name.startswith("tensorrt")
    vector = extractor.describe(np.full((2, 3, 3), 200, np.uint8))
    np.testing.assert_allclose(vector, [0.5] * 4, atol=2e-3)
    extractor.close()


def test_without_a_gpu_the_cpu_is_used_with_a_warning(gpu, onnx, weights, write_model, caplog, settings):
    gpu.present = False
    path = write_model(onnx.model(weights))
    extractor = open_extractor(path, "auto", build=settings)
    assert "onnxruntime" in extractor.engine_name
    assert "expected a GPU" in extractor.fallback
    assert "onnx is used instead" in caplog.text
    with pytest.raises(EngineError, match="expected a GPU"):
        open_extractor(path, "tensorrt", build=settings)


def test_without_pycuda_the_cpu_is_used_with_a_warning(gpu, monkeypatch, onnx, weights, write_model, caplog):
    monkeypatch.setitem(__import__("sys").modules, "pycuda.driver", None)
    extractor = open_extractor(write_model(onnx.model(weights)), "auto")
    assert "expected TensorRT and PyCUDA" in extractor.fallback
