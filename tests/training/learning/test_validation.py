"""Validation during training."""

import numpy as np
import pytest

pytest.importorskip("keras")

from place_recognition_ros.descriptor.preprocess import InputSpec
from training.data import PlaceRules, Places, Record
from training.learning.validation import Describer, Validation
from training.network.prediction import describe_images

SPEC = InputSpec(4, 4, 3, "RGB", "NHWC", (0.0,) * 3, (1.0,) * 3)


class Corner:
    """Fake network: the direction of the descriptor is the value of the corner pixel."""

    batches = 0

    def predict_on_batch(self, images):
        self.batches += 1
        angle = images[:, 0, 0, 0] / 100
        return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def uniform(value):
    return np.full((4, 4, 3), value, np.uint8)


def validate(values, places, augment):
    records = [Record(f"{i}.png", place=place) for i, place in enumerate(places)]
    images = [uniform(value) for value in values]
    describer = Describer(Corner(), SPEC)
    return Validation(Places(records, PlaceRules()), images, len(images), describer, augment)()


def test_descriptors_are_those_of_each_image():
    network = Corner()
    descriptors = describe_images(network, SPEC, (uniform(value) for value in range(70)))
    assert network.batches == 3
    np.testing.assert_allclose(np.arctan2(*descriptors.T[::-1]) * 100, np.arange(70), atol=1e-3)
    np.testing.assert_array_equal(Describer(network, SPEC)(uniform, 70), descriptors)


def test_recall_of_changed_copies_and_of_neighbours():
    figures, similarity = validate([10, 20, 100, 110], "aabb", lambda image, seed: image)
    assert figures["changed recall@1"] == 1.0
    assert figures["neighbour recall@1"] == 1.0
    np.testing.assert_allclose(np.diag(similarity), 1.0, atol=1e-6)

    def swap(image, seed):
        return uniform(150 - int(image[0, 0, 0]))

    figures, _ = validate([10, 60, 75, 121], "abcb", swap)  # becomes 140, 90, 75, 29
    assert figures["changed recall@1"] == 0.25
    assert figures["neighbour recall@1"] == 0.0
    assert figures["neighbour recall@5"] == 1.0


def test_without_neighbours_their_recall_is_omitted():
    figures, _ = validate([10, 20], "ab", lambda image, seed: image)
    assert set(figures) == {"changed recall@1", "changed recall@5", "changed recall@10"}
