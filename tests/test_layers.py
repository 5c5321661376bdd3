"""The rules about what may import what, and about the size of files."""

import ast
import glob
import importlib.util
import os
import sys
import sysconfig

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PACKAGE = "place_recognition_ros"

# A part may import the parts of the lines above it and, in the first line, its neighbours.
LAYERS = (
    ("errors", "poses", "types", "config", "images", "stopwatch"),
    ("descriptor", "keyframes", "loops"),
    ("detector",),
    ("worker", "messages"),
    ("diagnostics", "markers"),
    ("node",),
    ("ros",),
)
ON_TOP = ("tools",)  # may import every part that knows no ROS
KNOW_ROS = ("messages", "diagnostics", "markers", "node", "ros")
THIRD_PARTY = {"numpy", "faiss", "cv2", "scipy", "onnxruntime", "tensorrt", "tensorrt_rtx", "pycuda", "yaml"}
ROS = {"rospy", "rosbag", "genpy", "rosgraph", "message_filters"}
MAX_LINES = 300

MODULES = sorted(glob.glob(os.path.join(ROOT, PACKAGE, "**", "*.py"), recursive=True))
SOURCES = [
    path
    for folder in (PACKAGE, "rendering", "training", "demo", "benchmarks", "tests")
    for path in sorted(glob.glob(os.path.join(ROOT, folder, "**", "*.py"), recursive=True))
] + [os.path.join(ROOT, "run")]


def name_of(path):
    return os.path.relpath(path, ROOT)


def part_of(path):
    """``…/loops/sequence.py`` ► ``loops``; the package's own ``__init__.py`` ► ``__init__``."""
    return os.path.splitext(os.path.relpath(path, os.path.join(ROOT, PACKAGE)))[0].split(os.sep)[0]


def imported(path):
    """Dotted names of all that a module imports, at its top or later."""
    with open(path, encoding="utf-8") as file:
        tree = ast.parse(file.read(), path)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)}: an import is relative"
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
    """Position of a part in LAYERS."""
    places = [i for i, parts in enumerate(LAYERS) if part in parts]
    assert places, f"'{part}' is in none of LAYERS: say where it belongs"
    return places[0]


def may_import(part, other):
    """Whether a part of the package may import another one."""
    if part == other:
        return True
    if part in ON_TOP:
        return other not in KNOW_ROS
    return layer(other) < layer(part) or layer(other) == layer(part) == 0


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_dependencies_point_one_way(path):
    own = [name for name in imported(path) if name.startswith(PACKAGE + ".") and not is_ros(name)]
    wrong = [name for name in own if not may_import(part_of(path), name.split(".")[1])]
    assert not wrong, f"{name_of(path)} must not import {wrong}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_the_shell_knows_ros(path):
    ros = [name for name in imported(path) if is_ros(name)]
    assert not ros or part_of(path) in KNOW_ROS, f"{name_of(path)} must not import {ros}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_the_run_time_needs_little(path):
    allowed = THIRD_PARTY | {PACKAGE}
    names = {name for name in imported(path) if not is_ros(name) and name.split(".")[0] not in allowed}
    strange = sorted(name for name in names if not is_standard(name))
    assert not strange, f"{name_of(path)} must not import {strange}"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_files_are_short(path):
    with open(path, encoding="utf-8") as file:
        lines = sum(1 for _ in file)
    assert lines <= MAX_LINES, f"{name_of(path)} has {lines} lines: something in it wants a name of its own"
