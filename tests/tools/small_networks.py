"""Networks whose cost is known, as bytes of ONNX files."""

import numpy as np

from tests.descriptor.conftest import field, node, port, tensor

# MobileNet to conv_pw_7 (Howard et al., arXiv 1704.04861, table 1): channels, stride of the depthwise layer.
BLOCKS = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1)]


def write(nodes, constants, inputs, outputs):
    """ModelProto; constants: {name: float array}, inputs and outputs: of :func:`port`."""
    graph = b"".join(field(1, each) for each in nodes)
    graph += b"".join(field(5, tensor(name, array)) for name, array in constants.items())
    graph += b"".join(field(11, each) for each in inputs) + b"".join(field(12, each) for each in outputs)
    return field(1, 7) + field(7, graph + field(2, "graph")) + field(8, field(2, 13))


def attribute(name, value):
    """Attribute of a NodeProto: an integer, a string, or several integers."""
    if isinstance(value, int):
        return field(5, field(1, name) + field(3, value) + field(20, 2))
    if isinstance(value, str):
        return field(5, field(1, name) + field(4, value) + field(20, 3))
    return field(5, field(1, name) + b"".join(field(8, each) for each in value) + field(20, 7))


def mobilenet(height, width):
    """Its convolutions with their activations: the ONNX file, multiply-adds, parameters."""
    nodes, constants, total, shape, before = [], {}, 0, (3, height, width), "image"

    def add(channels, side, stride, groups):
        nonlocal total, shape, before
        number = str(len(constants))
        sizes = [-(-size // stride) for size in shape[1:]]
        constants["w" + number] = np.zeros((channels, shape[0] // groups, side, side), np.float32)
        total += channels * sizes[0] * sizes[1] * constants["w" + number][0].size
        padding = [side // 2] * 2 + [side // 2 - (size % stride == 0) * (stride - 1) for size in shape[1:]]
        options = attribute("strides", [stride] * 2) + attribute("group", groups) + attribute("pads", padding)
        nodes.append(node("Conv", [before, "w" + number], ["c" + number]) + options)
        nodes.append(node("Relu", ["c" + number], ["r" + number]))
        shape, before = (channels, *sizes), "r" + number

    add(32, 3, 2, 1)
    for channels, stride in BLOCKS:
        add(shape[0], 3, stride, shape[0])
        add(channels, 1, 1, 1)
    inputs, outputs = [port("image", (1, 3, height, width))], [port(before, (1,) + shape)]
    return write(nodes, constants, inputs, outputs), total, sum(each.size for each in constants.values())
