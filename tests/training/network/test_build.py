"""Networks from their configuration."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="training needs requirements/training.txt")

from training.network.build import NetworkConfig, build_network, input_spec, resized  # noqa: E402
from training.network.prediction import predict  # noqa: E402

SMALL = NetworkConfig(
    height=32, width=48, last_block=2, context="", reduced=6, clusters=3, position=0.0, size=5
)

HEAD = ["reduction", "netvlad", "whitening", "descriptor"]


def _names(network):
    return [layer.name for layer in network.layers]


def test_names_of_the_layers():
    network = build_network(SMALL)
    assert network.input.shape == (None, 32, 48, 3)
    assert network.output.shape == (None, 5)
    assert _names(network)[0] == "image"
    assert _names(network)[-4:] == HEAD


@pytest.mark.parametrize(
    "changes, size, ends",
    [
        ({"reduced": 0}, 5, ["netvlad", "whitening", "descriptor"]),
        ({"size": 0}, 18, ["reduction", "netvlad"]),
        ({"reduced": 0, "size": 0}, 72, ["block_2_add", "netvlad"]),
        ({"context": "mobilenet", "context_block": 4}, 5, ["context", *HEAD]),
        ({"context": "vgg16", "context_block": 4, "channels": 1}, 5, ["context", *HEAD]),
        ({"channels": 1}, 5, ["whitening", "descriptor"]),
        ({"position": 0.5, "size": 0}, 24, ["reduction", "netvlad"]),
        ({"ghosts": 2}, 5, ["whitening", "descriptor"]),
        ({"ghosts": 2, "size": 0}, 18, ["reduction", "netvlad"]),
        ({"backbone": "mobilenet", "last_block": 5}, 5, ["whitening", "descriptor"]),
        ({"backbone": "vgg16", "last_block": 2, "reduced": 0, "size": 0}, 384, ["block2_conv2", "netvlad"]),
    ],
)
def test_every_configuration_gives_unit_vectors(changes, size, ends):
    config = SMALL._replace(**changes)
    network = build_network(config)
    assert _names(network)[-len(ends) :] == ends
    images = np.random.default_rng(0).uniform(-1, 1, (2, 32, 48, config.channels)).astype(np.float32)
    output = np.asarray(network(images))
    assert output.shape == (2, size)
    np.testing.assert_allclose(np.linalg.norm(output, axis=1), 1.0, atol=1e-4)


@pytest.mark.parametrize(
    "changes, part",
    [
        ({"backbone": "alexnet"}, "'alexnet'"),
        ({"channels": 2}, "2"),
        ({"context": "alexnet"}, "'alexnet'"),
        ({"context": "mobilenet_v2"}, "for the backbone mobilenet_v2"),  # its layers have the same names
        ({"context": "mobilenet", "context_block": 1, "last_block": 8}, "second grid"),
        ({"last_block": 99}, "99"),
        ({"clusters": 0}, "clusters=0"),
        ({"ghosts": -1}, "ghosts=-1"),
        ({"size": -1}, "size=-1"),
    ],
)
def test_invalid_configurations_are_refused(changes, part):
    with pytest.raises(ValueError, match=part):
        build_network(SMALL._replace(**changes))


def test_pre_processing():
    assert input_spec(SMALL)[:4] == (32, 48, 3, "RGB")
    assert input_spec(SMALL._replace(channels=1))[:4] == (32, 48, 1, "GRAY")
    assert input_spec(SMALL)[4:] == ("NHWC", (127.5,) * 3, (127.5,) * 3)


def test_a_resized_network_has_the_same_weights_and_output():
    network = build_network(SMALL)
    other = resized(network, 64, 80)
    assert other.input.shape == (None, 64, 80, 3)
    same = resized(other, 32, 48)
    images = np.random.default_rng(0).uniform(-1, 1, (2, 32, 48, 3)).astype(np.float32)
    np.testing.assert_allclose(same(images), network(images), atol=1e-6)


@pytest.mark.parametrize("size", [(0, 48), (-32, 48)])
def test_a_size_without_pixels_is_refused(size):
    with pytest.raises(ValueError, match=f"{size[0]} × {size[1]} pixels"):
        resized(build_network(SMALL), *size)


def test_a_size_too_small_for_the_network_is_refused():
    with pytest.raises(ValueError, match="4 × 4 pixels"):
        resized(build_network(SMALL._replace(backbone="vgg16", last_block=5)), 4, 4)


@pytest.mark.parametrize("count", [1, 32, 33])
def test_predictions_do_not_depend_on_the_number_of_inputs(count):
    inputs = np.random.default_rng(0).normal(size=(count, 1, 4)).astype(np.float32)
    network = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    found = predict(network, iter(inputs))
    assert (found.shape, found.dtype) == ((count, 3), np.float32)
    np.testing.assert_allclose(found, network.predict_on_batch(inputs[:, 0]), atol=1e-6)
