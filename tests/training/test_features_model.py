"""models/features.onnx: input, output, size, cost and card."""

import shlex
from copy import deepcopy

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="training needs requirements/training.txt")

from place_recognition_ros.descriptor.local_features import open_feature_finder  # noqa: E402
from place_recognition_ros.descriptor.model_card import (  # noqa: E402
    LOCAL_FEATURES,
    default_model_path,
    read_model,
)
from place_recognition_ros.package_models import FEATURES  # noqa: E402
from place_recognition_ros.tools.layers import count_parameters, read_layers  # noqa: E402
from place_recognition_ros.tools.roofline import DEVICES, roofline  # noqa: E402
from tests.training.export.tensorrt_operators import OPSET, faults  # noqa: E402

PATH = default_model_path(FEATURES)
TX2_MILLISECONDS = 0.5  # least possible time in half precision; docs/tx2.md


@pytest.fixture(scope="module")
def card_and_content():
    return read_model(PATH, LOCAL_FEATURES)  # checks the SHA-256


@pytest.fixture(scope="module")
def model(card_and_content):
    return onnx.load_from_string(card_and_content[1])


def test_input_and_output(card_and_content, model):
    card = card_and_content[0]
    (image,), (features,) = model.graph.input, model.graph.output
    sizes = [[size.dim_value for size in value.type.tensor_type.shape.dim] for value in (image, features)]
    assert (image.name, features.name) == ("image", "features")
    assert sizes == [[1, 240, 320, 1], [1, 60, 80, 48]]
    assert sizes == [list(card.input.shape), list(card.output_shape)]
    assert (card.input.color_order, card.descriptor_size) == ("GRAY", 32)


def test_only_operations_that_tensorrt_supports(model):
    assert faults(model) == []
    assert [each.version for each in model.opset_import if not each.domain] == [OPSET]


def test_size(card_and_content):
    content = card_and_content[1]
    assert count_parameters(content) <= 100_000
    assert len(content) <= 450_000


def test_a_tx2_could_run_it_within_its_budget(card_and_content):
    layers = read_layers(card_and_content[1])
    assert {"Conv", "Resize"} <= {layer.operator for layer in layers}
    assert 0 < 1e3 * roofline(layers, DEVICES["tx2"]) < TX2_MILLISECONDS


def test_the_architecture_is_that_of_the_training(card_and_content, model):
    """All but the weights is what ``build`` and ``convert`` make: operators, and shapes of kernels."""
    pytest.importorskip("keras", reason="training needs requirements/training.txt")
    pytest.importorskip("tf2onnx", reason="training needs requirements/training.txt")
    from training.export.onnx_graph import convert, store_as_half
    from training.features.network import build

    spec = card_and_content[0].input
    untrained = convert(build(spec.height, spec.width), "features")
    shipped = deepcopy(model)
    store_as_half(shipped)  # the export stores more of the weights so than when the file was made
    graphs = (shipped.graph, untrained.graph)
    found, expected = (
        (
            [node.op_type for node in graph.node],
            [list(tensor.dims) for tensor in graph.initializer if len(tensor.dims) == 4],
        )
        for graph in graphs
    )
    assert found == expected


def test_the_card_states_the_origin(card_and_content):
    card = card_and_content[0]
    assert card.made_by.startswith("python3 -m training.train_features ")
    assert {"ie_tower", "outdoor", "timisoara_heritage", "rendered town"} <= set(card.trained_on)
    assert any("EdgePoint2" in name for name in card.trained_on)  # the teacher
    assert all(card.trained_on.values())  # each with its licence


def test_the_recorded_command_is_still_accepted(card_and_content, monkeypatch):
    pytest.importorskip("keras", reason="training needs requirements/training.txt")
    pytest.importorskip("tf2onnx", reason="training needs requirements/training.txt")
    from training import train_features

    card = card_and_content[0]
    python, option, module, *arguments = shlex.split(card.made_by)
    assert (python, option, module) == ("python3", "-m", "training.train_features")
    monkeypatch.setattr("sys.argv", [module, *arguments])
    parsed = train_features.parse_arguments()
    assert (parsed.output.name, tuple(parsed.size)) == (FEATURES, (card.input.height, card.input.width))
    assert dict(parsed.trained_on) == card.trained_on


@pytest.fixture(scope="module")
def finder():
    finder = open_feature_finder(backend="onnx")
    yield finder
    finder.close()


def test_gain_and_offset_of_an_image_do_not_matter(finder, paint):
    image = paint(1)
    dark = np.round(0.3 * image + 20).astype(np.uint8)
    places = [
        {(round(float(each["x"])), round(float(each["y"]))) for each in finder.find(view)}
        for view in (image, dark)
    ]
    assert len(places[0]) > 100
    assert len(places[0] & places[1]) > 0.7 * len(places[0])
