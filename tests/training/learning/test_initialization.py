"""Initial weights from images."""

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from place_recognition_ros.descriptor.preprocess import prepare  # noqa: E402
from training.learning.config import StartConfig  # noqa: E402
from training.learning.initialization import AugmentedViews, initialize  # noqa: E402
from training.network.build import NetworkConfig, build_network, input_spec  # noqa: E402

SMALL = NetworkConfig(
    48,
    64,
    backbone="mobilenet_v2",
    last_block=0,
    context="",
    reduced=6,
    clusters=4,
    ghosts=1,
    position=0.0,
    size=5,
)
SPEC = input_spec(SMALL)
IMAGES = np.random.default_rng(0).integers(0, 256, (12, 48, 64, 3), dtype=np.uint8)


def darker(image, seed):
    return (image * (0.4 + 0.1 * (seed % 5))).astype(np.uint8)


def output_of(network, name, batch):
    layer = network.get_layer(name)
    return keras.Model(network.input, layer.output).predict_on_batch(batch)


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    network = build_network(SMALL)
    config = StartConfig(equalization=1.0, copies=2)
    initialize(network, config, IMAGES, range(len(IMAGES)), SPEC, darker)
    return network


def test_views_are_the_image_and_its_augmented_copies():
    views = AugmentedViews(IMAGES, [3, 1], SPEC, darker, copies=2)
    one, other = list(views), list(views)
    assert [batch.shape for batch in one] == [(3, 48, 64, 3)] * 2
    np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(one[0][0], prepare(IMAGES[3], SPEC)[0])
    np.testing.assert_array_equal(one[1][2], prepare(darker(IMAGES[1], 3), SPEC)[0])


def test_reduced_features_are_decorrelated_and_equalized(network):
    batch = np.concatenate(list(AugmentedViews(IMAGES, range(len(IMAGES)), SPEC, darker, 1)))
    reduced = output_of(network, "reduction", batch).reshape(-1, 6)
    covariance = np.cov(reduced, rowvar=False)
    assert np.abs(reduced.mean(axis=0)).max() < 0.2  # fitted to a sample of these
    np.testing.assert_allclose(covariance, np.eye(6), atol=0.3)


def test_clusters_are_centres_of_the_features(network):
    netvlad = network.get_layer("netvlad")
    centers, kernel = np.array(netvlad.centers), np.array(netvlad.kernel)
    assert centers.shape == (4, 6)
    assert (np.linalg.norm(centers, axis=1) <= 1.0).all()  # means of unit vectors
    assert len(np.unique(centers.round(4), axis=0)) == 4
    np.testing.assert_allclose(kernel[:, :4], 2 * 8.0 * centers.T, rtol=1e-5)


def test_whitening_equalizes_the_variation_within_places(network):
    views = list(AugmentedViews(IMAGES, range(len(IMAGES)), SPEC, darker, 2))
    components = np.stack([output_of(network, "whitening", batch) for batch in views])
    differences = (components - components.mean(axis=1, keepdims=True)).reshape(-1, 5)
    within = differences.T @ differences
    within /= np.diag(within).max()
    np.testing.assert_allclose(within, np.diag(np.diag(within)), atol=0.25)
    assert np.abs(components.mean(axis=(0, 1))).max() < 0.05 * components.std()


def test_the_whitening_is_scaled_to_the_other_weights(network):
    kernel = np.array(network.get_layer("whitening").kernel)
    assert np.sqrt(np.mean(kernel**2)) == pytest.approx(0.03, rel=1e-3)


@pytest.mark.parametrize("changes", [{"reduced": 0}, {"size": 0}, {"normalized": False}, {"last_block": 8}])
def test_missing_layers_are_not_fitted(changes):
    network = build_network(SMALL._replace(**changes))
    initialize(network, StartConfig(copies=2), IMAGES, range(len(IMAGES)), SPEC, darker)
    batch = np.concatenate([prepare(each, SPEC) for each in IMAGES])
    netvlad = network.get_layer("netvlad")
    lengths = np.linalg.norm(keras.Model(network.input, netvlad.input).predict_on_batch(batch), axis=-1)
    longest = 1.0 if netvlad.normalize_input else lengths.max()
    centers = np.linalg.norm(np.array(netvlad.centers), axis=1)
    assert 0.1 * longest < centers.max() < longest
    descriptors = network.predict_on_batch(batch)
    np.testing.assert_allclose(np.linalg.norm(descriptors, axis=1), 1.0, atol=1e-4)


def test_the_same_images_give_the_same_weights(network):
    keras.utils.set_random_seed(0)
    again = build_network(SMALL)
    initialize(again, StartConfig(equalization=1.0, copies=2), IMAGES, range(12), SPEC, darker)
    for one, other in zip(network.get_weights(), again.get_weights()):
        np.testing.assert_array_equal(one, other)
