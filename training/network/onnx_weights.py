"""Weights of an exported ONNX model, to continue its training."""

import numpy as np
import onnx
from keras import tree
from keras.layers import DepthwiseConv2D, InputLayer
from onnx import numpy_helper

from place_recognition_ros.descriptor.model_card import read_model
from place_recognition_ros.errors import ModelError

_WEIGHTED = ("Conv", "MatMul", "Add", "Mul", "Gemm")  # nodes whose constants are weights


def load_onnx_weights(network, path):
    """Copy the weights of an ONNX file that ``training.export`` wrote into a network.

    Args:
        network: Keras model of the exported architecture, its batch normalization folded.
        path: the ONNX file, with its card beside it.

    Raises:
        ModelError: if the model is damaged or has another architecture.
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
    """Layers in the order of an exported graph: each after the layers of its inputs, depth first."""
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
    """The constants that are weights, in the order of the nodes."""
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Cast" and node.input[0] in constants:  # stored in half precision
            constants[node.output[0]] = constants[node.input[0]]
    return [
        constants[name]
        for node in graph.node
        if node.op_type in _WEIGHTED
        for name in node.input
        if name in constants and constants[name].ndim
    ]
