"""A teacher that is small enough to compute by hand: means of cells as descriptors, edges as scores."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

WEIGHTS = np.random.default_rng(0).normal(size=(32, 1, 1, 1)).astype(np.float32)
BIAS = np.random.default_rng(1).normal(size=32).astype(np.float32) * 100
EDGES = np.float32([[0, -1, 0], [-1, 4, -1], [0, -1, 0]]).reshape(1, 1, 3, 3) / 16


def write_teacher(path, features="features"):
    """Write an ONNX file with the interface of EdgePoint2, for images of any size.

    Args:
        path: of the file.
        features: name of the first output.
    """
    nodes = [
        helper.make_node("AveragePool", ["image"], ["means"], kernel_shape=[4, 4], strides=[4, 4]),
        helper.make_node("Conv", ["means", "weights", "bias"], [features]),
        helper.make_node("Conv", ["image", "edges"], ["score"], pads=[1, 1, 1, 1]),
    ]
    constants = {"weights": WEIGHTS, "bias": BIAS, "edges": EDGES}
    graph = helper.make_graph(
        nodes,
        "teacher",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, "H", "W"])],
        [
            helper.make_tensor_value_info(features, TensorProto.FLOAT, [1, 32, "h", "w"]),
            helper.make_tensor_value_info("score", TensorProto.FLOAT, [1, 1, "H", "W"]),
        ],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)
    onnx.checker.check_model(model)
    onnx.save(model, path)
