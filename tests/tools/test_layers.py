"""The cost of layers, for networks whose cost is known."""

import sys

import numpy as np
import pytest

from place_recognition_ros.descriptor.model_card import default_model_path
from place_recognition_ros.errors import EngineError
from place_recognition_ros.tools.layers import Layer, count_parameters, read_layers
from tests.descriptor.conftest import node, port
from tests.tools.small_networks import BLOCKS, attribute, mobilenet, write


def layers_of(operator, inputs, output, *attributes):
    """The layers of a single operation on inputs of these shapes."""
    names = [f"input_{number}" for number in range(len(inputs))]
    ports = [port(*each) for each in zip(names, inputs)]
    return read_layers(
        write([node(operator, names, ["y"]) + b"".join(attributes)], {}, ports, [port("y", output)])
    )


def test_the_convolutions_of_mobilenet():
    content, multiply_adds, parameters = mobilenet(96, 128)
    layers = read_layers(content)
    assert len(layers) == 1 + 2 * len(BLOCKS)
    assert sum(layer.multiply_adds for layer in layers) == multiply_adds
    assert count_parameters(content) == parameters


@pytest.mark.parametrize(
    "inputs, output, multiply_adds",
    [
        ([(2, 3), (3, 4)], (2, 4), 2 * 3 * 4),
        ([(5, 2, 3), (5, 3, 4)], (5, 2, 4), 5 * 2 * 3 * 4),
        ([(2, 3), (5, 3, 4)], (5, 2, 4), 5 * 2 * 3 * 4),  # the first factor is used five times
    ],
)
def test_matrix_products(inputs, output, multiply_adds):
    numbers = sum(int(np.prod(shape)) for shape in (*inputs, output))
    assert layers_of("MatMul", inputs, output) == [Layer("MatMul", multiply_adds, numbers)]


@pytest.mark.parametrize("shape, transposed", [((2, 3), 0), ((3, 2), 1)])
def test_a_general_matrix_product_may_be_transposed(shape, transposed):
    layers = layers_of("Gemm", [shape, (3, 4)], (2, 4), attribute("transA", transposed))
    assert layers == [Layer("Gemm", 2 * 3 * 4, 6 + 12 + 8)]


def test_an_einsum_multiplies_for_each_combination_of_its_indices():
    equation = attribute("equation", "b h w k, bhwc -> bkc")
    layers = layers_of("Einsum", [(1, 2, 3, 4), (1, 2, 3, 5)], (1, 4, 5), equation)
    assert layers == [Layer("Einsum", 2 * 3 * 4 * 5, 24 + 30 + 20)]


def test_an_einsum_with_an_ellipsis_is_refused():
    with pytest.raises(EngineError, match=r"without an ellipsis\. Received: '\.\.\.i,i->\.\.\.'"):
        layers_of("Einsum", [(2, 3), (3,)], (2,), attribute("equation", "...i,i->..."))


def test_constants_are_folded_activations_fused_and_reshapes_free():
    nodes = [
        node("Add", ["a", "b"], ["weights"]),  # constants
        node("MatMul", ["x", "weights"], ["y"]),
        node("Relu", ["y"], ["z"]),
        node("Flatten", ["z"], ["flat"]),
        node("Mul", ["flat", "flat"], ["square"]),
    ]
    constants = {"a": np.ones((3, 4), np.float32), "b": np.ones((1, 4), np.float32)}
    content = write(nodes, constants, [port("x", (2, 3))], [port("square", (2, 4))])
    assert read_layers(content) == [Layer("MatMul", 2 * 3 * 4, 6 + 12 + 8), Layer("Mul", 0, 8 + 8 + 8)]
    assert count_parameters(content) == 12 + 4


def test_the_default_model_costs_what_its_documentation_says():
    """models/README.md"""
    with open(default_model_path(), "rb") as file:
        content = file.read()
    assert round(sum(layer.multiply_adds for layer in read_layers(content)) / 1e6) == 253
    assert round(count_parameters(content) / 1e6, 2) == 2.77


def test_a_network_that_does_not_run_is_refused():
    with pytest.raises(
        EngineError,
        match=r"expected ONNX Runtime to report the shapes of a model\. Received: .*NoSuchThing",
    ):
        layers_of("NoSuchThing", [(2,)], (2,))


def test_a_missing_onnx_runtime_is_reported(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(EngineError, match="onnxruntime"):
        read_layers(mobilenet(32, 32)[0])
