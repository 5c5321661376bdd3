"""The interface of engines: what a new backend has to provide."""

import numpy as np
import pytest

from place_recognition_ros import config
from place_recognition_ros.descriptor import Extractor, backends, open_extractor
from place_recognition_ros.descriptor.engine import Engine, Port
from place_recognition_ros.descriptor.model_card import read_model
from place_recognition_ros.descriptor.preprocess import prepare
from place_recognition_ros.errors import EngineError

IMAGE = Port("image", (1, 2, 3, 3), "float32")
DESCRIPTOR = Port("descriptor", (1, 4), "float32")


class NewBackend(Engine):
    """A complete backend."""

    name = "new backend"

    def __init__(self, card, onnx):
        self.check_ports(card, [IMAGE], [DESCRIPTOR])
        self.input = np.zeros(card.input.shape, np.float32)
        self.open = True

    def infer(self, tensor):
        assert tensor is self.input and self.open
        return np.float32([0.6, 0.8, 0, 0])

    def close(self):
        self.open = False


@pytest.fixture
def path(onnx, weights, write_model):
    return write_model(onnx.model(weights))


@pytest.fixture
def install_backend(monkeypatch):
    """``install_backend(open)`` puts a backend first in the table."""

    def install_backend(open_engine):
        table = {"new": backends._Backend(lambda: True, lambda card, onnx, *_: open_engine(card, onnx))}
        monkeypatch.setattr(backends, "_BACKENDS", dict(table, onnx=backends._BACKENDS["onnx"]))
        monkeypatch.setattr(backends, "BACKENDS", ("auto", "new", "onnx"))

    return install_backend


@pytest.mark.parametrize("backend", ["auto", "new"])
def test_a_new_backend_needs_one_class_and_one_line_in_the_table(install_backend, path, backend):
    install_backend(NewBackend)
    opened = open_extractor(path, backend)
    assert (opened.engine_name, opened.fallback) == ("new backend", "")
    np.testing.assert_allclose(opened.describe(np.zeros((2, 3, 3), np.uint8)), [0.6, 0.8, 0, 0])
    engine = opened.engine
    opened.close()
    assert not engine.open


def test_a_backend_that_fails_is_replaced_by_the_next(install_backend, path, caplog):
    def fail(card, onnx):
        raise EngineError("expected a device")

    install_backend(fail)
    opened = open_extractor(path)
    assert opened.engine_name.startswith("onnxruntime")
    assert opened.fallback == "new cannot be used, onnx is used instead: expected a device"
    assert opened.fallback in caplog.text
    with pytest.raises(EngineError, match="expected a device"):
        open_extractor(path, "new")


@pytest.mark.parametrize(
    "inputs, outputs",
    [
        ([], [DESCRIPTOR]),
        ([IMAGE, DESCRIPTOR], []),
        ([IMAGE, IMAGE], [DESCRIPTOR]),
        ([IMAGE], [DESCRIPTOR, DESCRIPTOR]),
        ([IMAGE._replace(shape=(1, 3, 2, 3))], [DESCRIPTOR]),
        ([IMAGE._replace(shape=("N", 2, 3, 3))], [DESCRIPTOR]),
        ([IMAGE], [DESCRIPTOR._replace(dtype="float16")]),
        ([IMAGE], [DESCRIPTOR._replace(shape=(4,))]),
    ],
)
def test_other_ports_than_those_of_the_card_are_refused(path, inputs, outputs):
    card, _ = read_model(path)
    Engine.check_ports(card, [IMAGE], [DESCRIPTOR])
    with pytest.raises(EngineError, match="expected one input"):
        Engine.check_ports(card, inputs, outputs)


def test_a_closed_extractor_has_no_engine(path):
    card, content = read_model(path)
    opened = Extractor(card, NewBackend(card, content))
    opened.close()
    with pytest.raises(EngineError, match="expected an open extractor"):
        _ = opened.engine


def test_a_network_with_channels_first(onnx, weights, write_model, card_fields):
    """The first three values of the descriptor are the red channel of the first row."""
    fields = dict(card_fields["input"], layout="NCHW", color_order="RGB", mean=[0.0] * 3, std=[1.0] * 3)
    path = write_model(onnx.model(weights, inputs=[onnx.port("image", (1, 3, 2, 3))]), input=fields)
    image = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
    expected = np.append(image[0, :, 2], image[1, 0, 2]).astype(np.float32)
    vector = open_extractor(path).engine.infer(prepare(image, read_model(path)[0].input))
    np.testing.assert_array_equal(vector, expected)


def test_the_configuration_names_every_backend():
    assert sorted(config.BACKENDS) == sorted(backends.BACKENDS)
