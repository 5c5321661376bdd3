"""The machine check of the models: complete, altered, damaged, missing."""

import hashlib
import json
import os
import re

import pytest

from place_recognition_ros.package_models import DEFAULT, FEATURES, model_folders
from place_recognition_ros.tools.doctor.machine import FAIL, OK, Machine, this_machine
from place_recognition_ros.tools.doctor.model_checks import check_models

FOLDER = model_folders()[1]  # of the source tree
CARD = json.dumps({"sha256": hashlib.sha256(b"a model").hexdigest()})
COMPLETE = {
    "default.onnx": "a model",
    "default.json": CARD,
    "features.onnx": "a model",
    "features.json": CARD,
}


@pytest.fixture
def check(tmp_path):
    """``check(files, folder)``: the finding on a machine with these models in that folder."""

    def check(files, folder=FOLDER):
        machine = Machine(str(tmp_path), None, None, "", {})
        for name, text in files.items():
            os.makedirs(machine.at(folder), exist_ok=True)
            with open(machine.at(os.path.join(folder, name)), "w", encoding="utf-8") as file:
                file.write(text)
        return check_models(machine)

    return check


@pytest.mark.parametrize("folder", model_folders())
def test_both_models_are_found_in_the_package_the_source_tree_or_the_install_space(check, folder):
    line = check(COMPLETE, folder)
    assert (line.mark, line.fix) == (OK, "")
    assert line.found == f"{DEFAULT} and {FEATURES} in {folder}"


@pytest.mark.parametrize(
    "change, words",
    [
        ({"features.onnx": "another"}, "features.onnx in .* is not the file that its card describes"),
        ({"default.onnx": "a mode"}, "default.onnx in .* is not the file that its card describes"),
        ({"features.onnx": None}, "features.onnx or its card cannot be read: FileNotFoundError"),
        ({"features.json": None}, "features.onnx or its card cannot be read: FileNotFoundError"),
        ({"default.json": "{"}, "default.onnx or its card cannot be read: JSONDecodeError"),
        ({"default.json": "{}"}, "default.onnx or its card cannot be read: KeyError"),
        ({"default.json": "[]"}, "default.onnx or its card cannot be read: TypeError"),
        (dict.fromkeys(COMPLETE), "no folder .*models"),
    ],
)
def test_a_fault_is_reported_with_its_fix(check, change, words):
    line = check({name: text for name, text in {**COMPLETE, **change}.items() if text is not None})
    assert (line.mark, line.fix) == (FAIL, "git checkout -- models")
    assert re.search(words, line.found), line.found


def test_the_models_of_this_repository_are_those_of_their_cards():
    assert check_models(this_machine()).mark == OK
