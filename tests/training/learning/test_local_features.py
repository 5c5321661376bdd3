"""Cached local features of a frozen backbone, and training of the head with them."""

import errno
import os

import numpy as np
import pytest

keras = pytest.importorskip("keras")
pytest.importorskip("tensorflow")

from place_recognition_ros.descriptor.preprocess import InputSpec, prepare  # noqa: E402
from training.learning.config import read_config  # noqa: E402
from training.learning.initialization import AugmentedViews  # noqa: E402
from training.learning.local_features import LocalFeatures, split_network  # noqa: E402
from training.network.build import NetworkConfig, build_network  # noqa: E402
from training.network.freezing import freeze  # noqa: E402
from training.network.saving import load_network  # noqa: E402
from training.train import train  # noqa: E402

SMALL = NetworkConfig(
    48, 64, backbone="mobilenet_v2", last_block=1, context="", reduced=6, clusters=4, size=5
)
SPEC = InputSpec(48, 64, 3, "RGB", "NHWC", (127.5,) * 3, (127.5,) * 3)
IMAGES = np.random.default_rng(0).integers(0, 256, (5, 48, 64, 3), dtype=np.uint8)
FROZEN = "Conv1|expanded_conv|block_"
HEAD = ["batch.copies=2", "optimizer.frozen=Conv1|expanded_conv"]


def darker(image, seed):
    return (image * (0.4 + 0.1 * (seed % 5))).astype(np.uint8)


def views(copies):
    return AugmentedViews(IMAGES, range(len(IMAGES)), SPEC, darker, copies)


def altered(index, seed):
    return prepare(darker(IMAGES[index], seed), SPEC)


PLAIN = np.concatenate([prepare(image, SPEC) for image in IMAGES])


@pytest.fixture
def network():
    keras.utils.set_random_seed(0)
    network = build_network(SMALL)
    freeze(network, FROZEN)
    return network


@pytest.mark.parametrize("changes", [{}, {"reduced": 0}, {"size": 0}])
def test_backbone_and_head_together_are_the_network(changes):
    network = build_network(SMALL._replace(**changes))
    freeze(network, FROZEN)
    backbone, head = split_network(network)
    images = np.concatenate([altered(index, 0) for index in range(5)])
    netvlad = network.get_layer("netvlad")
    netvlad.centers.assign(netvlad.centers + 0.5)
    output = head.predict_on_batch(backbone.predict_on_batch(images))
    np.testing.assert_allclose(output, network.predict_on_batch(images), atol=1e-5)
    assert len(head.trainable_variables) == len(network.trainable_variables)


def test_a_trainable_backbone_is_refused(network):
    freeze(network, "Conv1|expanded_conv")
    with pytest.raises(ValueError, match=r"optimizer\.frozen .*batch\.copies .*without block_1_expand, "):
        split_network(network)


def test_features_are_those_of_the_image_and_its_copies(network, tmp_path):
    backbone, head = split_network(network)
    features = LocalFeatures(tmp_path / "features.npy", views(2), 5, 2)
    features.open(backbone)
    for seed, copy in ((0, None), (1, 6), (2, 7), (3, None)):
        expected = backbone.predict_on_batch(PLAIN[3:4] if copy is None else altered(3, copy))
        assert expected.shape == features([3], [seed]).shape
        np.testing.assert_allclose(features([3], [seed]), expected, rtol=2e-3, atol=1e-4)
    np.testing.assert_allclose(features.describe(head), network.predict_on_batch(PLAIN), atol=3e-3)


def test_features_are_computed_once(network, tmp_path, capsys):
    backbone, _ = split_network(network)
    path = tmp_path / "features.npy"
    for _ in range(2):
        LocalFeatures(path, views(2), 5, 2).open(backbone)
    assert capsys.readouterr().out == "computing the local features of 5 images, 3 views each\n"
    assert list(tmp_path.iterdir()) == [path]
    other = LocalFeatures(path, views(3), 5, 3)
    with pytest.raises(ValueError, match=r"expected \(5, 4, .*features\.npy'\. Received: \(5, 3, "):
        other.open(backbone)
    other.remove()
    other.remove()
    assert not path.exists()


def test_a_full_disk_is_an_error_and_leaves_no_file(network, tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    features = LocalFeatures(tmp_path / "features.npy", views(2), 5, 2)
    with pytest.raises(OSError, match=r"features\.npy' to be written\. Received: No space left"):
        features.open(split_network(network)[0])
    assert list(tmp_path.iterdir()) == []


def test_the_head_is_trained_and_the_backbone_is_not(small_config, tmp_path):
    train(read_config(small_config, HEAD), tmp_path)
    before, after = (load_network(folder) for folder in (tmp_path / "start", tmp_path))
    for layer in after.layers:
        if layer.weights:
            old = before.get_layer(layer.name).get_weights()
            moved = max(np.abs(one - other).max() for one, other in zip(layer.get_weights(), old))
            assert (moved > 1e-4) == (layer.name in ("reduction", "netvlad", "whitening")), layer.name
    assert not (tmp_path / "features.npy").exists()


def test_an_interrupted_training_resumes_to_the_same_result(small_config, tmp_path, interrupt_at):
    config = read_config(small_config, HEAD)
    train(config, tmp_path / "whole")
    with interrupt_at(6), pytest.raises(KeyboardInterrupt):
        train(config, tmp_path / "cut")
    train(config, tmp_path / "cut")
    for name in ("curve.csv", "checkpoint.npz"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_several_processes_are_refused(small_config):
    with pytest.raises(ValueError, match=r"batch\.copies=0"):
        read_config(small_config, [*HEAD, "distribution={processes: 2, address: 'here:1'}"])
