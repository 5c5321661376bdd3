"""Weights that are stored as float16; test_export.py has tests of whole networks."""

import numpy as np
import pytest

pytest.importorskip("onnx", reason="training needs requirements/training.txt")
pytest.importorskip("keras", reason="training needs requirements/training.txt")
pytest.importorskip("tf2onnx", reason="training needs requirements/training.txt")

from onnx import TensorProto, helper, numpy_helper

from training.export.onnx_graph import store_as_half


def matrix_product(kernel):
    """x → x · kernel, as onnx.ModelProto."""
    ports = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, size])
        for name, size in zip("xy", kernel.shape)
    ]
    node = helper.make_node("MatMul", ["x", "k"], ["y"])
    constants = [numpy_helper.from_array(kernel, "k")]
    graph = helper.make_graph([node], "graph", ports[:1], ports[1:], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


@pytest.mark.parametrize("scale, is_half", [(1.0, True), (1e-6, False), (1e5, False), (np.nan, False)])
def test_only_weights_within_the_range_of_float16_are_stored_as_such(scale, is_half):
    kernel = np.random.default_rng(0).normal(size=(128, 128)).astype(np.float32) * np.float32(scale)
    model = matrix_product(kernel)
    store_as_half(model)
    (tensor,) = model.graph.initializer
    assert (tensor.data_type == TensorProto.FLOAT16) == is_half
    assert [node.op_type for node in model.graph.node] == ["Cast"] * is_half + ["MatMul"]
    once = model.SerializeToString()
    store_as_half(model)
    assert model.SerializeToString() == once
