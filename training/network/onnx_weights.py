"""The weights of an exported model, back into a network: to train on from what everyone has."""

import numpy as np
import onnx
from keras import tree
from keras.layers import DepthwiseConv2D, InputLayer
from onnx import numpy_helper

from place_recognition_ros.descriptor.model_card import read_model
from place_recognition_ros.errors import ModelError

_WEIGHTED = ("Conv", "MatMul", "Add", "Mul", "Gemm")  # the nodes whose constants were weights


def load_onnx_weights(network, path):
    """Give a network the weights of an ONNX file that training/export.py wrote of one like it.

    Args:
        network: Keras model of the architecture that was exported, its batch normalisation folded.
        path: the ONNX file; its card lies beside it.

    Raises:
        ModelError: if the model is damaged or of another architecture.
    """
    _, content = read_model(str(path))
    weights = _in_order(onnx.load_from_string(content).graph)
    variables = [(layer, variable) for layer in _in_order_of_use(network) for variable in layer.weights]
    if len(weights) != len(variables):
        raise ModelError(
            f"expected {len(variables)} weights in '{path}', as the configuration's network has. "
            f"Received: {len(weights)}"
        )
    for (layer, variable), weight in zip(variables, weights):
        if weight.ndim == 4:  # ONNX: (out, in, height, width)
            weight = np.transpose(
                weight, (2, 3, 0, 1) if isinstance(layer, DepthwiseConv2D) else (2, 3, 1, 0)
            )
        if weight.shape != tuple(variable.shape):
            raise ModelError(
                f"expected {tuple(variable.shape)} for '{layer.name}' in '{path}', as the configuration's "
                f"network has. Received: {weight.shape}"
            )
        variable.assign(weight.astype(np.float32))


def _in_order_of_use(network):
    """A network's layers as an export orders its nodes: each after those whose answers it takes, in turn."""
    ordered = []

    def add(tensor):
        layer = tensor._keras_history.operation
        if layer not in ordered and not isinstance(layer, InputLayer):
            for needed in tree.flatten(layer.input):
                add(needed)
            ordered.append(layer)

    add(network.output)
    return ordered


def _in_order(graph):
    """The constants that were weights, in the order of the nodes."""
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Cast" and node.input[0] in constants:  # kept in half precision
            constants[node.output[0]] = constants[node.input[0]]
    return [
        constants[name]
        for node in graph.node
        if node.op_type in _WEIGHTED
        for name in node.input
        if name in constants and constants[name].ndim
    ]
