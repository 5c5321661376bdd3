"""The architecture: shapes, size, and what the normalization of the image is for."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="training needs requirements/training.txt")

from place_recognition_ros.descriptor import model_card  # noqa: E402
from place_recognition_ros.descriptor.model_card import CELL  # noqa: E402
from tests.training.networks import randomize_normalization  # noqa: E402
from training.features.network import DESCRIPTOR_SIZE, ImageNormalization, build  # noqa: E402


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    network = build(64, 96)
    randomize_normalization(network)
    return network


def images(count, low=-1.0, high=1.0):
    return np.random.default_rng(0).uniform(low, high, (count, 64, 96, 1)).astype(np.float32)


def test_one_descriptor_and_16_scores_for_each_cell(network):
    assert network.predict_on_batch(images(2)).shape == (2, 16, 24, 48)
    assert CELL == model_card.CELL  # what the run-time package reads
    assert network.output.shape[-1] == DESCRIPTOR_SIZE + CELL * CELL


def test_at_most_a_hundred_thousand_parameters(network):
    assert network.count_params() <= 100_000
    assert build(240, 320).count_params() == network.count_params()


def test_weights_fit_another_size(network):
    other = build(32, 48)
    other.set_weights(network.get_weights())
    assert other.predict_on_batch(images(1)[:, :32, :48]).shape == (1, 8, 12, 48)


@pytest.mark.parametrize("size", [(60, 80), (64, 100), (0, 64), (64, 0), (8, 16)])
def test_a_size_that_cannot_be_halved_four_times_is_refused(size):
    with pytest.raises(ValueError, match=r"multiples of 16\. Received: {} × {}".format(*size)):
        build(*size)


def test_the_normalized_image_has_mean_zero_and_deviation_one():
    normalized = keras.ops.convert_to_numpy(ImageNormalization()(images(3, 0.2, 0.7)))
    np.testing.assert_allclose(normalized.mean(axis=(1, 2, 3)), 0.0, atol=1e-5)
    np.testing.assert_allclose(normalized.std(axis=(1, 2, 3)), 1.0, atol=1e-2)


@pytest.mark.parametrize("gain, offset", [(0.3, 0.0), (1.0, 0.4), (0.5, -0.5)])
def test_gain_and_offset_of_an_image_do_not_matter(network, gain, offset):
    expected = network.predict_on_batch(images(2))
    found = network.predict_on_batch(gain * images(2) + np.float32(offset))
    assert np.abs(found - expected).max() < 2e-3 * np.abs(expected).max()


def test_images_of_a_batch_do_not_influence_each_other(network):
    pair = images(2) * np.float32([1.0, 0.1]).reshape(2, 1, 1, 1)
    together = network.predict_on_batch(pair)
    alone = network.predict_on_batch(pair[1:])
    np.testing.assert_allclose(together[1:], alone, atol=1e-4)


@pytest.mark.parametrize("level", [-1.0, 0.0, 1.0])
def test_a_uniform_image_gives_finite_numbers(network, level):
    assert np.isfinite(network.predict_on_batch(np.full((1, 64, 96, 1), level, np.float32))).all()
