import numpy as np

from benchmarks.bag_of_words import BagOfWords, cluster
from benchmarks.scenes import Place


def test_the_bits_of_a_word_are_those_of_the_majority():
    first, second = np.full(4, 0b11110000, np.uint8), np.full(4, 0b00001111, np.uint8)
    features = np.stack([first] * 5 + [second] * 5)
    features[0, 0] ^= 1  # a bit that one of five has
    assert {*map(bytes, cluster(features, 2))} == {bytes(first), bytes(second)}


def test_another_view_of_a_place_is_most_similar_to_it():
    places = [Place(number) for number in range(8)]
    bag = BagOfWords([place.image() for place in places], words=100, learned=3_000)
    stored = np.stack([bag.describe(place.image()) for place in places])
    np.testing.assert_allclose(np.linalg.norm(stored, axis=1), 1, atol=1e-5)
    found = [int(np.argmax(stored @ bag.describe(place.image(right=0.1)))) for place in places]
    assert found == list(range(8))


def test_an_image_without_features_is_similar_to_none():
    bag = BagOfWords([Place(number).image() for number in range(3)], words=20, learned=1_000)
    assert not bag.describe(np.zeros((240, 320, 3), np.uint8)).any()
