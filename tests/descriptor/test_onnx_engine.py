import numpy as np
import pytest

from place_recognition_ros.descriptor.model_card import ModelCard
from place_recognition_ros.descriptor.onnx_engine import OnnxEngine
from place_recognition_ros.descriptor.preprocess import InputSpec
from place_recognition_ros.errors import EngineError


@pytest.fixture
def card(card_fields):
    fields = card_fields["input"]
    spec = InputSpec(**dict(fields, mean=tuple(fields["mean"]), std=tuple(fields["std"])))
    return ModelCard(**dict(card_fields, input=spec))


def test_it_computes_the_network(card, onnx, weights, rng):
    engine = OnnxEngine(card, onnx.model(weights))
    tensor = rng.random((1, 2, 3, 3)).astype(np.float32)
    result = engine.infer(tensor)
    assert result.shape == (4,)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, tensor.ravel() @ weights, rtol=1e-6)
    engine.close()


@pytest.mark.parametrize("threads, words", [(1, "1 thread"), (2, "2 threads")])
def test_its_name_states_version_device_and_threads(card, onnx, weights, threads, words):
    name = OnnxEngine(card, onnx.model(weights), threads).name
    assert name.startswith("onnxruntime ")
    assert name.endswith("CPU, " + words)


@pytest.mark.parametrize("content", [b"", b"no network", bytes(1000)], ids=["empty", "text", "zeros"])
def test_bytes_that_are_not_a_network_are_refused(card, content):
    with pytest.raises(EngineError, match="expected a model that ONNX Runtime can load"):
        OnnxEngine(card, content)


def test_a_truncated_network_is_refused(card, onnx, weights):
    content = onnx.model(weights)
    for length in range(0, len(content), 5):
        with pytest.raises(EngineError):
            OnnxEngine(card, content[:length])


@pytest.mark.parametrize(
    "change",
    [{"descriptor_size": 5}, {"input": {"height": 3}}, {"input": {"width": 2}}, {"input": {"channels": 1}}],
    ids=str,
)
def test_a_card_of_another_shape_is_refused(card, onnx, weights, change):
    change = {
        name: card.input._replace(**value) if name == "input" else value for name, value in change.items()
    }
    with pytest.raises(EngineError, match=r"as the card says. Received: .*\(1, 2, 3, 3\).*\(1, 4\)"):
        OnnxEngine(card._replace(**change), onnx.model(weights))


def test_a_network_of_other_ports_is_refused(card, onnx, weights):
    image, descriptor = onnx.port("image", (1, 2, 3, 3)), onnx.port("descriptor", (1, 4))
    identity = onnx.node("Identity", ["descriptor"], ["again"])
    flatten = onnx.node("Flatten", ["image"], ["flat"])
    multiply = onnx.node("MatMul", ["flat", "w"], ["descriptor"])
    constant = onnx.node("Identity", ["w"], ["descriptor"])
    for other in [
        onnx.model(weights, inputs=[image, onnx.port("mask", (1,))]),
        onnx.model(weights[:1], inputs=[], nodes=[constant]),
        onnx.model(
            weights, outputs=[descriptor, onnx.port("again", (1, 4))], nodes=[flatten, multiply, identity]
        ),
        onnx.model(
            weights, inputs=[onnx.port("image", (0, 2, 3, 3))], outputs=[onnx.port("descriptor", (0, 4))]
        ),
    ]:
        with pytest.raises(EngineError, match=r"expected one input .* and one output"):
            OnnxEngine(card, other)


def test_a_failing_network_is_an_engine_error(card, onnx, weights):
    engine = OnnxEngine(card, onnx.model(weights))
    for wrong in (np.zeros((1, 3, 3, 3), np.float32), np.zeros((1, 2, 3, 3)), np.zeros(0, np.float32)):
        with pytest.raises(EngineError, match="expected a result of ONNX Runtime"):
            engine.infer(wrong)
    assert engine.infer(np.zeros((1, 2, 3, 3), np.float32)).shape == (4,)
