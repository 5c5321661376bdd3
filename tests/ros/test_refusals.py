"""Parameters, models and maps that the node refuses: it exits with one line that contains the cause."""

import json
import os
import re
import shutil
import sqlite3
from contextlib import closing

import pytest

from place_recognition_ros.descriptor.model_card import default_model_path
from tests.ros.camera import PARAMETERS, THERE, Camera, stored

TIMEOUT = 10  # seconds, for the start and the end of a node on a busy machine


@pytest.fixture
def refusal(start_node):
    """``refusal(**parameters)`` → the error line of a node that exits because of these parameters."""

    def refuse(**parameters):
        node = start_node(name="refused", ready=False, **parameters)
        assert node.wait(TIMEOUT) == 1
        assert "Traceback" not in node.log
        lines = [line for line in node.log.splitlines() if "FATAL" in line]
        assert len(lines) == 1, node.log
        assert "expected" in lines[0] and "Received" in lines[0]
        return lines[0]

    return refuse


@pytest.fixture
def other_model(tmp_path):
    """``other_model(**changes)`` → path of a copy of the default model, with changes in its card."""
    onnx = tmp_path / "other.onnx"
    shutil.copy(default_model_path(), onnx)
    with open(os.path.splitext(default_model_path())[0] + ".json", encoding="utf-8") as file:
        card = json.load(file)

    def write(**changes):
        (tmp_path / "other.json").write_text(json.dumps({**card, **changes}), encoding="utf-8")
        return str(onnx)

    return write


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("no_such_parameter", 1),
        ("max_rate_hz", -1.0),
        ("top_k", "many"),
    ],
)
def test_an_invalid_parameter_is_refused(refusal, name, value):
    line = refusal(**{name: value})
    assert f"'{name}'" in line
    assert repr(value) in line


def test_a_missing_model_is_refused(refusal, tmp_path):
    path = str(tmp_path / "missing.onnx")
    assert path in refusal(model=path)


def test_a_model_without_its_card_is_refused(refusal, other_model, tmp_path):
    path = other_model()
    (tmp_path / "other.json").unlink()
    assert str(tmp_path / "other.json") in refusal(model=path)


def test_a_model_with_a_wrong_sha256_is_refused(refusal, other_model):
    path = other_model()
    with open(path, "ab") as file:
        file.write(b"\0")
    line = refusal(model=path)
    assert path in line and "SHA-256" in line


def test_a_file_that_is_not_a_model_is_refused(refusal, other_model, tmp_path):
    path = other_model(sha256="e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    (tmp_path / "other.onnx").write_bytes(b"")
    assert "EngineError" in refusal(model=path)


def test_a_map_of_another_model_is_refused_and_not_changed(ros, start_node, refusal, other_model, tmp_path):
    path = str(tmp_path / "map.db")
    node = start_node(map_path=path, **PARAMETERS)
    result = Camera(ros).publish_and_wait(THERE[0])
    node.stop()
    line = refusal(map_path=path, model=other_model(name="other"))
    assert path in line
    assert re.search(r"model other-\w+\. Received", line) and "descriptors" in line
    assert [number for number, *_ in stored(path)] == [result.query_id]


@pytest.mark.parametrize("name", ["no/such/folder/map.db", "."])
def test_a_map_path_that_is_not_a_file_is_refused(refusal, tmp_path, name):
    path = str(tmp_path / name)
    assert path in refusal(map_path=path)


def test_the_database_of_another_program_is_refused(refusal, tmp_path):
    path = str(tmp_path / "map.db")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE songs (name TEXT)")
    assert path in refusal(map_path=path)
