"""Pairs of a walk that show the same place, on features of synthetic scenes."""

import numpy as np
import pytest

from place_recognition_ros.types import FEATURE, Camera, View
from tests.loops.scenes import vectors
from training.fine_tune.verified_pairs import Walks, seconds_apart, verified_pairs

CAMERA = Camera(320, 240)


class Scene:
    """Points in space, each with a look of its own; the images of two cameras differ by parallax."""

    def __init__(self, seed, count=120):
        self.random = np.random.default_rng(seed)
        self.points = self.random.uniform((-3, -2, 4), (3, 2, 10), (count, 3))
        self.looks = vectors(self.random, count)
        self.descriptor = np.eye(8)[seed % 8]

    def view(self, position):
        """The view of a camera that is ``position`` metres to the right."""
        seen = self.points - (position, 0.0, 0.0)
        features = np.zeros(len(seen), FEATURE)
        features["x"], features["y"] = (200 * seen[:, :2] / seen[:, 2:]).T + [[160], [120]]
        features["depth"] = np.nan
        features["descriptor"] = self.looks
        return View(features, CAMERA)


def walk(*stays, seconds=4):
    """Some seconds in each scene, one image a second: the list of images (scene, metres)."""
    return [(scene, 0.1 * second) for scene in stays for second in range(seconds)]


def walks_of(*walks):
    images = [image for each in walks for image in each]
    return Walks(
        np.concatenate([np.full(len(each), number) for number, each in enumerate(walks)]),
        np.concatenate([np.arange(len(each), dtype=float) for each in walks]),
        np.array([scene.descriptor for scene, _ in images], np.float32),
        [scene.view(metres) for scene, metres in images],
    )


@pytest.fixture(scope="module")
def scenes():
    return [Scene(seed) for seed in range(6)]


def scenes_of(pairs):
    """The numbers of the stays, four images each, that pairs of rows connect."""
    return {(first // 4, second // 4) for first, second in pairs.tolist()}


def test_neighbours_in_time_are_verified(scenes):
    neighbours, returns = verified_pairs(walks_of(walk(*scenes[:3])))
    assert neighbours.tolist() == [  # at least 2 s apart, in one scene
        *([0, 2], [0, 3], [1, 3]),
        *([4, 6], [4, 7], [5, 7]),
        *([8, 10], [8, 11], [9, 11]),
    ]
    assert returns.tolist() == []


def test_a_return_to_a_scene_is_found(scenes):
    a, b, c, d, *_ = scenes
    _, returns = verified_pairs(walks_of(walk(a, b, c, d, a)))
    assert scenes_of(returns) == {(0, 4)}


def test_a_scene_that_is_at_many_places_is_no_return(scenes):
    a, b, c, d, *_ = scenes
    _, returns = verified_pairs(walks_of(walk(a, b, c, d, a, b, c, d, a, b, c, d)))
    assert returns.tolist() == []  # of three visits, two are alike: at most one could be right


def test_walks_are_compared_with_each_other(scenes):
    a, b, c, *_ = scenes
    walks = walks_of(walk(a, b, seconds=4), walk(c, a, seconds=4))
    _, returns = verified_pairs(walks)
    assert scenes_of(returns) == {(0, 3)}
    assert seconds_apart(walks)[0, 8] == np.inf
    assert seconds_apart(walks)[8, 11] == 3.0


def test_no_features_are_no_pairs():
    views = [View(np.zeros(0, FEATURE), CAMERA)] * 20
    walks = Walks(np.zeros(20, int), np.arange(20.0), np.tile(np.eye(8, dtype=np.float32)[0], (20, 1)), views)
    assert [found.shape for found in verified_pairs(walks)] == [(0, 2), (0, 2)]


def test_one_image_is_no_pair(scenes):
    assert [len(found) for found in verified_pairs(walks_of([(scenes[0], 0.0)]))] == [0, 0]
