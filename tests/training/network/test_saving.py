"""Saving and loading of networks, and malicious files."""

import errno
import json
import os
import zipfile
from functools import partial

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="training needs requirements/training.txt")

from place_recognition_ros.errors import ModelError  # noqa: E402
from tests.training.refusals import refusal  # noqa: E402
from training.network.build import NetworkConfig, build_network  # noqa: E402
from training.network.model_files import load_model  # noqa: E402
from training.network.saving import ARCHITECTURE, WEIGHTS, load_network, save_network  # noqa: E402

SMALL = NetworkConfig(height=32, width=48, last_block=1, context="", reduced=6, clusters=3, size=5)
CHOICES = [
    SMALL,
    SMALL._replace(channels=1, ghosts=2, normalized=False, size=0),
    SMALL._replace(backbone="mobilenet", reduced=0),
    SMALL._replace(backbone="vgg16"),
]
IMAGES = np.random.default_rng(0).uniform(-1, 1, (2, 32, 48, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    return build_network(SMALL)


@pytest.mark.parametrize("config", CHOICES, ids=["default", "ghosts", "mobilenet", "vgg16"])
def test_round_trip(config, tmp_path):
    network = build_network(config)
    save_network(network, tmp_path / "new" / "folder")
    loaded = load_network(tmp_path / "new" / "folder")
    images = IMAGES[..., : config.channels]
    np.testing.assert_array_equal(loaded(images), network(images))
    network.save(tmp_path / "network.keras")
    np.testing.assert_array_equal(load_network(tmp_path / "network.keras")(images), network(images))


def test_the_architecture_is_plain_json(network, tmp_path):
    save_network(network, tmp_path)
    assert sorted(os.listdir(tmp_path)) == [ARCHITECTURE, WEIGHTS]
    layers = json.loads((tmp_path / ARCHITECTURE).read_text())["config"]["layers"]
    assert [layer["name"] for layer in layers] == [layer.name for layer in network.layers]


def test_a_trained_network_is_loaded_without_its_optimizer(network, tmp_path):
    trained = keras.models.clone_model(network)
    trained.compile(optimizer="adam", loss="mse")
    trained.optimizer.build(trained.trainable_variables)
    trained.save(tmp_path / "network.keras")
    loaded = load_network(tmp_path / "network.keras")
    assert not loaded.compiled
    np.testing.assert_array_equal(loaded(IMAGES), trained(IMAGES))


@pytest.mark.parametrize("channels, order", [(3, "RGB"), (1, "GRAY")])
def test_a_saved_network_has_its_pre_processing(channels, order, tmp_path):
    save_network(build_network(SMALL._replace(channels=channels)), tmp_path)
    loaded, spec = load_model(tmp_path)
    assert loaded.output.shape == (None, 5)
    half = (127.5,) * channels
    assert spec == (32, 48, channels, order, "NHWC", half, half)
    with pytest.raises(ValueError, match="pre-processing"):
        load_model(tmp_path, "raw")


OLDER_NAMES = {  # present text of architecture.json → text by an older version
    "training.network.layers.context": "training.layers.surroundings",
    "training.network.layers": "training.layers",
    "ContextFeatures": "Surroundings",
    '"context"': '"surroundings"',
}


def test_networks_that_older_versions_saved_are_loaded(tmp_path):
    config = SMALL._replace(context="mobilenet", context_block=1)
    network = build_network(config)
    save_network(network, tmp_path)
    text = (tmp_path / ARCHITECTURE).read_text(encoding="utf-8")
    for present, older in OLDER_NAMES.items():
        assert present in text
        text = text.replace(present, older)
    (tmp_path / ARCHITECTURE).write_text(text, encoding="utf-8")
    loaded = load_network(tmp_path)
    np.testing.assert_array_equal(loaded(IMAGES), network(IMAGES))
    assert "surroundings" in [layer.name for layer in loaded.layers]
    save_network(loaded, tmp_path / "again")
    assert "Surroundings" not in (tmp_path / "again" / ARCHITECTURE).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [ARCHITECTURE, WEIGHTS])
@pytest.mark.parametrize(
    "content", [None, b"", b"garbage", b"[]", b"[" * 100_000, b'{"class_name": ["Conv2D"], "module": "os"}']
)
def test_a_missing_or_damaged_file_is_refused(network, tmp_path, name, content):
    save_network(network, tmp_path)
    (tmp_path / name).unlink()
    if content is not None:
        (tmp_path / name).write_bytes(content)
    _refusal(tmp_path)


_refusal = partial(refusal, load_network, shorter_than=900)


def test_other_files_are_refused(tmp_path):
    with pytest.raises(ModelError, match=r"nothing\.keras.*missing"):
        load_model(tmp_path / "nothing.keras")
    (tmp_path / "text.keras").write_text("text")
    _refusal(tmp_path / "text.keras")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("readme", "text")
    _refusal(tmp_path / "other.zip", "config.json")
    _refusal(tmp_path, ARCHITECTURE)


def test_weights_of_another_network_are_refused(network, tmp_path):
    others = {
        "wider": SMALL._replace(reduced=7),
        "longer": SMALL._replace(last_block=2),
        "without whitening": SMALL._replace(size=0),
    }
    for name, config in others.items():
        save_network(network, tmp_path / name)
        save_network(build_network(config), tmp_path / "other")
        own, other = tmp_path / name / WEIGHTS, tmp_path / "other" / WEIGHTS
        mine = own.read_bytes()
        other.replace(own)
        _refusal(tmp_path / name)
        other.write_bytes(mine)  # and vice versa
        _refusal(tmp_path / "other")


def _evil_layers(canary):
    """Layers that write a file when executed."""
    command = f"touch {canary}"
    yield _layer(
        "Lambda", "keras.layers", {"function": {"class_name": "__lambda__", "config": {"code": "4w"}}}
    )
    yield _layer("system", "os", {"command": command})
    yield _layer("Conv2D", "os", {"command": command})
    yield _layer("NetVLAD", "os", {"clusters": 3}, registered_name="system")
    yield _layer("Conv2D", "keras.layers", {"filters": 3}, registered_name="evil>Conv2D")
    yield _layer("TFSMLayer", "keras.layers", {"filepath": str(canary)})
    yield _layer("get_file", "keras.utils", {"fname": str(canary), "origin": "file:///etc/passwd"})
    function = {"class_name": "function", "module": "os", "config": "system", "registered_name": "system"}
    yield _layer("Conv2D", "keras.layers", {"filters": 3, "kernel_size": 1, "activation": function})
    yield _layer("Conv2D", "keras.layers", {"filters": 3, "kernel_size": 1, "activation": [{"a": function}]})


def _layer(kind, module, config, registered_name=None):
    return {
        "class_name": kind,
        "module": module,
        "name": "evil",
        "registered_name": registered_name,
        "config": {"name": "evil", **config},
        "inbound_nodes": [],
    }


def test_foreign_classes_are_refused_and_not_executed(network, tmp_path):
    canary = tmp_path / "canary"
    folder, archive = tmp_path / "folder", tmp_path / "evil.keras"
    for evil in _evil_layers(canary):
        save_network(network, folder)
        architecture = json.loads((folder / ARCHITECTURE).read_text())
        architecture["config"]["layers"].insert(1, evil)
        (folder / ARCHITECTURE).write_text(json.dumps(architecture))
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("config.json", json.dumps(architecture))
            file.write(folder / WEIGHTS, "model.weights.h5")
        _refusal(folder, "expected layers out of")  # before Keras reads them
        _refusal(archive, "expected layers out of")
        with zipfile.ZipFile(archive, "w") as file:  # the model is one malicious object
            file.writestr("config.json", json.dumps(evil))
            file.write(folder / WEIGHTS, "model.weights.h5")
        _refusal(archive, "expected layers out of")
    assert not canary.exists()


def test_a_lambda_layer_is_named(network, tmp_path):
    image = keras.Input((32, 48, 3))
    model = keras.Model(image, keras.layers.Lambda(lambda x: x * 2, name="double")(image))
    model.save(tmp_path / "lambda.keras")
    _refusal(tmp_path / "lambda.keras", "Lambda", "'double'")


def test_a_decompression_bomb_is_refused(network, tmp_path, monkeypatch):
    network.save(tmp_path / "network.keras")
    monkeypatch.setattr("training.network.saving._MAX_BYTES", 1000)
    _refusal(tmp_path / "network.keras", "bytes")


def _fill_disk(*arguments, **options):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("failing", ["os.fsync", "os.replace", "keras.Model.save_weights"])
def test_a_full_disk_keeps_the_old_network(network, tmp_path, monkeypatch, failing):
    save_network(network, tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    other = build_network(SMALL._replace(clusters=4))
    monkeypatch.setattr(failing, _fill_disk)
    with pytest.raises(OSError, match=rf"{WEIGHTS}' to be written. Received: No space") as caught:
        save_network(other, tmp_path)
    assert caught.value.errno == errno.ENOSPC
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
