"""Freezing of layers."""

import pytest

keras = pytest.importorskip("keras")

from training.network.build import NetworkConfig, build_network  # noqa: E402
from training.network.freezing import freeze  # noqa: E402


@pytest.fixture
def network():
    return build_network(
        NetworkConfig(48, 64, backbone="mobilenet", last_block=2, context="", reduced=4, clusters=2, size=4)
    )


def test_named_layers_and_all_normalization_are_frozen(network):
    freeze(network, "conv1|conv_dw_1")
    frozen = {layer.name for layer in network.layers if layer.weights and not layer.trainable}
    normalization = {layer.name for layer in network.layers if layer.name.endswith("_bn")}
    assert frozen == {"conv1", "conv_dw_1"} | normalization
    assert not any(
        variable.path.startswith(("conv1/", "conv_dw_1/")) for variable in network.trainable_variables
    )


def test_freezing_again_replaces_the_frozen_layers(network):
    freeze(network, "conv")
    freeze(network, "")
    assert all(layer.trainable for layer in network.layers if not layer.name.endswith("_bn"))


@pytest.mark.parametrize("pattern", ["(", "onv1", "block_1_"])
def test_a_pattern_without_a_match_is_refused(network, pattern):
    with pytest.raises(ValueError, match=r"optimizer\.frozen") as caught:
        freeze(network, pattern)
    assert pattern in str(caught.value)
