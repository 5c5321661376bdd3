"""Keras files that run code where Keras itself opens them: one for each known way."""

import base64
import json
import marshal
import pickle
import sys
import zipfile
from contextlib import suppress

import numpy as np
import pytest

from place_recognition_ros.errors import ModelError
from tests.faults.forms import fault, forms
from tests.faults.test_pickles import Payload

if sys.version_info < (3, 9):
    pytest.skip("training needs Python 3.9", allow_module_level=True)
keras = pytest.importorskip("keras", reason="training needs requirements/training.txt")
h5py = pytest.importorskip("h5py", reason="training needs requirements/training.txt")


def function_that_creates(path):
    return eval(f"lambda *inputs, **options: __import__('os').mkdir({str(path)!r})")


def function(module, name, *arguments, **options):
    """A "layer" that is a call of any function."""
    node = {"args": [*arguments], "kwargs": options}
    return {"module": module, "class_name": "function", "config": name, "name": "evil",
            "registered_name": name, "inbound_nodes": [node]}  # fmt: skip


def lambda_of_keras_2(canary):
    """CVE-2024-3660: byte code in a description of Keras 2."""
    stored = marshal.dumps(function_that_creates(canary).__code__).hex()
    config = {"name": "evil", "function_type": "lambda", "function": [stored, None, None]}
    return {
        "class_name": "Lambda",
        "name": "evil",
        "config": config,
        "inbound_nodes": [[["image", 0, 0, {}]]],
    }


def lambda_of_keras_3(canary):
    """CVE-2025-9905: safe_mode is ignored where the file is HDF5."""
    code, _, _ = keras.src.utils.python_utils.func_dump(function_that_creates(canary))
    stored = {"class_name": "__lambda__", "config": {"code": code, "defaults": None, "closure": None}}
    config = {"name": "evil", "function": stored}
    return {"module": "keras.layers", "class_name": "Lambda", "registered_name": None, "name": "evil",
            "config": config, "inbound_nodes": [{"args": [], "kwargs": {}}]}  # fmt: skip


def pickled(canary):
    return base64.b64encode(pickle.dumps(Payload(canary))).decode()


HOSTILE = {
    "CVE-2024-3660": lambda_of_keras_2,
    "CVE-2025-9905": lambda_of_keras_3,
    "CVE-2025-1550": lambda canary: function("os", "mkdir", str(canary)),
    "CVE-2025-1550, subprocess": lambda canary: function("subprocess", "run", ["mkdir", str(canary)]),
    "CVE-2025-8747": lambda canary: function(
        *("keras.utils", "get_file", "a", f"file://{__file__}"),
        cache_dir=str(canary.parent),
        cache_subdir="canary",
    ),
    "CVE-2025-9906": lambda canary: function("keras.config", "enable_unsafe_deserialization"),
    "CVE-2025-49655": lambda canary: {
        "module": "keras.src.utils.torch_utils", "class_name": "TorchModuleWrapper", "registered_name": None,
        "name": "evil", "config": {"name": "evil", "module": pickled(canary)},
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def network():
    image = keras.Input((8, 8, 3), name="image")
    middle = keras.layers.Conv2D(2, 3, name="first")(image)
    return keras.Model(image, keras.layers.Conv2D(2, 3, name="second")(middle))


def described(network, place, hostile):
    """The description of a network with a hostile part among its layers, or in the settings of one."""
    description = json.loads(network.to_json())
    layers = description["config"]["layers"]
    if place < len(layers) + 1:
        layers.insert(place, hostile)
    elif place % 2:
        layers[place % len(layers)]["config"]["kernel_initializer"] = hostile
    else:
        description["compile_config"] = {"optimizer": hostile}
        layers.append(hostile)
    return description


def as_folder(path, network, description):
    path.mkdir()
    network.save_weights(path / "network.weights.h5")
    (path / "architecture.json").write_text(json.dumps(description), encoding="utf-8")


def as_keras_file(path, network, description):
    network.save(path)
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    content["config.json"] = json.dumps(description).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, stored in content.items():
            archive.writestr(name, stored)


def as_hdf5(path, network, description):
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = np.bytes_(json.dumps(description))
        file.attrs["keras_version"] = np.bytes_("2.2.4")
        file.create_group("model_weights")


@fault(39, "Hostile .keras or .h5")
@pytest.mark.parametrize("name", HOSTILE)
@forms(1, 6)
def test_a_hostile_file_is_refused_and_runs_nothing(amount, name, network, tmp_path, tried):
    """As a folder, as .keras and as HDF5; in the long form at each place of the description."""
    from training.evaluation.models import open_model
    from training.network.model_files import load_model
    from training.network.saving import load_network

    canary, count = tmp_path / "canary", 0
    for place in range(amount):
        description = described(network, place + 1 if amount == 1 else place, HOSTILE[name](canary))
        for write, suffix in (
            (as_folder, ""),
            (as_keras_file, ".keras"),
            (as_hdf5, ".h5"),
            (as_hdf5, ".keras"),
        ):
            path = tmp_path / f"network-{count}{suffix}"
            write(path, network, description)
            for read in (load_model, load_network, open_model):
                with pytest.raises(ModelError, match="expected"):
                    read(path)
                assert not canary.exists()
            count += 1
    assert keras.src.saving.serialization_lib.in_safe_mode() is not False
    tried(f"{name}: folder, .keras and .h5", f"{count} files, read in 3 ways", "refused, nothing run")


@fault(39, "Hostile .keras or .h5")
def test_the_canary_works(network, tmp_path):
    """Keras itself runs the code, if it may trust the file."""
    canary, path = tmp_path / "canary", tmp_path / "network.keras"
    description = json.loads(network.to_json())
    evil = lambda_of_keras_3(canary)
    layer = description["config"]["layers"][-1]
    layer.update({key: value for key, value in evil.items() if key not in ("inbound_nodes", "name")})
    layer["config"]["name"] = "second"
    as_keras_file(path, network, description)
    with suppress(Exception):  # the result of the function is no tensor
        keras.saving.load_model(path, safe_mode=False)
    assert canary.exists()
