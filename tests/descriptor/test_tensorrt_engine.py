"""The calls of each generation of TensorRT, on strict stand-ins (tests/stand_ins): no GPU is here."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from place_recognition_ros.descriptor import open_extractor
from place_recognition_ros.descriptor.engine_builder import BuildSettings, open_tensorrt
from place_recognition_ros.descriptor.model_card import read_model
from place_recognition_ros.descriptor.onnx_engine import OnnxEngine
from place_recognition_ros.descriptor.preprocess import prepare
from place_recognition_ros.errors import EngineError
from tests.stand_ins.install import install

VERSIONS = ["8.2.1.8", "8.6.1", "10.3.0", "11.0.0"]


@pytest.fixture(params=VERSIONS)
def version(request):
    return request.param


@pytest.fixture
def gpu(version, monkeypatch):
    """The pretended GPU, with that TensorRT."""
    return install(monkeypatch, version)


@pytest.fixture
def model(onnx, weights, write_model):
    """Card and bytes of the small network, whose answers have unit norm or nearly."""
    return read_model(write_model(onnx.model(weights)))


@pytest.fixture
def settings(tmp_path):
    return BuildSettings(cache=str(tmp_path / "cache"))


@pytest.fixture
def engine(gpu, model, settings):
    engine = open_tensorrt(*model, settings)
    yield engine
    if hasattr(engine, "input"):
        engine.close()


def pictures(count):
    return np.random.RandomState(0).uniform(0.1, 1.0, (count, 1, 2, 3, 3)).astype(np.float32)


def test_it_answers_as_onnx_runtime_does(engine, model):
    reference = OnnxEngine(*model)
    for picture in pictures(20):
        answer = engine.infer(picture)
        assert (answer.shape, answer.dtype) == ((4,), np.float32)
        np.testing.assert_allclose(answer, reference.infer(picture), rtol=2e-3)


def test_each_answer_is_the_callers_own(engine):
    first = engine.infer(pictures(2)[0])
    kept = first.copy()
    engine.infer(pictures(2)[1])
    np.testing.assert_array_equal(first, kept)


def test_a_picture_may_be_written_where_the_gpu_reads_it(engine, model):
    reference = OnnxEngine(*model)
    image = np.random.RandomState(1).randint(0, 255, (20, 30, 3)).astype(np.uint8)
    prepared = prepare(image, model[0].input, out=engine.input)
    assert prepared is engine.input
    np.testing.assert_allclose(
        engine.infer(prepared), reference.infer(prepare(image, model[0].input)), rtol=2e-3
    )


def test_its_name_says_what_runs(engine, version):
    assert engine.name == f"tensorrt {version}, NVIDIA Tegra X2 (stand-in)"


def test_rtx_is_taken_where_there_is_no_other(monkeypatch, model, settings):
    install(monkeypatch, "11.0.0", rtx=True)
    engine = open_tensorrt(*model, settings)
    assert engine.name.startswith("tensorrt_rtx 11.0.0")
    engine.close()


def test_closing_gives_all_back(gpu, model, settings):
    for _ in range(3):
        open_tensorrt(*model, settings).close()
    assert gpu.live_bytes == 0
    assert gpu.live_objects == 0
    assert gpu.live_contexts == 0


def test_after_closing_there_is_a_sentence(gpu, model, settings):
    engine = open_tensorrt(*model, settings)
    engine.close()
    with pytest.raises(EngineError, match="expected an open engine"):
        engine.infer(pictures(1)[0])


def test_another_thread_is_refused(engine, gpu):
    """FAULTS 34"""
    with ThreadPoolExecutor(1, thread_name_prefix="intruder") as threads:
        for call in (lambda: engine.infer(pictures(1)[0]), engine.close):
            with pytest.raises(EngineError, match="Received: thread 'intruder"):
                threads.submit(call).result()
    assert gpu.threads == {threading.get_ident()}


@pytest.mark.parametrize("cycles", [20, pytest.param(1000, marks=pytest.mark.stress)])
def test_started_and_stopped_again_and_again(cycles, gpu, model, settings):
    """FAULTS 34: context made and used in one thread, a new one each time; nothing is left."""
    for _ in range(cycles):
        thread = threading.Thread(target=lambda: open_tensorrt(*model, settings).close())
        thread.start()
        thread.join()
    assert threading.get_ident() not in gpu.threads
    assert (gpu.live_bytes, gpu.live_objects, gpu.live_contexts) == (0, 0, 0)
    assert gpu.builds == 1


@pytest.mark.parametrize(
    ("fault", "value", "said"),
    [
        ("fail_execute", True, "expected a result of TensorRT"),
        ("fail_synchronize", True, "expected a result of the GPU"),
    ],
)
def test_a_failure_is_a_sentence(engine, gpu, fault, value, said):
    setattr(gpu, fault, value)
    with pytest.raises(EngineError, match=said):
        engine.infer(pictures(1)[0])
    setattr(gpu, fault, False)
    assert np.isfinite(engine.infer(pictures(1)[0])).all()


def test_a_full_gpu_is_a_sentence_and_leaves_nothing(gpu, model, settings):
    gpu.memory_free = 100
    with pytest.raises(EngineError, match="memory on the GPU"):
        open_tensorrt(*model, settings)
    assert (gpu.live_bytes, gpu.live_objects, gpu.live_contexts) == (0, 0, 0)


def test_a_card_that_lies_about_the_model_is_refused(gpu, model, settings):
    card, content = model
    with pytest.raises(EngineError, match="as the card says"):
        open_tensorrt(card._replace(descriptor_size=7), content, settings)
    assert (gpu.live_bytes, gpu.live_objects, gpu.live_contexts) == (0, 0, 0)


def test_what_tensorrt_says_is_in_our_log(engine, gpu, caplog):
    gpu.fail_execute = True
    with caplog.at_level(logging.INFO), pytest.raises(EngineError):
        engine.infer(pictures(1)[0])
    assert any(
        record.levelno == logging.ERROR and "TensorRT: " in record.message for record in caplog.records
    )


def test_the_extractor_takes_it(gpu, model, settings, onnx, weights, write_model, tmp_path):
    path = write_model(
        onnx.model(np.full((18, 4), 0.5 / (18 * 101), np.float32))
    )  # the card: 0.5 · pixel + 1
    extractor = open_extractor(path, "auto", build=settings)
    assert extractor.engine_name.startswith("tensorrt")
    vector = extractor.describe(np.full((2, 3, 3), 200, np.uint8))
    np.testing.assert_allclose(vector, [0.5] * 4, atol=2e-3)
    extractor.close()


def test_without_a_gpu_the_cpu_works_and_it_is_said(gpu, onnx, weights, write_model, caplog, settings):
    """FAULTS 38"""
    gpu.present = False
    path = write_model(onnx.model(weights))
    extractor = open_extractor(path, "auto", build=settings)
    assert "onnxruntime" in extractor.engine_name
    assert "expected a GPU" in extractor.fallback
    assert "onnx is used instead" in caplog.text
    with pytest.raises(EngineError, match="expected a GPU"):
        open_extractor(path, "tensorrt", build=settings)


def test_without_pycuda_the_cpu_works_and_it_is_said(gpu, monkeypatch, onnx, weights, write_model, caplog):
    monkeypatch.setitem(__import__("sys").modules, "pycuda.driver", None)
    extractor = open_extractor(write_model(onnx.model(weights)), "auto")
    assert "expected TensorRT and PyCUDA" in extractor.fallback
