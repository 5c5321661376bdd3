"""Mixed precision in the network, float32 in saved files."""

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from training.network.build import NetworkConfig, build_network  # noqa: E402
from training.network.precision import in_precision  # noqa: E402
from training.network.saving import ARCHITECTURE, load_network, save_network  # noqa: E402

SMALL = NetworkConfig(
    48, 64, backbone="mobilenet_v2", last_block=0, context="", reduced=4, clusters=2, size=4
)


def test_the_precision_changes_and_the_weights_do_not():
    network = build_network(SMALL)
    half = in_precision(network, "mixed_float16")
    assert half.get_layer("reduction").compute_dtype == "float16"
    assert half.get_layer("reduction").variable_dtype == "float32"
    assert half.get_layer("netvlad").compute_dtype == "float32"
    images = np.random.default_rng(0).uniform(-1, 1, (2, 48, 64, 3)).astype(np.float32)
    whole, found = (np.asarray(each(images), np.float32) for each in (network, half))
    assert 0 < np.abs(found - whole).max() < 0.02


def test_saved_networks_are_float32(tmp_path):
    half = in_precision(build_network(SMALL), "mixed_float16")
    save_network(half, tmp_path)
    assert "float16" not in (tmp_path / ARCHITECTURE).read_text()
    loaded = load_network(tmp_path)
    assert {layer.compute_dtype for layer in loaded.layers} == {"float32"}
    for one, other in zip(loaded.get_weights(), half.get_weights()):
        np.testing.assert_array_equal(one, other)
