"""Half precision in the file: converted layers, similarity of descriptors."""

import cv2
import numpy as np
import onnxruntime
import pytest

onnx = pytest.importorskip("onnx", reason="training needs requirements/training.txt")
pytest.importorskip("keras", reason="training needs requirements/training.txt")
pytest.importorskip("tf2onnx", reason="training needs requirements/training.txt")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from place_recognition_ros.descriptor.preprocess import InputSpec, prepare  # noqa: E402
from place_recognition_ros.errors import ModelError  # noqa: E402
from tests.training.export.exported_models import ORDERS, exported  # noqa: E402
from training.data import read_image  # noqa: E402
from training.data.images import find_images  # noqa: E402
from training.export.half_precision import MIN_COSINE, convert_to_half, to_half  # noqa: E402

ENOUGH = 0.999  # what the run time requires


def made_up():
    """Smooth images, images with edges, noise, and three uniform ones: (H, W, 3) uint8."""
    random = np.random.default_rng(0)
    small = [random.integers(0, 256, (rows, rows * 4 // 3, 3), np.uint8) for rows in (3, 6, 12, 24)]
    soft = [cv2.resize(each, (320, 240), interpolation=cv2.INTER_CUBIC) for each in small]
    hard = [cv2.resize(each, (320, 240), interpolation=cv2.INTER_NEAREST) for each in small]
    flat = [np.full((240, 320, 3), level, np.uint8) for level in (0, 128, 255)]
    return [*soft, *hard, random.integers(0, 256, (240, 320, 3), np.uint8), *flat]


def prepared(name, images, size=(192, 256)):
    return np.stack([prepare(image, InputSpec(*size, *ORDERS[name])) for image in images])


def smallest_cosine(model, half, images):
    """Smallest cosine between the descriptors of two models; NaN if one is NaN."""
    engines = [
        onnxruntime.InferenceSession(each.SerializeToString(), providers=["CPUExecutionProvider"])
        for each in (model, half)
    ]
    cosines = []
    for image in images:
        one, other = (engine.run(None, {"image": image})[0][0] for engine in engines)
        cosines.append(one @ other / np.linalg.norm(one) / np.linalg.norm(other))
    return np.min(cosines)


@pytest.mark.parametrize("name", ORDERS)
def test_synthetic_images_have_similar_descriptors(name):
    model = exported(name, 192, 256)
    half, cosine = convert_to_half(model, prepared(name, made_up()[::2]))
    assert cosine >= MIN_COSINE
    assert smallest_cosine(model, half, prepared(name, made_up()[1::2])) >= ENOUGH


@pytest.fixture(scope="module")
def seen(data):
    """``seen(set, count)``: real images, evenly spaced."""

    def seen(place, count):
        paths = find_images([data / place / "images"])
        return [read_image(path) for path in paths[:: len(paths) // count]][:count]

    return seen


@pytest.mark.parametrize("name", ORDERS)
def test_real_images_have_similar_descriptors(name, seen):
    """Other images than those of the parity check."""
    model = exported(name, 192, 256)
    half, cosine = convert_to_half(model, prepared(name, seen("ie_tower", 12)))
    assert cosine >= MIN_COSINE
    assert smallest_cosine(model, half, prepared(name, seen("outdoor", 24))) >= ENOUGH


def test_larger_images_have_similar_descriptors(seen):
    model = exported("default", 480, 640)
    images = prepared("default", seen("outdoor", 6), (480, 640))
    assert smallest_cosine(model, to_half(model), images) >= ENOUGH


def test_a_network_that_loses_too_much_is_refused(monkeypatch):
    monkeypatch.setattr("training.export.half_precision.MIN_COSINE", 1.1)
    with pytest.raises(ModelError, match=r"between half and single precision\. Received: [01]\."):
        convert_to_half(network(np.ones((2, 2, 1, 1), np.float32)), np.ones((1, 1, 2, 3, 3), np.float32))


def test_the_first_convolutions_can_stay_in_single_precision():
    model = to_half(network(np.ones((2, 2, 1, 1), np.float32), ("Conv", "Relu", "Conv", "Relu")), single=1)
    kinds = [node.op_type for node in model.graph.node]
    assert kinds == ["Conv", "Relu", "Cast", "Conv", "Relu", "Cast"]


@pytest.fixture(scope="module")
def half():
    return to_half(exported("default", 192, 256))


def types(model):
    """Tensor → its type."""
    graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    found = {tensor.name: tensor.data_type for tensor in graph.initializer}
    for value in (*graph.value_info, *graph.input, *graph.output):
        found[value.name] = value.type.tensor_type.elem_type
    return found


def test_input_and_output_stay_in_single_precision(half):
    before = exported("default", 192, 256)
    assert list(half.graph.input) == list(before.graph.input)
    assert list(half.graph.output) == list(before.graph.output)
    assert half.opset_import == before.opset_import


def test_convolutions_are_converted_and_norms_are_not(half):
    found = types(half)
    for node in half.graph.node:
        if node.op_type in ("Conv", "Clip", "Gemm"):
            assert {found[name] for name in (*node.input, *node.output)} == {TensorProto.FLOAT16}, node.name
        if node.op_type in ("Sqrt", "ReduceSum", "Softmax", "Div", "Max"):
            assert found[node.output[0]] == TensorProto.FLOAT, node.name
    casts = [node for node in half.graph.node if node.op_type == "Cast"]
    assert len(casts) <= 5  # after the image and its half size, before and after NetVLAD, before the norm


def test_weights_take_half_the_space(half):
    single = sum(4 * np.prod(tensor.dims) for tensor in half.graph.initializer)
    assert half.ByteSize() < 0.51 * single
    sizes = [tensor.data_type for tensor in half.graph.initializer if np.prod(tensor.dims) > 5000]
    assert set(sizes) == {TensorProto.FLOAT16}


def test_equal_models_give_equal_bytes_and_are_not_changed(half):
    model = exported("default", 192, 256)
    before = model.SerializeToString()
    assert to_half(model).SerializeToString() == half.SerializeToString()
    assert model.SerializeToString() == before


def network(kernel, operators=("Conv",)):
    """x → each operator → y"""
    names = ["x", *(f"t{number}" for number in range(len(operators) - 1)), "y"]
    nodes = [
        helper.make_node(operator, [names[i], "k"] if operator == "Conv" else [names[i]], [names[i + 1]])
        for i, operator in enumerate(operators)
    ]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 2, 3, 3]) for name in ("x", "y")]
    graph = helper.make_graph(nodes, "graph", values[:1], values[1:], [numpy_helper.from_array(kernel, "k")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])


def test_an_output_in_half_precision_is_cast_to_float32():
    model = to_half(network(np.ones((2, 2, 1, 1), np.float32), ("Conv", "Relu")))
    assert [node.op_type for node in model.graph.node] == ["Cast", "Conv", "Relu", "Cast"]
    assert types(model)["y"] == TensorProto.FLOAT
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"x": np.ones((1, 2, 3, 3), np.float32)})
    assert (found == 2).all()


def test_a_constant_used_in_both_types_is_stored_twice():
    model = network(np.ones((2, 2, 1, 1), np.float32), ("Conv",))
    model.graph.node[0].output[0] = "t"
    model.graph.node.append(helper.make_node("ReduceSum", ["k"], ["s"], keepdims=1))
    model.graph.node.append(helper.make_node("Mul", ["t", "s"], ["y"]))
    converted = to_half(model)
    stored = sorted(tensor.data_type for tensor in converted.graph.initializer)
    assert stored == [TensorProto.FLOAT, TensorProto.FLOAT16]
    assert types(converted)["y"] == TensorProto.FLOAT


@pytest.mark.parametrize("weight", [70000.0, np.inf, np.nan])
def test_weights_above_the_range_are_refused(weight):
    with pytest.raises(ModelError, match="at most 65504 for half precision"):
        to_half(network(np.full((2, 2, 1, 1), weight, np.float32)))
