"""models/default.onnx: input, output, size and card."""

import shlex

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="training needs requirements/training.txt")

from place_recognition_ros.descriptor import open_extractor  # noqa: E402
from place_recognition_ros.descriptor.model_card import read_model  # noqa: E402
from tests.training.export.tensorrt_operators import faults  # noqa: E402
from training.files import DEFAULT_MODEL  # noqa: E402


@pytest.fixture(scope="module")
def card_and_model():
    card, content = read_model(str(DEFAULT_MODEL))  # checks the SHA-256
    return card, onnx.load_from_string(content)


def test_input_and_output(card_and_model):
    card, model = card_and_model
    (image,), (descriptor,) = model.graph.input, model.graph.output
    sizes = [[size.dim_value for size in value.type.tensor_type.shape.dim] for value in (image, descriptor)]
    assert (image.name, descriptor.name, sizes) == ("image", "descriptor", [[1, 192, 256, 3], [1, 512]])
    assert (card.input.height, card.input.width, card.descriptor_size) == (192, 256, 512)


def test_only_operations_that_tensorrt_supports(card_and_model):
    assert faults(card_and_model[1]) == []


def test_size(card_and_model):
    parameters = sum(np.prod(tensor.dims) for tensor in card_and_model[1].graph.initializer)
    assert parameters <= 4e6
    assert DEFAULT_MODEL.stat().st_size <= 6e6


def test_the_card_states_the_origin(card_and_model):
    card = card_and_model[0]
    assert card.made_by.startswith("python3 -m training.export ")
    seasons = {"nordland64", "phenocam", "timisoara_heritage"}
    assert set(card.trained_on) == {"ie_tower", "outdoor", "rendered town", "mobilenet_imagenet"} | seasons
    assert 0.0 < card.min_similarity < 0.9
    assert card.recall_at_1["sped_half"] >= 0.7
    assert card.recall_at_1["koe_landmarks_new"] >= 0.9


def test_the_recorded_command_is_still_accepted(card_and_model, monkeypatch):
    pytest.importorskip("keras", reason="training needs requirements/training.txt")
    pytest.importorskip("tf2onnx", reason="training needs requirements/training.txt")
    from training.export import __main__ as command

    *python, arguments = card_and_model[0].made_by.split(maxsplit=3)
    assert python == ["python3", "-m", "training.export"]
    monkeypatch.setattr("sys.argv", ["training/export", *shlex.split(arguments)])
    parsed = command.parse_arguments()
    assert str(parsed.images) == ".run/data/outdoor.csv"
    assert dict(parsed.trained_on) == card_and_model[0].trained_on


@pytest.mark.parametrize("value", [0, 255, None], ids=["black", "white", "noise"])
def test_any_image_has_a_unit_descriptor(value):
    image = np.random.default_rng(0).integers(0, 255, (480, 640, 3), np.uint8)
    if value is not None:
        image[:] = value
    assert np.linalg.norm(open_extractor(str(DEFAULT_MODEL)).describe(image)) == pytest.approx(1.0, abs=1e-4)
