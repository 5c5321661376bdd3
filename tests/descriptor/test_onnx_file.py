"""An ONNX file by its bytes: external data wherever it is, float16 weights, and hostile bytes."""

import numpy as np
import onnxruntime
import pytest

from place_recognition_ros.descriptor.model_card import default_model_path
from place_recognition_ros.descriptor.onnx_file import (
    Tensor,
    fields,
    has_external_data,
    read_graph,
    with_float32_weights,
)
from place_recognition_ros.errors import ModelError
from place_recognition_ros.package_models import FEATURES


@pytest.fixture
def external(onnx):
    """TensorProto with its values in another file."""
    return onnx.tensor("w", np.zeros((2, 2)), external="weights.bin")


@pytest.fixture
def inside(onnx):
    """TensorProto with its values in the file; the word is only its name."""
    return onnx.tensor("location", np.zeros((2, 2)))


# Where a tensor can be in a model: field numbers of onnx.proto3, from ModelProto to TensorProto.
PATHS = {
    "initializer": (7, 5),
    "values of a sparse initializer": (7, 15, 1),
    "indices of a sparse initializer": (7, 15, 2),
    "attribute": (7, 1, 5, 5),
    "one of several in an attribute": (7, 1, 5, 10),
    "sparse tensor in an attribute": (7, 1, 5, 22, 1),
    "one of several sparse tensors in an attribute": (7, 1, 5, 23, 2),
    "initializer of a subgraph": (7, 1, 5, 6, 5),
    "attribute in one of several subgraphs": (7, 1, 5, 11, 1, 5, 5),
    "attribute of a function's node": (25, 7, 5, 5),
    "default attribute of a function": (25, 11, 5),
    "initializer of training": (20, 1, 5),
    "attribute in training": (20, 2, 1, 5, 5),
}


def enclose(onnx, tensor, path):
    for number in reversed(path):
        tensor = onnx.field(number, tensor)
    return tensor


@pytest.mark.parametrize("path", PATHS.values(), ids=list(PATHS))
def test_external_data_is_found_wherever_it_is(onnx, external, inside, path):
    assert has_external_data(enclose(onnx, external, path))
    assert not has_external_data(enclose(onnx, inside, path))


def test_a_location_that_wraps_around_is_external(onnx, inside):
    """Readers of Protocol Buffers cut an enum to 32 bits."""
    key = onnx.varint(14 << 3)
    for location in (onnx.varint(1), onnx.varint((1 << 32) + 1), b"\x81\x80\x00"):
        assert has_external_data(enclose(onnx, inside + key + location, (7, 5)))
    assert not has_external_data(enclose(onnx, inside + key + b"\x00", (7, 5)))


def test_deep_nesting_needs_no_recursion(onnx, external):
    message = onnx.field(5, external)
    for _ in range(2000):
        message = onnx.field(1, onnx.field(5, onnx.field(6, message)))
    assert has_external_data(onnx.field(7, message))


def is_refused(content):
    try:
        has_external_data(content)
        read_graph(content)
        with_float32_weights(content)
    except ModelError:
        return True
    return False


def test_truncated_models_are_refused(onnx, halved):
    """A model that ends between two fields of its outermost message is well-formed."""
    content = halved()
    read = [length for length in range(len(content)) if not is_refused(content[:length])]
    end = len(onnx.field(8, onnx.field(2, 13)))
    assert read == [0, 2, len(content) - end]


@pytest.mark.parametrize(
    "message, received",
    [
        (b"\x0a", "ends after the end"),
        (b"\x0a\x05abc", "ends after the end"),
        (b"\x0a" + b"\xff" * 9 + b"\x01", "ends after the end"),
        (b"\x0d\x00\x00", "ends after the end"),
        (b"\x08" + b"\x80" * 20, "more than 64 bits"),
        (b"\x80" * 5, "ends after the end"),
        (b"\x0b\x0c", "wire type 3"),
        (b"\x0f", "wire type 7"),
        (b"\x00\x00", "field number 0"),
        (b"\xf8\xff\xff\xff\x7f\x00", "field number"),
    ],
    ids=repr,
)
def test_a_malformed_message_is_refused(message, received):
    with pytest.raises(ModelError, match=f"expected an ONNX model. Received: .*{received}"):
        list(fields(message))


@pytest.mark.parametrize("content", [b"\x38\x01", b"\x3a\x02\x08\x01"], ids=["graph", "node"])
def test_a_number_where_a_message_belongs_is_refused(content):
    for read in (has_external_data, read_graph, with_float32_weights):
        with pytest.raises(ModelError, match="a number where a message was expected"):
            read(content)


def test_a_name_that_is_not_utf_8_is_refused(onnx):
    with pytest.raises(ModelError, match="not UTF-8"):
        read_graph(onnx.field(7, onnx.field(1, onnx.field(4, b"\xff"))))


@pytest.mark.parametrize("times", [300, pytest.param(20000, marks=pytest.mark.stress)])
def test_random_bytes_are_refused_or_read(halved, times):
    content = bytearray(halved())
    random = np.random.RandomState(0)
    refused = 0
    for _ in range(times):
        altered = bytearray(content)
        for position in random.randint(len(content), size=3):
            altered[position] = random.randint(256)
        refused += is_refused(bytes(altered))
    assert 0 < refused < times


def test_the_graph_is_read(onnx, weights):
    graph = read_graph(onnx.model(weights))
    assert [node.operator for node in graph.nodes] == ["Flatten", "MatMul"]
    assert (graph.nodes[1].inputs, graph.nodes[1].outputs) == (["flat", "w"], ["descriptor"])
    assert graph.constants == [Tensor("w", 1, (18, 4), weights.tobytes())]
    assert (graph.inputs, graph.outputs) == (["image"], ["descriptor"])


def test_shapes_may_be_packed(onnx, weights):
    """Writers of proto3 store all sizes in one field."""
    content = onnx.model(weights)
    sizes = onnx.field(1, 18) + onnx.field(1, 4)
    assert content.count(sizes) == 1
    packed = content.replace(sizes, onnx.field(1, bytes([18, 4])))
    assert read_graph(packed) == read_graph(content)


def test_the_default_model_is_read():
    with open(default_model_path(), "rb") as file:
        content = file.read()
    assert not has_external_data(content)
    assert {"Conv", "Cast", "MatMul"} < {node.operator for node in read_graph(content).nodes}


@pytest.fixture
def rounded(rng, weights):
    """Weights that float16 represents exactly."""
    return rng.normal(size=weights.shape).astype(np.float16).astype(np.float32)


def test_weights_stored_as_float16_become_float32_constants(onnx, halved, rounded):
    assert read_graph(with_float32_weights(halved(rounded))) == read_graph(onnx.model(rounded))


def test_a_graph_in_two_parts_has_float32_weights_too(onnx, halved, rounded):
    """Protocol Buffers merges the parts: here the constants alone, then everything else."""
    (graph,) = (value for number, value in fields(halved(rounded)) if number == 7)
    parts = [(number == 5, onnx.field(number, bytes(value))) for number, value in fields(graph)]
    constants, others = (b"".join(part for is_, part in parts if is_ == wanted) for wanted in (True, False))
    content = onnx.field(7, constants) + onnx.field(7, others)
    assert read_graph(with_float32_weights(content)) == read_graph(onnx.model(rounded))


def test_a_model_without_such_weights_is_returned_unchanged(onnx, weights):
    with open(default_model_path(FEATURES), "rb") as file:
        features = file.read()
    for content in (features, onnx.model(weights), b""):
        assert with_float32_weights(content) == content


def test_a_float16_constant_with_other_uses_stays_as_it_is(onnx, halved):
    image, half = onnx.port("image", (1, 2, 3, 3)), onnx.port("half", (18, 4), onnx.FLOAT16)
    descriptor = onnx.port("descriptor", (1, 4))
    for content in (
        halved(to=onnx.DOUBLE),
        halved(nodes=[onnx.node("Identity", ["half"], ["same"])]),
        halved(inputs=[image, half]),
        halved(outputs=[descriptor, half]),
    ):
        assert with_float32_weights(content) == content


def test_float16_values_that_are_not_raw_bytes_stay_as_they_are(onnx, halved, weights):
    raw = onnx.field(9, weights.astype(np.float16).tobytes())
    content = halved().replace(raw, onnx.field(5, weights.astype(np.float16).tobytes()))
    assert content != halved()
    assert with_float32_weights(content) == content


def test_half_a_float16_value_is_refused(onnx):
    tensor = onnx.field(2, onnx.FLOAT16) + onnx.field(8, "half") + onnx.field(9, b"abc")
    cast = onnx.node("Cast", ["half"], ["w"], to=1)
    with pytest.raises(ModelError, match="Received: 3 bytes of float16 values in 'half'"):
        with_float32_weights(onnx.field(7, onnx.field(1, cast) + onnx.field(5, tensor)))


def test_the_default_model_with_float32_weights_computes_the_same(rng):
    checker = pytest.importorskip("onnx.checker")
    with open(default_model_path(), "rb") as file:
        content = file.read()
    changed = with_float32_weights(content)
    checker.check_model(changed, full_check=True)
    assert "Cast" not in {node.operator for node in read_graph(changed).nodes}
    before, after = (
        onnxruntime.InferenceSession(each, providers=["CPUExecutionProvider"]) for each in (content, changed)
    )
    for _ in range(3):
        image = rng.uniform(-1, 1, (1, 192, 256, 3)).astype(np.float32)
        np.testing.assert_array_equal(*(each.run(None, {"image": image})[0] for each in (before, after)))
