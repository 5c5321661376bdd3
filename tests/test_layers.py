"""Rules for imports between the parts of the repository, and for the size of files and classes."""

import ast
import glob
import importlib.util
import os
import sys
import sysconfig

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PACKAGE = "place_recognition_ros"

# A part may import the parts of earlier rows; parts of the first row may also import each other.
LAYERS = (
    (
        *("errors", "poses", "types", "config", "images", "rotation", "depth", "stopwatch", "tracking"),
        *("trajectory", "pace", "folders", "yuv", "compressed", "intensity_range"),
        *(
            "package_models",
            "parameter",
            "renamed",
            "validation",
            "worker",
            "static_region",
            "overlay",
            "informative",
        ),
    ),
    ("descriptor", "memory"),
    ("describer",),
    ("loops",),
    ("recorder", "relocalizer", "drawing", "stream", "fleet"),
    ("upkeep",),
    ("detector",),
    ("ros",),
)
ABOVE_ALL = ("tools",)  # may import every part but ros
MAY_IMPORT_ROS = ("ros",)
THIRD_PARTY = {
    *("numpy", "faiss", "cv2", "scipy", "onnxruntime", "tensorrt", "tensorrt_rtx", "pycuda", "yaml"),
    *("rosbags", "mcap"),
    *("pymilvus", "milvus_lite", "grpc"),
}
ROS = {
    *("rospy", "genpy", "rosbag", "rosgraph", "message_filters"),
    *("cv_bridge", "tf2_ros", "dynamic_reconfigure"),
}
# Which other folders a folder of the repository may import.
FOLDERS = {
    "rendering": {PACKAGE},
    "training": {PACKAGE, "rendering"},
    "demo": {PACKAGE, "rendering"},
    "examples": {PACKAGE},
    "benchmarks": {PACKAGE, "rendering", "training", "demo", "examples"},
}
MAX_LINES = 300
MAX_MEMBERS = 12

MODULES = sorted(glob.glob(os.path.join(ROOT, PACKAGE, "**", "*.py"), recursive=True))
SOURCES = [
    path
    for folder in (PACKAGE, *FOLDERS, "tests")
    for path in sorted(glob.glob(os.path.join(ROOT, folder, "**", "*.py"), recursive=True))
] + [os.path.join(ROOT, "run")]


def name_of(path):
    return os.path.relpath(path, ROOT)


def part_of(path):
    """``loops/sequence.py`` of the package → ``loops``; its ``__init__.py`` → ``__init__``."""
    return os.path.splitext(os.path.relpath(path, os.path.join(ROOT, PACKAGE)))[0].split(os.sep)[0]


def imported(path):
    """Dotted names of everything that a module imports, at module level or inside functions."""
    with open(path, encoding="utf-8") as file:
        tree = ast.parse(file.read(), path)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)}: expected absolute imports"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_ros(name):
    top, second = (name + ".").split(".")[:2]
    is_message = top.endswith(("_msgs", "_srvs")) or (top == PACKAGE and second in ("msg", "srv"))
    return is_message or top in ROS


def is_standard(name):
    if name.split(".")[0] in sys.builtin_module_names:
        return True
    spec = importlib.util.find_spec(name.split(".")[0])
    origin = (spec and spec.origin) or ""
    in_folder = origin.startswith(sysconfig.get_path("stdlib")) and "-packages" not in origin
    return in_folder or origin in ("built-in", "frozen")


def layer(part):
    """Row of a part in LAYERS."""
    rows = [row for row, parts in enumerate(LAYERS) if part in parts]
    assert rows, f"expected '{part}' in LAYERS"
    return rows[0]


def may_import(part, other):
    """Whether a part of the package may import another one."""
    if part == other:
        return True
    if part in ABOVE_ALL:
        return other not in MAY_IMPORT_ROS
    return layer(other) < layer(part) or layer(other) == layer(part) == 0


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_the_package_imports_only_lower_layers(path):
    own = [name for name in imported(path) if name.startswith(PACKAGE + ".") and not is_ros(name)]
    wrong = [name for name in own if not may_import(part_of(path), name.split(".")[1])]
    assert not wrong, f"{name_of(path)} must not import {wrong}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_the_ros_layer_imports_ros(path):
    ros = [name for name in imported(path) if is_ros(name)]
    assert not ros or part_of(path) in MAY_IMPORT_ROS, f"{name_of(path)} must not import {ros}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_the_package_imports_only_its_dependencies(path):
    allowed = THIRD_PARTY | {PACKAGE}
    names = {name for name in imported(path) if not is_ros(name) and name.split(".")[0] not in allowed}
    unexpected = sorted(name for name in names if not is_standard(name))
    assert not unexpected, f"{name_of(path)} must not import {unexpected}"


FOLDER_MODULES = [path for path in SOURCES if name_of(path).split(os.sep)[0] in FOLDERS]


@pytest.mark.parametrize("path", FOLDER_MODULES, ids=name_of)
def test_folders_import_only_allowed_folders(path):
    own = name_of(path).split(os.sep)[0]
    project = {PACKAGE, "tests", *FOLDERS}
    used = {name.split(".")[0] for name in imported(path)} & project
    wrong = sorted(used - FOLDERS[own] - {own})
    assert not wrong, f"{name_of(path)} must not import {wrong}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_classes_are_small(path):
    with open(path, encoding="utf-8") as file:
        tree = ast.parse(file.read(), path)
    for node in ast.walk(tree):
        if not isinstance(node, ast.ClassDef) or is_data(node):
            continue
        members = set()
        for each in ast.walk(node):
            if isinstance(each, ast.FunctionDef):
                members.add(each.name)
            elif isinstance(each, ast.Attribute) and isinstance(each.ctx, ast.Store):
                members.update([each.attr] if getattr(each.value, "id", "") == "self" else [])
        public = sorted(name for name in members if not name.startswith("_"))
        assert len(public) <= MAX_MEMBERS, (
            f"{name_of(path)}: {node.name} has {len(public)} public members: {public}"
        )


def is_data(node):
    """Whether a class consists of fields only: a NamedTuple, an enum or the table of parameters."""
    bases = {getattr(base, "id", "") for base in node.bases}
    return bool(bases & {"NamedTuple", "Enum", "IntEnum"}) or node.name == "Config"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_files_are_short(path):
    with open(path, encoding="utf-8") as file:
        lines = sum(1 for _ in file)
    assert lines <= MAX_LINES, f"{name_of(path)} has {lines} lines, more than {MAX_LINES}"


def test_training_has_at_most_12_files_outside_its_folders():
    files = [
        name for name in os.listdir(os.path.join(ROOT, "training")) if not name.startswith("__pycache__")
    ]
    assert sum(os.path.isfile(os.path.join(ROOT, "training", name)) for name in files) <= 12
