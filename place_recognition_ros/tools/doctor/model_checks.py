"""Checks of the models that the package brings: complete, and those that their cards describe."""

import hashlib
import json
import os

from place_recognition_ros.package_models import DEFAULT, FEATURES, model_folders
from place_recognition_ros.tools.doctor.machine import FAIL, OK, Line, Machine

_FIX = "git checkout -- models"


def check_models(machine: Machine) -> Line:
    folder = next((each for each in model_folders() if os.path.isdir(machine.at(each))), "")
    if not folder:
        return Line(FAIL, f"no folder {' or '.join(model_folders())}", _FIX)
    for name in (DEFAULT, FEATURES):
        path = machine.at(os.path.join(folder, name))
        try:
            with open(path, "rb") as file:
                found = hashlib.sha256(file.read()).hexdigest()
            with open(os.path.splitext(path)[0] + ".json", encoding="utf-8") as file:
                expected = json.load(file)["sha256"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            return Line(FAIL, f"{name} or its card cannot be read: {error!r}", _FIX)
        if found != expected:
            return Line(FAIL, f"{name} in {folder} is not the file that its card describes", _FIX)
    return Line(OK, f"{DEFAULT} and {FEATURES} in {folder}")
