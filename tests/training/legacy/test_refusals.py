"""Files that are not cartwheel_train's models, or are malicious: refused, and no code is executed."""

import marshal
import os
import types
from functools import partial

import h5py
import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="training needs requirements/training.txt")

from place_recognition_ros.errors import ModelError  # noqa: E402
from tests.training.legacy import legacy_files  # noqa: E402
from tests.training.refusals import refusal  # noqa: E402
from training.legacy import load_legacy  # noqa: E402

_refusal = partial(refusal, load_legacy, shorter_than=600)


def test_a_lambda_layer_is_refused_and_not_executed(tmp_path):
    canary = tmp_path / "canary"
    code = compile(f"open({str(canary)!r}, 'w')", "lambda", "eval")
    function = types.FunctionType(code, {})
    layers = legacy_files.description()
    stored = marshal.dumps(function.__code__).hex()
    config = {"name": "evil", "function_type": "lambda", "function": [stored, None, None]}
    layers["config"]["layers"].insert(
        2, {"class_name": "Lambda", "name": "evil", "config": config, "inbound_nodes": [[["input_1", 0, 0]]]}
    )
    _refusal(legacy_files.write(tmp_path / "a.h5", layers), "'evil'", "Lambda")
    assert not canary.exists()


def _change(kind, name, **config):
    """A file whose layer has other settings."""

    def spoil(layers, arrays):
        (layer,) = [layer for layer in layers["config"]["layers"] if layer["name"] == name]
        layer["class_name"] = kind or layer["class_name"]
        layer["config"].update(config)

    return spoil


def _swap(layers, arrays):
    found = layers["config"]["layers"]
    found[4], found[3] = found[3], found[4]
    for before, layer in zip(found, found[1:]):
        layer["inbound_nodes"] = [[[before["name"], 0, 0, {}]]]


def _skip(layers, arrays):
    layers["config"]["layers"][-2]["inbound_nodes"] = [[["conv_dw_2_relu", 0, 0, {}]]]


def _shorten(layers, arrays):
    del layers["config"]["layers"][-4:-1]
    layers["config"]["layers"][-1]["inbound_nodes"] = [[["conv_dw_2_relu", 0, 0, {}]]]


def _array(layer, weight, array):
    def spoil(layers, arrays):
        if array is None:
            del arrays[layer][weight]
        else:
            arrays[layer][weight] = array

    return spoil


@pytest.mark.parametrize(
    "spoil, parts",
    [
        (_change("Dense", "conv_pw_1"), ["'conv_pw_1'", "Dense"]),
        (_change("SpatialDropout2D", "conv_pw_1_relu"), ["'conv_pw_1_relu'"]),
        (_change("DepthwiseConv2D", "conv_pw_1"), ["conv_pw_1"]),
        (_change(None, "conv_dw_1", strides=[2, 2]), ["strides", "'conv_dw_1'"]),
        (_change(None, "conv_dw_2", padding="same"), ["padding", "'conv_dw_2'"]),
        (_change(None, "conv_pw_1", activation="tanh"), ["activation", "'conv_pw_1'", "tanh"]),
        (_change(None, "conv_pw_1", use_bias=True), ["use_bias", "'conv_pw_1'"]),
        (_change(None, "conv_pad_2", padding=[[1, 1], [1, 1]]), ["padding", "'conv_pad_2'"]),
        (_change(None, "conv_pw_1_bn", epsilon=0.1), ["epsilon", "'conv_pw_1_bn'"]),
        (_change(None, "conv_pw_1_relu", max_value=None), ["max_value", "'conv_pw_1_relu'"]),
        (_change(None, "input_1", batch_input_shape=[None, 10**9, 10**9, 3]), ["8192", str(10**9)]),
        (_change(None, "input_1", batch_input_shape=[None, 32, 48, 2]), ["channels", "2"]),
        (_change(None, "input_1", batch_input_shape=[None, 32]), []),
        (_change(None, "input_1", batch_input_shape="many"), []),
        (_change("GhostVLADLayer", "vlad", num_clusters=9), ["num_clusters", "9"]),
        (_change("GhostVLADLayer", "vlad"), ["num_clusters"]),
        (_swap, ["'conv1'"]),
        (_skip, ["'conv_pw_2_relu'"]),
        (_shorten, ["'conv_dw_2_relu'"]),
        (_array("conv_pw_1", "kernel", None), ["'kernel'", "'conv_pw_1'"]),
        (_array("conv_pw_1", "kernel", np.zeros((1, 1, 32, 63))), ["'conv_pw_1'", "63"]),
        (_array("conv_pw_1_bn", "gamma", np.full(64, np.nan)), ["conv_pw_1_bn/gamma", "finite"]),
        (_array("vlad", "bias", np.zeros(4)), ["'vlad'", "(4,)"]),
        (_array("vlad", "kernel", np.zeros((1, 1, 128, 2000))), ["1024", "2000"]),
        (_array("vlad", "kernel", np.zeros((128, 4))), ["(128, 4)"]),
        (_array("vlad", "cluster_centers", np.zeros((1, 1, 1, 127, 4))), ["'netvlad'", "127"]),
        (lambda layers, arrays: layers["config"].pop("layers"), ["layers"]),
        (lambda layers, arrays: layers["config"]["layers"].clear(), ["none"]),
        (lambda layers, arrays: layers["config"]["layers"].pop(), ["NetVLAD"]),
    ],
)
def test_another_architecture_is_refused(tmp_path, spoil, parts):
    layers, arrays = legacy_files.description(), legacy_files.weights()
    path = tmp_path / "other.h5"
    legacy_files.write(path)
    spoil(layers, arrays)
    if "layers" in layers["config"]:
        legacy_files.write(path, layers, arrays)
    else:
        with h5py.File(path, "a") as file:
            file.attrs["model_config"] = np.bytes_('{"config": {}}')
    _refusal(path, *parts)


def test_files_that_are_not_hdf5_are_refused(tmp_path):
    path = tmp_path / "a.h5"
    _refusal(path)
    path.write_bytes(b"")
    _refusal(path)
    path.write_bytes(os.urandom(1000))
    _refusal(path)
    legacy_files.write(path)
    path.write_bytes(path.read_bytes()[:-5000])
    _refusal(path)


def test_other_hdf5_is_refused(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["numbers"] = np.zeros(3)
    _refusal(path, "model_config")
    for config in (b"no json", b"[" * 100_000, b"[1]", b'{"config": {"layers": [{"name": "a"}]}}'):
        with h5py.File(path, "w", track_order=True) as file:
            file.attrs.create("model_config", np.bytes_(config[:60_000]))
        _refusal(path)


WEIGHT = "model_weights/conv_pw_1/conv_pw_1/kernel:0"


def _soft_link(file, path):
    file[WEIGHT] = h5py.SoftLink("/model_weights/conv_pw_2/conv_pw_2/kernel:0")


def _external_link(file, path):
    with h5py.File(path, "w") as other:
        other["secret"] = np.zeros((1, 1, 32, 64), np.float32)
    file[WEIGHT] = h5py.ExternalLink(str(path), "/secret")


def _external_storage(file, path):
    path.write_bytes(bytes(4 * 32 * 64))
    file.create_dataset(WEIGHT, (1, 1, 32, 64), "f4", external=[(str(path), 0, h5py.h5f.UNLIMITED)])


def _virtual(file, path):
    layout = h5py.VirtualLayout((1, 1, 32, 64), "f4")
    layout[...] = h5py.VirtualSource(str(path), "secret", (1, 1, 32, 64))
    file.create_virtual_dataset(WEIGHT, layout)


def _huge(file, path):
    file.create_dataset(WEIGHT, (1, 1, 2**31, 2**31), "f4", chunks=(1, 1, 64, 64))


def _group(file, path):
    file.create_group(WEIGHT)


def _text(file, path):
    file[WEIGHT] = "abc"


@pytest.mark.parametrize(
    "spoil, part",
    [
        (_soft_link, "link"),
        (_external_link, "link"),
        (_external_storage, "another file"),
        (_virtual, "another file"),
        (_huge, "values"),
        (_group, "dataset"),
        (_text, ""),
        (lambda file, path: None, "missing"),
    ],
)
def test_a_weight_outside_the_file_is_refused(tmp_path, spoil, part):
    path = legacy_files.write(tmp_path / "a.h5")
    with h5py.File(path, "a") as file:
        del file[WEIGHT]
        spoil(file, tmp_path / "other")
    _refusal(path, part)


def test_a_group_in_another_file_is_refused(tmp_path):
    path, other = legacy_files.write(tmp_path / "a.h5"), legacy_files.write(tmp_path / "other.h5")
    for name in ("model_weights/conv_pw_1", "model_weights"):
        with h5py.File(path, "a") as file:
            del file[name]
            file[name] = h5py.ExternalLink(str(other), f"/{name}")
        _refusal(path, "link")


def test_a_damaged_byte_is_refused_or_harmless(tmp_path):
    """Any byte of the file's structure; some are not read."""
    whole = legacy_files.write(tmp_path / "whole.h5").read_bytes()
    random = np.random.default_rng(0)
    path, refused = tmp_path / "a.h5", 0
    for place in random.integers(0, 8000, 12):
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF
        path.write_bytes(damaged)
        try:
            load_legacy(path)
        except ModelError as error:
            refused += 1
            assert str(path) in str(error)
    assert refused > 0


def test_files_are_closed(tmp_path):
    path = legacy_files.write(tmp_path / "a.h5")
    load_legacy(path)
    with h5py.File(path, "a") as file:  # fails if it is still open
        del file["model_weights"]
