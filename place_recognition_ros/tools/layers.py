"""What a network costs, layer by layer, counted from its ONNX file.

A multiply-add is one product of a convolution or of a matrix product; additions, activations and norms count
nothing, as in the MobileNet papers.
"""

from typing import Any, Dict, List, NamedTuple, Set, Tuple

import numpy as np

from place_recognition_ros.descriptor.onnx_file import (
    FLOAT,
    FLOAT16,
    Graph,
    Node,
    read_graph,
    with_outputs,
)
from place_recognition_ros.errors import EngineError

_RENAMED = {"Cast", "Constant", "Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze"}  # cost nothing
_FUSED = {"Clip", "Relu"}  # applied by the previous layer to its output

Shape = Tuple[int, ...]


class Layer(NamedTuple):
    """The cost of one layer for one image."""

    operator: str
    multiply_adds: int  # of convolutions and matrix products
    numbers: int  # read and written, weights included


def read_layers(onnx: bytes) -> List[Layer]:
    """The layers that an engine has to compute: constants are folded, activations fused, reshapes free.

    Args:
        onnx: a model of fixed shape, as :func:`read_model` returns it.

    Raises:
        ModelError: if the bytes are malformed.
        EngineError: if ONNX Runtime, which reports the shapes, is missing or cannot run the model, or an
            Einsum has an ellipsis.
    """
    graph = read_graph(onnx)
    shapes = {constant.name: constant.shape for constant in graph.constants}
    folded: Set[str] = set(shapes)
    shapes.update(_run_for_shapes(onnx, graph))
    layers = []
    for node in graph.nodes:
        inputs = [name for name in node.inputs if name]
        if all(name in folded for name in inputs):
            folded.update(node.outputs)
        elif node.operator not in _RENAMED | _FUSED:
            read, written = [shapes[name] for name in inputs], shapes[node.outputs[0]]
            numbers = sum(_size(shape) for shape in (*read, written))
            layers.append(Layer(node.operator, _multiply_adds(node, read, written), numbers))
    return layers


def count_parameters(onnx: bytes) -> int:
    """How many floating-point numbers a model stores.

    Raises:
        ModelError: if the bytes are malformed.
    """
    constants = read_graph(onnx).constants
    return sum(_size(each.shape) for each in constants if each.data_type in (FLOAT, FLOAT16))


def _multiply_adds(node: Node, read: List[Shape], written: Shape) -> int:
    if node.operator == "Conv":  # each value written is a sum over one kernel
        return _size(written) * _size(read[1][1:])
    if node.operator == "MatMul":  # a sum over the last axis of the first factor
        return _size(written) * read[0][-1]
    if node.operator == "Gemm":  # a sum over the axis of the first factor that is not the result's
        return _size(written) * _size(read[0]) // written[0]
    if node.operator == "Einsum":  # one product for each combination of all indices
        equation = node.attributes["equation"].decode().replace(" ", "")
        if "." in equation:
            raise EngineError(f"expected an Einsum without an ellipsis. Received: '{equation}'")
        sizes: Dict[str, int] = {}
        for term, shape in zip(equation.partition("->")[0].split(","), read):
            sizes.update(zip(term, shape))
        return _size(tuple(sizes.values()))
    return 0


def _size(shape: Shape) -> int:
    return int(np.prod(shape, dtype=np.int64))


def _run_for_shapes(onnx: bytes, graph: Graph) -> Dict[str, Shape]:
    """The shape of each tensor that is not stored: all become outputs, then the model runs once."""
    wanted = [name for node in graph.nodes for name in node.outputs if name and name not in graph.outputs]
    try:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(
            with_outputs(onnx, wanted), options, providers=["CPUExecutionProvider"]
        )
        inputs: Dict[str, Any] = {
            port.name: np.zeros(port.shape, np.float32) for port in session.get_inputs()
        }
        names = [port.name for port in session.get_outputs()]
        arrays = dict(zip(names, session.run(names, inputs)), **inputs)
    except Exception as error:  # ImportError; ONNX Runtime's own have no other common base
        raise EngineError(
            f"expected ONNX Runtime to report the shapes of a model. Received: {error}"
        ) from error
    return {name: np.shape(array) for name, array in arrays.items()}
