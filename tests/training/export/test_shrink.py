"""An exported model is rewritten with large weights in half precision."""

import hashlib
import sys

import cv2
import pytest

onnx = pytest.importorskip("onnx", reason="training needs requirements/training.txt")
pytest.importorskip("keras", reason="training needs requirements/training.txt")
pytest.importorskip("tf2onnx", reason="training needs requirements/training.txt")

from place_recognition_ros.descriptor import open_extractor  # noqa: E402
from place_recognition_ros.descriptor.model_card import read_model  # noqa: E402
from place_recognition_ros.descriptor.onnx_file import with_float32_weights  # noqa: E402
from place_recognition_ros.errors import ModelError  # noqa: E402
from training.export import parity, shrink  # noqa: E402
from training.files import DEFAULT_MODEL  # noqa: E402


@pytest.fixture
def model(tmp_path, images):
    """Path of the default model with all weights in float32, as earlier revisions wrote it, and images."""
    card, content = read_model(str(DEFAULT_MODEL))
    content = with_float32_weights(content)
    path = tmp_path / "old.onnx"
    path.write_bytes(content)
    card = card._replace(sha256=hashlib.sha256(content).hexdigest(), made_by="before")
    path.with_suffix(".json").write_text(card.to_json(), encoding="utf-8")
    (tmp_path / "images").mkdir()
    for number, image in enumerate(images):
        cv2.imwrite(str(tmp_path / "images" / f"{number}.png"), image)
    return path


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["shrink.py", *map(str, arguments)])
    shrink.main()


def test_the_file_is_smaller_and_the_descriptors_agree(model, images, monkeypatch, capsys):
    before, size = open_extractor(str(model)), model.stat().st_size
    run(monkeypatch, model, "--images", model.parent / "images")
    after = open_extractor(str(model))
    assert model.stat().st_size < 0.6 * size
    assert after.card.made_by.startswith("before && python3 -m training.export.shrink ")
    assert after.card._replace(made_by="", sha256="") == before.card._replace(made_by="", sha256="")
    assert all(before.describe(image) @ after.describe(image) > 0.9999 for image in images)
    assert f"{size} bytes before" in capsys.readouterr().out


def test_the_package_has_the_file_that_the_command_writes(model, monkeypatch):
    run(monkeypatch, model, "--images", model.parent / "images")
    written, shipped = (hashlib.sha256(path.read_bytes()).hexdigest() for path in (model, DEFAULT_MODEL))
    assert written == shipped  # pytest compares files of megabytes for ever


def test_a_model_that_loses_too_much_is_left_unchanged(model, monkeypatch):
    before = [path.read_bytes() for path in (model, model.with_suffix(".json"))]
    monkeypatch.setattr(parity, "MIN_PARITY", 1.1)
    with pytest.raises(ModelError, match="cosine"):
        run(monkeypatch, model, "--images", model.parent / "images")
    assert [path.read_bytes() for path in (model, model.with_suffix(".json"))] == before
