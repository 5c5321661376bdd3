"""Files that contain Python objects: their code never runs, and no code of this repository could run it."""

import ast
import glob
import io
import os
from pathlib import Path

import numpy as np
import pytest

from tests.faults.forms import fault, forms

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDERS = ("place_recognition_ros", "training", "rendering", "demo", "benchmarks", "examples", "nodes", ".ci")
BANNED = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "jsonpickle"}


class Payload:
    """Creates a folder when it is read."""

    def __init__(self, canary):
        self._canary = str(canary)

    def __reduce__(self):
        return os.mkdir, (self._canary,)


def read_mobilenet(path, keras):
    from training.network import backbones

    image = keras.Input((32, 32, 3))
    backbones.load_mobilenet_weights(keras.Model(image, backbones.mobilenet(image, 1)), path)


def read_mobilenet_v2(path, keras):
    from training.network import backbones

    image = keras.Input((32, 32, 3))
    backbones.load_mobilenet_v2_weights(keras.Model(image, backbones.mobilenet_v2(image, 0)), path)


def read_checkpoint(path, keras):
    from training.learning.checkpoint import load_checkpoint

    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    load_checkpoint(path, network, keras.optimizers.SGD())


def read_step(path, keras):
    from training.learning.checkpoint import saved_step

    assert saved_step(path) == 0
    raise ValueError("treated as missing")


def read_cached_features(path, keras):
    from training.learning.local_features import LocalFeatures

    image = keras.Input((2,))
    LocalFeatures(Path(path), None, 1, 0).open(keras.Model(image, keras.layers.Dense(1)(image)))


READERS = [read_mobilenet, read_mobilenet_v2, read_checkpoint, read_step, read_cached_features]
KEYS = [
    "conv1|kernel",
    *(f"{n:02}_{kind}" for n in range(9) for kind in "wb"),
    "network_0000",
    "step",
    "mined",
]


@fault(40, "Pickle or object .npy")
@pytest.mark.parametrize("read", READERS)
@forms(1, 20)
def test_objects_in_numpy_files_are_refused_and_run_nothing(amount, read, tmp_path, tried):
    keras = pytest.importorskip("keras", reason="needs requirements/training.txt")
    canary, path = tmp_path / "canary", str(tmp_path / "arrays.npz")
    objects = np.array([Payload(canary)], object)
    content = io.BytesIO()
    np.save(content, objects, allow_pickle=True)
    plain = content.getvalue()
    for number in range(amount):
        if read is read_cached_features or number % 2:
            Path(path).write_bytes(plain if number % 4 < 2 else plain[plain.index(b"\x80") :])  # bare pickle
        else:
            np.savez(path, **dict.fromkeys(KEYS, objects))
        with pytest.raises(ValueError):
            read(path, keras)
        assert not canary.exists()
    tried(f".npy, .npz and bare pickles, {read.__name__[5:]}", f"{amount} files", "refused, nothing run")


@fault(40, "Pickle or object .npy")
def test_the_canary_works(tmp_path):
    """With pickles allowed, the file does what it says."""
    canary, path = tmp_path / "canary", str(tmp_path / "array.npy")
    np.save(path, np.array([Payload(canary)], object), allow_pickle=True)
    np.load(path, allow_pickle=True)
    assert canary.is_dir()


def unsafe(source):
    """Lines of a Python source that could run code of a file: pickles, ``np.load`` that may allow them."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
            if BANNED & {name.split(".")[0] for name in names}:
                yield node.lineno
        elif isinstance(node, ast.Call):
            name = ast.dump(node.func)
            options = {each.arg: getattr(each.value, "value", None) for each in node.keywords}
            loads = "attr='load'" in name and ("id='np'" in name or "id='numpy'" in name)
            if loads and options.get("allow_pickle") is not False:
                yield node.lineno
            if "allow_pickle" in options and options["allow_pickle"] is not False:
                yield node.lineno
            if "attr='load'" in name and "id='torch'" in name and "attr='jit'" not in name:
                yield node.lineno
            if "attr='read_pickle'" in name:
                yield node.lineno


@fault(40, "Pickle or object .npy")
def test_no_source_outside_the_tests_can_read_objects():
    """``allow_pickle=False`` everywhere: the default of old versions of NumPy was True."""
    sources = []
    for folder in FOLDERS:
        sources += glob.glob(os.path.join(ROOT, folder, "**", "*"), recursive=True)
    found, read = [], 0
    for path in sources:
        if not os.path.isfile(path) or os.path.splitext(path)[1] not in ("", ".py"):
            continue
        with open(path, encoding="utf-8") as file:
            source = file.read()
        if path.endswith(".py") or source.startswith("#!/usr/bin/env python3"):
            read += 1
            found += [f"{os.path.relpath(path, ROOT)}:{line}" for line in unsafe(source)]
    assert found == []
    assert read > 100


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from pickle import loads",
        "import joblib as j",
        "np.load(path)",
        "numpy.load(path, 'r')",
        "np.load(path, allow_pickle=True)",
        "np.load(path, allow_pickle=allowed)",
        "np.lib.format.read_array(file, allow_pickle=True)",
        "torch.load(path)",
        "pandas.read_pickle(path)",
    ],
)
def test_the_search_finds_what_is_unsafe(source):
    assert set(unsafe(source)) == {1}
    assert list(unsafe("np.load(path, allow_pickle=False); np.loadtxt(path); torch.jit.load(path)")) == []
