"""Parameters and multiply-adds of a network.

A multiply-add is one product of a convolution or a matrix product; additions, activations and norms
are not counted, as in the MobileNet papers.
"""

from math import prod
from typing import NamedTuple

from place_recognition_ros.tools.layers import count_parameters, read_layers


class Cost(NamedTuple):
    """The cost of one image."""

    parameters: int
    multiply_adds: int


def onnx_cost(onnx):
    """Count an ONNX model of fixed shape, with the code of ``place_recognition_ros.tools.roofline``.

    Args:
        onnx: the bytes of the file.

    Returns:
        a :class:`Cost`.
    """
    return Cost(count_parameters(onnx), sum(layer.multiply_adds for layer in read_layers(onnx)))


def keras_cost(network):
    """Count a Keras model layer by layer, at its input size.

    Args:
        network: functional Keras model.

    Returns:
        a :class:`Cost`.
    """
    return Cost(int(network.count_params()), sum(_multiply_adds(layer) for layer in network.layers))


def _multiply_adds(layer):
    kind = type(layer).__name__
    if kind in ("Conv2D", "DepthwiseConv2D"):
        kernel = layer.get_weights()[0].shape
        positions = prod(layer.output.shape[1:3])
        return positions * prod(kernel)
    if kind in ("Dense", "Whitening"):
        return prod(layer.get_weights()[0].shape)
    if kind == "NetVLAD":  # scores of every feature for every cluster, then the weighted sum
        kernel, _, centers = layer.get_weights()
        return prod(layer.input.shape[1:3]) * (kernel.size + centers.size)
    return 0
