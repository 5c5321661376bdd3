"""The roofline estimate: by hand, and against figures that were counted before."""

import importlib.util
import os
import sys

import numpy as np
import pytest

from place_recognition_ros.descriptor.extractor import default_model_path
from place_recognition_ros.errors import EngineError
from place_recognition_ros.tools.roofline import DEVICES, Device, Layer, read_layers, roofline

# Other tests write small ONNX files byte by byte too; old pytests import no module of the tests by name.
_path = os.path.join(os.path.dirname(os.path.dirname(__file__)), "descriptor", "conftest.py")
_spec = importlib.util.spec_from_file_location("onnx_bytes", _path)
onnx_bytes = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(onnx_bytes)
field, node, port = onnx_bytes.field, onnx_bytes.node, onnx_bytes.port

TX2 = DEVICES["tx2"]
# MobileNet to conv_pw_7 (Howard et al., arXiv 1704.04861, table 1): channels, stride of the depthwise one.
BLOCKS = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1)]


def write(nodes, constants, inputs, outputs):
    """ModelProto"""
    graph = b"".join(field(1, each) for each in nodes) + field(2, "graph")
    graph += b"".join(field(5, onnx_bytes.tensor(name, array)) for name, array in constants.items())
    graph += b"".join(field(11, each) for each in inputs) + b"".join(field(12, each) for each in outputs)
    return field(1, 7) + field(7, graph) + field(8, field(2, 13))


def attribute(name, value):
    """AttributeProto: an integer, or several."""
    if isinstance(value, int):
        return field(5, field(1, name) + field(3, value) + field(20, 2))
    return field(5, field(1, name) + b"".join(field(8, each) for each in value) + field(20, 7))


def mobilenet(height, width):
    """Its convolutions with their activations, as bytes of an ONNX file, and their multiply-adds."""
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
    return write(nodes, constants, inputs, outputs), total


@pytest.mark.parametrize("height, width, milliseconds", [(240, 320, 0.84), (480, 640, 3.35)])
def test_the_known_roofline_of_mobilenet(height, width, milliseconds):
    content, multiply_adds = mobilenet(height, width)
    layers = read_layers(content)
    assert len(layers) == 1 + 2 * len(BLOCKS)
    assert sum(layer.multiply_adds for layer in layers) == multiply_adds
    assert 1e3 * roofline(layers, TX2) == pytest.approx(milliseconds, rel=0.02)


def test_a_layer_takes_the_longer_of_two_times():
    device = Device("a GPU", flops=2e3, bandwidth=2e3)
    assert Layer("Conv", 5000, 100).seconds(device) == 5.0
    assert Layer("Add", 0, 3000).seconds(device) == 3.0
    assert roofline([Layer("Conv", 5000, 100), Layer("Add", 0, 3000)], device) == 8.0


def test_the_tx2_has_the_figures_of_its_data_sheet():
    assert TX2.flops == pytest.approx(1.33e12, rel=0.01)
    assert TX2.bandwidth == pytest.approx(59.7e9, rel=0.03)


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


def test_matrices_of_several_dimensions():
    content = write(
        *([node("MatMul", ["x", "y"], ["z"])], {}, [port("x", (5, 2, 3)), port("y", (5, 3, 4))]),
        [port("z", (5, 2, 4))],
    )
    assert read_layers(content) == [Layer("MatMul", 5 * 2 * 3 * 4, 30 + 60 + 40)]


def test_packed_shapes_of_constants_are_read():
    """As proto3 writers store them: all sizes in one field."""
    weights = np.eye(18, 4, dtype=np.float32)
    content = onnx_bytes.model(weights)
    sizes = field(1, 18) + field(1, 4)
    assert content.count(sizes) == 1
    packed = content.replace(sizes, field(1, bytes([18, 4])))
    assert len(packed) == len(content)
    assert read_layers(packed) == read_layers(content) == [Layer("MatMul", 18 * 4, 18 + 72 + 4)]


def test_what_does_not_run_is_told():
    content = write([node("NoSuchThing", ["x"], ["y"])], {}, [port("x", (2,))], [port("y", (2,))])
    with pytest.raises(
        EngineError, match=r"expected ONNX Runtime to tell the shapes of a model\. Received: .*NoSuchThing"
    ):
        read_layers(content)


def test_a_missing_onnx_runtime_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(EngineError, match="onnxruntime"):
        read_layers(mobilenet(32, 32)[0])


def test_multiply_adds_are_those_that_evaluation_counts(root):
    onnx = pytest.importorskip("onnx", reason="training needs requirements/training.txt")
    from training.evaluation.cost import onnx_cost

    path = default_model_path()
    with open(path, "rb") as file:
        layers = read_layers(file.read())
    assert sum(layer.multiply_adds for layer in layers) == onnx_cost(onnx.load(path)).multiply_adds
    assert os.path.commonpath([path, root]) == root
