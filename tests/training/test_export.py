"""Export: what the ONNX file holds, and the gate that guards it."""

import json

import numpy as np
import onnx
import pytest

keras = pytest.importorskip("keras", reason="training needs requirements-training.txt")
pytest.importorskip("tf2onnx", reason="training needs requirements-training.txt")

from place_recognition_ros.descriptor import open_extractor  # noqa: E402
from place_recognition_ros.descriptor.model_card import ModelCard  # noqa: E402
from place_recognition_ros.descriptor.preprocess import InputSpec, prepare  # noqa: E402
from place_recognition_ros.errors import ModelError  # noqa: E402
from training.export import check_parity, export_model, write_atomically  # noqa: E402
from training.network import NetworkConfig, build_network  # noqa: E402
from training.onnx_graph import convert  # noqa: E402

SPEC = InputSpec(48, 64, 3, "RGB", 1 / 127.5, -1.0)
CARD = ModelCard("trial", "", SPEC, 8, 0.1, "a test", {}, {})
# What TensorRT 8.2's parser knows and this network may use.
ALLOWED = {
    *("Add", "Cast", "Clip", "Conv", "Div", "Gemm", "MatMul", "Max", "Mul", "ReduceSum", "Reshape"),
    *("Softmax", "Sqrt", "Sub", "Transpose"),
}


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    config = NetworkConfig(
        height=48, width=64, backbone="mobilenet", last_block=4, reduced=6, clusters=3, size=8
    )
    network = build_network(config)
    random = np.random.default_rng(0)
    network.get_layer("whitening").set_projection(np.zeros(18), random.normal(size=(18, 8)))
    return network


@pytest.fixture(scope="module")
def pictures():
    random = np.random.default_rng(0)
    return [random.integers(0, 255, (60, 80, 3), np.uint8) for _ in range(4)]


@pytest.fixture(scope="module")
def converted(network):
    return convert(network)


def test_fixed_input_and_output(converted):
    (image,), (descriptor,) = converted.graph.input, converted.graph.output
    sizes = [[size.dim_value for size in value.type.tensor_type.shape.dim] for value in (image, descriptor)]
    assert (image.name, descriptor.name, sizes) == ("image", "descriptor", [[1, 48, 64, 3], [1, 8]])
    assert converted.opset_import[0].version == 13


def test_only_operations_that_tensorrt_knows(converted):
    assert {node.op_type for node in converted.graph.node} <= ALLOWED


def test_convolutions_are_float32_and_the_whitening_float16(converted):
    types = {tensor.name: tensor.data_type for tensor in converted.graph.initializer}
    for node in converted.graph.node:
        if node.op_type == "Conv":
            assert types[node.input[1]] == onnx.TensorProto.FLOAT
    assert list(types.values()).count(onnx.TensorProto.FLOAT16) == 1


def test_equal_weights_give_equal_bytes(network, converted):
    assert convert(network).SerializeToString() == converted.SerializeToString()


def test_parity_gate_passes_the_same_network(network, converted, pictures):
    assert check_parity(network, converted.SerializeToString(), pictures, SPEC).cosine > 0.99999


@pytest.mark.parametrize("damage", [0.05, np.nan])
def test_parity_gate_stops_another_network(network, converted, pictures, damage):
    damaged = onnx.ModelProto()
    damaged.CopyFrom(converted)
    for tensor in damaged.graph.initializer:
        if tensor.dims[2:] == [1, 1]:  # a pointwise convolution
            kernel = onnx.numpy_helper.to_array(tensor) + np.float32(damage)
            tensor.CopyFrom(onnx.numpy_helper.from_array(kernel, tensor.name))
            break
    with pytest.raises(ModelError, match="cosine"):
        check_parity(network, damaged.SerializeToString(), pictures, SPEC)


def test_export_is_what_the_run_time_opens(network, pictures, tmp_path):
    path = tmp_path / "trial.onnx"
    exported = export_model(network, CARD, path, pictures)
    assert exported.cosine > 0.99999
    picture = np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8)
    expected = network.predict_on_batch(prepare(picture, SPEC))[0]
    np.testing.assert_allclose(open_extractor(str(path)).describe(picture), expected, atol=1e-5)
    assert json.loads((tmp_path / "trial.json").read_text())["name"] == "trial"


def test_a_failed_gate_leaves_nothing(network, pictures, tmp_path, monkeypatch):
    monkeypatch.setattr("training.export.MIN_PARITY", 1.1)
    with pytest.raises(ModelError):
        export_model(network, CARD, tmp_path / "trial.onnx", pictures)
    assert list(tmp_path.iterdir()) == []


def test_interrupted_writing_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def full_disk(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
