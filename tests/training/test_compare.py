"""The table of models/README.md."""

import json
import subprocess
from types import SimpleNamespace

import pytest

pytest.importorskip("onnxruntime")

from place_recognition_ros.descriptor.model_card import read_model
from training import compare


def test_table_goes_between_the_markers():
    text = f"# Models\n\n{compare.BEGIN}\nold\n{compare.END}\n\n## More\n"
    once = compare.replace_between(text, "| new |\n")
    assert once == f"# Models\n\n{compare.BEGIN}\n\n| new |\n\n{compare.END}\n\n## More\n"
    assert compare.replace_between(once, "| new |\n") == once


@pytest.mark.parametrize(
    "text",
    [
        "",
        compare.BEGIN,
        compare.END + compare.BEGIN,
        2 * (compare.BEGIN + compare.END),
        compare.BEGIN + 2 * compare.END,
    ],
)
def test_missing_markers_are_refused(text):
    with pytest.raises(ValueError, match="once each"):
        compare.replace_between(text, "new")


@pytest.mark.parametrize(
    ("name", "sha256"), [("previous default", "fe29fa27e5eb"), ("untrained baseline", "8523f1174770")]
)
def test_earlier_defaults_are_read_from_the_history(name, sha256, tmp_path):
    known = ["git", "-C", str(compare.PROJECT), "cat-file", "-e", compare._EARLIER[name]]
    if subprocess.run(known, capture_output=True, check=False).returncode:
        pytest.skip("needs the repository's history")
    card, _ = read_model(str(compare.earlier(name, tmp_path)))
    assert card.sha256.startswith(sha256)


def test_measured_recall_is_written_to_the_card():
    card = json.dumps({"name": "default", "recall_at_1": {"old": 0.5}, "licence": "ü"})
    evaluation = SimpleNamespace(figures={"set": SimpleNamespace(recall={1: 0.123456, 5: 1.0})})
    text = compare.with_recall(card, evaluation)
    assert json.loads(text) == {"name": "default", "recall_at_1": {"set": 0.1235}, "licence": "ü"}
    assert list(json.loads(text)) == ["name", "recall_at_1", "licence"]
    assert "ü" in text


def test_missing_history_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(compare, "PROJECT", tmp_path)
    with pytest.raises(ValueError, match=r"expected the untrained baseline in the repository's history"):
        compare.earlier("untrained baseline", tmp_path)


def test_a_model_that_cannot_be_exported_is_named(tmp_path, monkeypatch):
    script = tmp_path / "training" / "export.py"
    script.parent.mkdir()
    (script.parent / "__init__.py").touch()
    script.write_text("import sys\nsys.exit('a warning\\n✗ expected a model')")
    monkeypatch.setattr(compare, "PROJECT", tmp_path)
    with pytest.raises(ValueError, match=r"bad\.h5' to be exported\. Received: ✗ expected a model$"):
        compare.export_legacy(tmp_path / "bad.h5", tmp_path, tmp_path)
