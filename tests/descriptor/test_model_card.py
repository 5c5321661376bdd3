import json
import os

import pytest

from place_recognition_ros.descriptor.model_card import ModelCard, card_path, read_model
from place_recognition_ros.descriptor.preprocess import InputSpec
from place_recognition_ros.errors import ModelError


@pytest.fixture
def model_path(onnx, weights, write_model):
    return write_model(onnx.model(weights))


@pytest.fixture
def break_card(model_path):
    """``break_card(change)`` applies ``change`` to the fields of the card, then reads the model."""

    def break_card(change):
        with open(card_path(model_path), encoding="utf-8") as file:
            fields = json.load(file)
        change(fields)
        with open(card_path(model_path), "w", encoding="utf-8") as file:
            json.dump(fields, file)
        return read_model(model_path)

    return break_card


def test_model_and_card_are_read_together(model_path):
    card, onnx = read_model(model_path)
    with open(model_path, "rb") as file:
        assert onnx == file.read()
    assert card.input == InputSpec(2, 3, 3, "BGR", "NHWC", mean=(-2.0,) * 3, std=(2.0,) * 3)
    assert card.kind == "global_descriptor"
    assert (card.name, card.descriptor_size, card.min_similarity) == ("small", 4, 0.25)


def test_a_card_is_the_same_after_writing_and_reading(model_path):
    card, _ = read_model(model_path)
    with open(card_path(model_path), "w", encoding="utf-8") as file:
        file.write(card.to_json())
    assert read_model(model_path)[0] == card


def test_the_id_distinguishes_models(model_path):
    card, _ = read_model(model_path)
    others = [card._replace(name="large"), card._replace(sha256="0" * 64)]
    assert len({card.model_id, *(other.model_id for other in others)}) == 3
    assert card.model_id == card._replace(min_similarity=0.5).model_id


def test_a_missing_model_is_named(tmp_path):
    path = str(tmp_path / "nowhere" / "other.onnx")
    with pytest.raises(ModelError, match="expected the model as a file") as caught:
        read_model(path)
    assert path in str(caught.value)


def test_a_missing_card_is_named(model_path):
    os.remove(card_path(model_path))
    with pytest.raises(ModelError, match="expected the model card as a file") as caught:
        read_model(model_path)
    assert card_path(model_path) in str(caught.value)


@pytest.mark.parametrize("name", ["small.onnx", "small.json"])
def test_a_folder_is_not_a_model(tmp_path, model_path, name):
    os.remove(str(tmp_path / name))
    (tmp_path / name).mkdir()
    with pytest.raises(ModelError, match=name):
        read_model(model_path)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"null",
        b"[]",
        b"3",
        b'"card"',
        b"{",
        b"{}",
        b'{"input": 3}',
        b'{"input": {}}',
        b"\xff\xfe\0",
        b"[" * 10**5,
    ],
    ids=lambda text: repr(text[:12]),
)
def test_a_file_that_is_not_a_card_is_refused(model_path, text):
    with open(card_path(model_path), "wb") as file:
        file.write(text)
    with pytest.raises(ModelError, match="expected a model card in") as caught:
        read_model(model_path)
    assert card_path(model_path) in str(caught.value)


def older(fields):
    """A card as it was written before kind, layout, mean and std existed."""
    del fields["kind"]
    for name in ("layout", "mean", "std"):
        del fields["input"][name]
    fields["input"].update(scale=0.5, offset=1.0)


def test_an_older_card_is_read(break_card, model_path):
    card, _ = read_model(model_path)
    assert break_card(older)[0] == card


def test_an_older_card_of_a_gray_network_is_read(break_card):
    def change(fields):
        older(fields)
        fields["input"].update(channels=1, color_order="GRAY", scale=1 / 255, offset=0)

    spec = break_card(change)[0].input
    assert (spec.mean, spec.std) == ((0,), pytest.approx((255,)))


@pytest.mark.parametrize("name", ["scale", "offset"])
@pytest.mark.parametrize("value", [None, "1", [], {}, True, float("nan"), float("inf"), 10**400])
def test_a_bad_value_in_an_older_card_is_refused(break_card, name, value):
    with pytest.raises(ModelError):
        break_card(lambda fields: (older(fields), fields["input"].update({name: value})))


@pytest.mark.parametrize("scale", [0, 0.0, -1.0])
def test_a_scale_that_has_no_std_is_refused(break_card, scale):
    with pytest.raises(ModelError):
        break_card(lambda fields: (older(fields), fields["input"].update(scale=scale)))


def test_a_card_of_another_kind_is_refused(break_card, model_path):
    with pytest.raises(
        ModelError, match=r"kind 'global_descriptor'.*Received: kind 'local_features'"
    ) as caught:
        break_card(lambda fields: fields.update(kind="local_features"))
    assert model_path in str(caught.value)
    assert read_model(model_path, kind="local_features")[0].kind == "local_features"


@pytest.mark.parametrize("name", sorted(set(ModelCard._fields) - {"kind", "measured", "decision"}))
def test_every_field_without_a_default_is_required(break_card, name):
    with pytest.raises(ModelError, match=name):
        break_card(lambda fields: fields.pop(name))


@pytest.mark.parametrize("name", InputSpec._fields)
def test_every_field_of_the_input_is_required(break_card, name):
    with pytest.raises(ModelError, match=name):
        break_card(lambda fields: fields["input"].pop(name))


def test_an_unknown_field_is_named(break_card):
    with pytest.raises(ModelError, match="colour"):
        break_card(lambda fields: fields["input"].update(colour="BGR"))


NO_NUMBERS = [None, "1", [], {}, True, float("nan"), float("inf"), 10**400]
NO_SIZES = NO_NUMBERS[:-1] + [0, -1, 2.0, 2.5]
NO_TEXTS = [None, 1, [], {}]
NO_LISTS = [None, 1.0, "1", {}, [], [1.0], [1.0] * 4]


@pytest.mark.parametrize(
    "name, values",
    [
        ("name", NO_TEXTS),
        ("sha256", NO_TEXTS),
        ("descriptor_size", NO_SIZES),
        ("min_similarity", NO_NUMBERS),
        ("input.height", NO_SIZES),
        ("input.width", NO_SIZES),
        ("input.channels", NO_SIZES + [1, 2, 4]),
        ("input.color_order", NO_TEXTS + ["", "bgr", "GRAY", "YUV"]),
        ("kind", NO_TEXTS + ["", "GLOBAL_DESCRIPTOR"]),
        ("input.layout", NO_TEXTS + ["", "nhwc", "CHW"]),
        ("input.mean", [[1.0, 1.0, value] for value in NO_NUMBERS] + NO_LISTS),
        ("input.std", [[1.0, 1.0, value] for value in NO_NUMBERS + [0, 0.0, -1.0]] + NO_LISTS),
    ],
)
def test_a_bad_value_is_refused(break_card, model_path, name, values):
    *nested, name = name.split(".")
    for value in values:
        with pytest.raises(ModelError, match=f"{name}=") as caught:
            break_card(
                lambda fields, value=value: (fields["input"] if nested else fields).update({name: value})
            )
        assert card_path(model_path) in str(caught.value)


def test_a_model_of_another_sha_256_is_refused(model_path):
    card, content = read_model(model_path)
    with open(model_path, "wb") as file:
        file.write(content + b"\0")
    with pytest.raises(ModelError, match="SHA-256 " + card.sha256) as caught:
        read_model(model_path)
    assert model_path in str(caught.value)


def test_a_network_may_use_the_word_location(onnx, weights, write_model):
    nodes = [
        onnx.node("Flatten", ["image"], ["location"]),
        onnx.node("MatMul", ["location", "w"], ["descriptor"]),
    ]
    content = onnx.model(weights, nodes=nodes)
    assert read_model(write_model(content))[1] == content


def test_a_malformed_file_is_refused(onnx, weights, write_model):
    path = write_model(onnx.model(weights)[:-1])
    with pytest.raises(ModelError, match="expected an ONNX model") as caught:
        read_model(path)
    assert path in str(caught.value)


@pytest.mark.parametrize("external", ["weights.bin", "../../etc/passwd", "/etc/passwd"])
def test_tensors_in_other_files_are_refused(onnx, weights, write_model, external):
    path = write_model(onnx.model(weights, external=external))
    with pytest.raises(ModelError, match="all tensors within") as caught:
        read_model(path)
    assert path in str(caught.value)
