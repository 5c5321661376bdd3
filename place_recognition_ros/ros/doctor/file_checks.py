"""Checks of the files of the node: its models, its map, and the disk."""

import os
import shutil
from typing import Iterator, Tuple

from place_recognition_ros.descriptor.model_card import default_model_path, read_model
from place_recognition_ros.descriptor.orb import OrbFinder
from place_recognition_ros.errors import MapMismatch, PlaceRecognitionError, StoreBusy
from place_recognition_ros.folders import ros_home
from place_recognition_ros.memory.compatibility import checked_schema
from place_recognition_ros.memory.map_reader import read_meta
from place_recognition_ros.package_models import FEATURES
from place_recognition_ros.ros.doctor.finding import ERROR, OK, WARN, Finding
from place_recognition_ros.ros.doctor.graph import launch
from place_recognition_ros.ros.doctor.listener import Observation

LITTLE, LEAST = 2e9, 100e6  # bytes free on the disk of the map; a full one takes 1.5 GB


def check_files(seen: Observation) -> Iterator[Finding]:
    """Whether the models and the map can be opened and belong to each other; paths are of this machine."""
    node = seen.node
    if node.registered and not node.is_local:
        yield Finding(
            OK, "files", f"{node.name} runs on another machine: start the doctor there to check its files"
        )
        return
    try:
        model, features = model_ids(str(node.parameter("model")), str(node.parameter("feature_model")))
    except PlaceRecognitionError as error:
        yield Finding(
            ERROR, "model", str(error), "git checkout -- models   (or correct ~model, ~feature_model)"
        )
        return
    yield Finding(OK, "model", f"{model}, local features of {features}")
    path = map_path(str(node.parameter("map_path")), node.name)
    if not path:
        found = "map_path is none: the map is lost when the node ends"
        yield Finding(WARN, "map", found, launch(seen.graph, node.name, "map_path:=default"))
        return
    yield _check_map(seen, path, model, features)
    yield from _check_disk(path)


def model_ids(model: str, features: str) -> Tuple[str, str]:
    """The ids of the two models of a node.

    Args:
        model: the parameter.
        features: the parameter ``feature_model``.

    Raises:
        ModelError: if one is missing or damaged.
    """
    card, _ = read_model(model or default_model_path())
    if features == OrbFinder.model_id:
        return card.model_id, features
    return card.model_id, read_model(features or default_model_path(FEATURES), "local_features")[0].model_id


def map_path(parameter: str, node: str) -> str:
    """The file of the map, by the parameter; empty: it is temporary. Nothing is created."""
    if parameter in ("", "none"):
        return ""
    return os.path.expanduser(
        parameter if parameter != "default" else os.path.join(ros_home(), node.strip("/") + ".db")
    )


def _check_map(seen: Observation, path: str, model: str, features: str) -> Finding:
    if not os.path.exists(path):
        return Finding(OK, "map", f"{path}: new")
    try:
        schema = checked_schema(read_meta(path), path, model, features)
    except StoreBusy:
        return Finding(OK, "map", f"{path}: in use by a node")
    except MapMismatch as error:
        new = os.path.splitext(path)[0] + ".new.db"
        command = launch(seen.graph, seen.node.name, f"map_path:={new}")
        reembed = f"python3 -m place_recognition_ros.tools.map reembed {path} {new}"
        return Finding(
            ERROR, "map", str(error), f"{command}   (a new map; to convert the old one: {reembed})"
        )
    except PlaceRecognitionError as error:
        return Finding(
            ERROR, "map", str(error), f"ls -l {path}; the node moves a damaged map aside when it starts"
        )
    return Finding(OK, "map", f"{path}: schema {schema}, of this model")


def _check_disk(path: str) -> Iterator[Finding]:
    folder = os.path.dirname(os.path.abspath(path))
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    free = shutil.disk_usage(folder).free
    found = f"{free / 1e9:.1f} GB free for the map in {folder}"
    if free >= LITTLE and os.access(folder, os.W_OK):
        yield Finding(OK, "map disk", found)
        return
    level = ERROR if free < LEAST or not os.access(folder, os.W_OK) else WARN
    blocked = "" if os.access(folder, os.W_OK) else "; it is not writable"
    yield Finding(
        level, "map disk", found + blocked, "sudo apt-get clean && df -h; or map_path:= on another disk"
    )
