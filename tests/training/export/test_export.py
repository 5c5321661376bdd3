"""Export: content of the ONNX file, parity gate, command."""

import errno
import json
import os
import sys

import cv2
import numpy as np
import onnx
import pytest

keras = pytest.importorskip("keras", reason="training needs requirements/training.txt")
pytest.importorskip("tf2onnx", reason="training needs requirements/training.txt")

from place_recognition_ros.descriptor import open_extractor  # noqa: E402
from place_recognition_ros.descriptor.model_card import ModelCard, read_model  # noqa: E402
from place_recognition_ros.descriptor.preprocess import InputSpec, prepare  # noqa: E402
from place_recognition_ros.errors import ModelError  # noqa: E402
from tests.training.export.tensorrt_operators import faults  # noqa: E402
from tests.training.legacy import legacy_files  # noqa: E402
from training.data import PlaceRules  # noqa: E402
from training.export import __main__ as command  # noqa: E402
from training.export import parity  # noqa: E402
from training.export.exporter import export_model, keras_reference  # noqa: E402
from training.export.onnx_graph import convert  # noqa: E402
from training.export.parity import check_parity  # noqa: E402
from training.network.build import NetworkConfig, build_network, input_spec  # noqa: E402
from training.network.saving import save_network  # noqa: E402

SPEC = InputSpec(48, 64, 3, "RGB", "NHWC", (127.5,) * 3, (127.5,) * 3)
CARD = ModelCard("trial", "", SPEC, 8, 0.1, "a test", {}, {})


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    config = NetworkConfig(
        height=48, width=64, backbone="mobilenet", last_block=4, context="", reduced=6, clusters=3, size=8
    )
    network = build_network(config)
    random = np.random.default_rng(0)
    network.get_layer("whitening").set_projection(np.zeros(24), random.normal(size=(24, 8)))
    return network


@pytest.fixture(scope="module")
def converted(network):
    return convert(network)


@pytest.fixture(scope="module")
def reference(network):
    return keras_reference(network, SPEC)


def test_fixed_input_and_output(converted):
    (image,), (descriptor,) = converted.graph.input, converted.graph.output
    sizes = [[size.dim_value for size in value.type.tensor_type.shape.dim] for value in (image, descriptor)]
    assert (image.name, descriptor.name, sizes) == ("image", "descriptor", [[1, 48, 64, 3], [1, 8]])
    assert converted.opset_import[0].version == 13


def test_only_operations_that_tensorrt_supports(converted):
    assert faults(converted) == []


def test_large_weights_are_stored_in_half_precision(converted):
    stored = [tensor for tensor in converted.graph.initializer if tensor.data_type != onnx.TensorProto.INT64]
    types = {np.prod(tensor.dims) >= 1024: set() for tensor in stored}
    for tensor in stored:
        types[np.prod(tensor.dims) >= 1024].add(tensor.data_type)
    assert types == {True: {onnx.TensorProto.FLOAT16}, False: {onnx.TensorProto.FLOAT}}


def test_equal_weights_give_equal_bytes(network, converted):
    assert convert(network).SerializeToString() == converted.SerializeToString()


def test_parity_gate_passes_the_same_network(reference, converted, images):
    assert check_parity(reference, converted.SerializeToString(), images, SPEC).cosine > 0.99999


def test_parity_gate_ignores_the_lengths_of_the_descriptors(reference, converted, images):
    """The network of a user need not normalize; the exported model does."""
    scaled = lambda every: reference(every) * np.linspace(0.1, 10.0, len(every))[:, None]  # noqa: E731
    assert check_parity(scaled, converted.SerializeToString(), images, SPEC).cosine > 0.99999


@pytest.mark.parametrize("damage", [0.05, np.nan])
def test_parity_gate_refuses_another_network(reference, converted, images, damage):
    damaged = onnx.ModelProto()
    damaged.CopyFrom(converted)
    for tensor in damaged.graph.initializer:
        if tensor.dims[2:] == [1, 1]:  # a pointwise convolution
            kernel = onnx.numpy_helper.to_array(tensor) + np.float32(damage)
            tensor.CopyFrom(onnx.numpy_helper.from_array(kernel, tensor.name))
            break
    with pytest.raises(ModelError, match="cosine"):
        check_parity(reference, damaged.SerializeToString(), images, SPEC)


@pytest.fixture
def quick(converted, monkeypatch):
    """Conversion, which takes seconds, is done once."""
    monkeypatch.setattr(command, "convert", lambda network: converted)


def test_the_run_time_opens_an_export(network, reference, converted, images, tmp_path):
    path = tmp_path / "trial.onnx"
    exported = export_model(converted, reference, CARD, path, images)
    assert exported.cosine > 0.99999
    image = np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8)
    expected = network.predict_on_batch(prepare(image, SPEC))[0]
    np.testing.assert_allclose(open_extractor(str(path)).describe(image), expected, atol=1e-3)
    assert json.loads((tmp_path / "trial.json").read_text())["name"] == "trial"


def test_export_in_half_precision(reference, converted, images, tmp_path):
    path = tmp_path / "trial.onnx"
    assert 0.9995 <= export_model(converted, reference, CARD, path, images, half=True).cosine <= 1.0001
    types = {tensor.name: tensor.data_type for tensor in onnx.load(path).graph.initializer}
    convolutions = [node for node in onnx.load(path).graph.node if node.op_type == "Conv"]
    assert {types[node.input[1]] for node in convolutions} == {onnx.TensorProto.FLOAT16}
    image = np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8)
    assert open_extractor(str(path)).describe(image).shape == (8,)


def test_a_failed_gate_writes_nothing(reference, converted, images, tmp_path, monkeypatch):
    monkeypatch.setattr(parity, "MIN_PARITY", 1.1)
    with pytest.raises(ModelError):
        export_model(converted, reference, CARD, tmp_path / "trial.onnx", images)
    assert list(tmp_path.iterdir()) == []


def test_another_recall_is_refused(reference, converted, images, monkeypatch):
    recalls = iter([0.75, 1.0])
    monkeypatch.setattr(parity, "_recall_of_copies", lambda descriptors: next(recalls))
    with pytest.raises(ModelError, match=r"recall@1 of the reference, 0\.75\. Received: 1\.0 from ONNX"):
        check_parity(reference, converted.SerializeToString(), images, SPEC)


def test_recall_of_copies():
    images = np.eye(4)
    copies = images[[0, 1, 2, 0]]  # the last one matches the first image
    assert parity._recall_of_copies(np.concatenate([images, copies])) == 0.75


@pytest.mark.parametrize(
    "changes",
    [
        {"size": 0},
        {"reduced": 0, "size": 0, "ghosts": 2, "normalized": False},
        {"channels": 1, "backbone": "mobilenet_v2", "last_block": 2},
        {"backbone": "vgg16", "last_block": 2, "height": 47, "width": 65},
    ],
    ids=["no whitening", "ghosts", "gray", "vgg16"],
)
def test_every_kind_of_network_is_exported(changes, images):
    config = NetworkConfig(
        height=48, width=64, backbone="mobilenet", last_block=2, context="", reduced=6, clusters=3, size=8
    )._replace(**changes)
    keras.utils.set_random_seed(0)
    network = build_network(config)
    converted = convert(network)
    assert faults(converted) == []
    spec = input_spec(config)
    check_parity(keras_reference(network, spec), converted.SerializeToString(), images, spec)


def test_a_full_disk_keeps_the_old_model_and_card(reference, converted, images, tmp_path, monkeypatch):
    path = tmp_path / "trial.onnx"
    export_model(converted, reference, CARD, path, images)
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}
    synced = []

    def fills_up(descriptor):
        synced.append(descriptor)
        if len(synced) == 2:  # the card's
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fills_up)
    with pytest.raises(OSError, match=r"trial\.json"):
        export_model(converted, reference, CARD._replace(name="other"), path, images)
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before


@pytest.fixture
def folder(images, tmp_path):
    """A folder with a small cartwheel_train model and images."""
    legacy_files.write(tmp_path / "model.h5", version="2.2.2")
    (tmp_path / "images").mkdir()
    for number, image in enumerate(images):
        cv2.imwrite(str(tmp_path / "images" / f"{number}.png"), image)
    return tmp_path


def _run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["training/export.py", *map(str, arguments)])
    command.main()


def test_the_command_exports_a_cartwheel_train_file(folder, monkeypatch, capsys):
    """With cartwheel_train's options, at a size that is odd in some layer."""
    options = ("--kerasmodel_h5file", folder / "model.h5", "--rows", 33, "--cols", 49)
    _run(monkeypatch, *options, "--images", folder / "images")
    assert "Keras and ONNX Runtime: cosine at least" in capsys.readouterr().out
    card = json.loads((folder / "model.json").read_text())
    assert read_model(str(folder / "model.onnx"))[0].input == InputSpec(
        33, 49, 3, "BGR", "NHWC", (0.0,) * 3, (1.0,) * 3
    )
    assert (card["name"], card["descriptor_size"], card["min_similarity"]) == ("model", 512, 0.0)
    assert card["made_by"].startswith("python3 -m training.export --kerasmodel_h5file /")
    model = onnx.load(folder / "model.onnx")
    assert faults(model) == []
    extractor = open_extractor(str(folder / "model.onnx"))
    assert extractor.describe(np.zeros((60, 80, 3), np.uint8)).shape == (512,)


def test_the_command_exports_a_training_with_a_full_card(quick, network, folder, monkeypatch):
    save_network(network, folder / "run.1")
    _run(
        *(monkeypatch, folder / "run.1", "--images", folder / "images", "--name", "mine"),
        *("--min-similarity", 0.25, "--trained-on", "own set=CC0", "town=MIT"),
    )
    card = json.loads((folder / "run.1.json").read_text())
    assert (card["name"], card["min_similarity"]) == ("mine", 0.25)
    assert card["trained_on"] == {"own set": "CC0", "town": "MIT"}
    assert "'own set=CC0'" in card["made_by"]  # quoted for a shell
    assert card["input"]["color_order"] == "RGB"


def test_the_threshold_uses_the_place_rules_of_the_training(quick, network, folder, monkeypatch):
    save_network(network, folder / "run")
    rows = [f"images/{number}.png,walk,{number}" for number in range(4)]
    (folder / "walk.csv").write_text("\n".join(["image,sequence,time", *rows, ""]))
    command = (
        monkeypatch,
        folder / "run",
        "--images",
        folder / "images",
        "--calibrate",
        folder / "walk.csv",
    )
    with pytest.raises(ValueError, match=r"expected images of different places\. Received: none in 4"):
        _run(*command)  # one walk that may return
    rules = PlaceRules(guard_seconds=2.5)
    (folder / "run" / "config.json").write_text(json.dumps({"data": {"rules": rules}}))
    _run(*command)
    extractor = open_extractor(str(folder / "run.onnx"))
    first, last = (extractor.describe(cv2.imread(str(folder / f"images/{number}.png"))) for number in (0, 3))
    assert extractor.card.min_similarity == pytest.approx(first @ last, abs=2e-3)


@pytest.mark.parametrize(
    "arguments, part",
    [
        (["model.h5", "--images", "nothing"], "images for the parity check"),
        (["nothing.h5"], "nothing.h5"),
        (["images/0.png"], "0.png"),
        (["model.h5", "--height", "0"], "0 × 48 pixels"),
        (["model.h5", "--images", "nothing.csv"], "nothing.csv"),
    ],
)
def test_input_that_cannot_be_exported_is_refused(folder, monkeypatch, arguments, part):
    monkeypatch.chdir(folder)
    (folder / "nothing").mkdir()
    before = sorted(folder.rglob("*"))
    with pytest.raises((ValueError, ModelError), match=part):
        _run(monkeypatch, *arguments)
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["model.h5", "--output", "model.json"],
        ["model.h5", "--min-similarity", "nan"],
        ["model.h5", "--trained-on", "a set"],
        ["model.h5", "--preprocessing", "caffe"],
        ["model.h5", "--height", "tall"],
    ],
)
def test_a_wrong_command_line_is_refused(folder, monkeypatch, arguments, capsys):
    monkeypatch.chdir(folder)
    with pytest.raises(SystemExit) as caught:
        _run(monkeypatch, *arguments)
    assert caught.value.code == 2
    assert "error: " in capsys.readouterr().err
    assert not list(folder.glob("*.onnx"))
