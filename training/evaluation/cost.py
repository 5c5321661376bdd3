"""Parameters and multiply-adds of a network, counted from its description.

A multiply-add is one product of a convolution or a matrix product; additions, activations and norms
are not counted, as in the MobileNet papers.
"""

from math import prod
from typing import NamedTuple


class Cost(NamedTuple):
    """What one image costs."""

    parameters: int
    multiply_adds: int


def onnx_cost(model):
    """Count an ONNX model of fixed shape.

    Args:
        model: onnx.ModelProto.

    Returns:
        a :class:`Cost`; its parameters are all stored floating-point numbers.
    """
    import onnx

    graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    for value in (*graph.value_info, *graph.input, *graph.output):
        shapes[value.name] = tuple(size.dim_value for size in value.type.tensor_type.shape.dim)
    floats = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16)
    parameters = sum(prod(tensor.dims) for tensor in graph.initializer if tensor.data_type in floats)
    return Cost(parameters, sum(_node(node, shapes) for node in graph.node))


def _node(node, shapes):
    if node.op_type == "Conv":  # every output value sums over one kernel
        return prod(shapes[node.output[0]]) * prod(shapes[node.input[1]][1:])
    if node.op_type == "MatMul":
        return prod(shapes[node.output[0]]) * shapes[node.input[0]][-1]
    if node.op_type == "Gemm":
        transposed = any(attribute.name == "transA" and attribute.i for attribute in node.attribute)
        return prod(shapes[node.output[0]]) * shapes[node.input[0]][0 if transposed else 1]
    if node.op_type == "Einsum":
        equation = next(a.s.decode() for a in node.attribute if a.name == "equation").replace(" ", "")
        terms = equation.split("->")[0].split(",")
        sizes: dict[str, int] = {}
        for term, name in zip(terms, node.input):
            sizes.update(zip(term, shapes[name]))
        return prod(sizes.values())
    return 0


def keras_cost(network):
    """Count a Keras model layer by layer, at the size of its input.

    Args:
        network: functional Keras model.

    Returns:
        a :class:`Cost`.
    """
    return Cost(int(network.count_params()), sum(_layer(layer) for layer in network.layers))


def _layer(layer):
    kind = type(layer).__name__
    if kind in ("Conv2D", "DepthwiseConv2D"):
        kernel = layer.get_weights()[0].shape
        positions = prod(layer.output.shape[1:3])
        return positions * prod(kernel)
    if kind in ("Dense", "Whitening"):
        return prod(layer.get_weights()[0].shape)
    if kind == "NetVLAD":  # scores of every feature to every cluster, then the weighted sum
        kernel, _, centers = layer.get_weights()
        return prod(layer.input.shape[1:3]) * (kernel.size + centers.size)
    return 0
