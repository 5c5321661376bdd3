"""Training pairs: what is in them, and that a seed determines them."""

import numpy as np
import pytest

pytest.importorskip("keras", reason="training needs requirements/training.txt")

from training.features import pairs as module
from training.features.pairs import POINTS, Mixture, Pair, Pairs, Scene, keypoints
from training.features.teacher import to_cells
from training.features.warps import BlankViews, WarpedImages

SIZE = (64, 96)


@pytest.fixture
def make_pairs(teacher, smooth):
    """``make_pairs(make_scene, seed)``: two batches of two pairs an epoch."""

    def make_pairs(make_scene=None, seed=0):
        return Pairs(
            make_scene or WarpedImages([(1.0, [smooth])], SIZE), teacher, batch=2, steps=2, seed=seed
        )

    return make_pairs


def shifted(random):
    """The second view is the first one, 8 pixels to the left; its first 8 columns are not in it."""
    wide = random.integers(0, 255, (SIZE[0], SIZE[1] + 8)).astype(np.uint8)

    def transfer(points):
        there = points - np.float32([8, 0])
        return there, there[:, 0] >= 0

    return Scene(wide[:, :-8], wide[:, 8:], transfer)


def test_shapes_of_a_batch(make_pairs):
    images, targets = make_pairs()[0]
    assert images.shape == (2, 2, *SIZE, 1)
    assert {name: array.shape for name, array in targets.items()} == {
        "descriptors": (2, 2, 16, 24, 32),
        "scores": (2, 2, 16, 24, 16),
        "points": (2, 2, POINTS, 2),
        "weights": (2, POINTS),
    }
    assert {array.dtype for array in (images, *targets.values())} == {np.dtype(np.float32)}
    assert -1 <= images.min() < images.max() <= 1


def test_the_targets_are_the_teacher_s_for_the_clean_views(make_pairs, teacher):
    scene = shifted(np.random.default_rng(5))
    pair = make_pairs(lambda random: scene).pair(np.random.default_rng(0))
    for number, view in enumerate((scene.first, scene.second)):
        descriptors, scores = teacher(view)
        np.testing.assert_array_equal(pair.descriptors[number], descriptors)
        np.testing.assert_array_equal(pair.scores[number], to_cells(scores))


@pytest.mark.parametrize("clean", [0.0, 1.0])
def test_the_network_sees_degraded_views(make_pairs, monkeypatch, clean):
    monkeypatch.setattr(module, "CLEAN", clean)
    scene = shifted(np.random.default_rng(5))
    pair = make_pairs(lambda random: scene).pair(np.random.default_rng(0))
    for shown, view in zip(pair.images, (scene.first, scene.second)):
        unchanged = np.allclose(127.5 * (shown[..., 0] + 1), view, atol=0.01)
        assert unchanged == bool(clean)


def test_rows_of_points_correspond_and_hidden_ones_have_no_weight(make_pairs):
    pair = make_pairs(shifted).pair(np.random.default_rng(0))
    here, there = pair.points
    shown = pair.weights == 1
    assert set(pair.weights) == {0.0, 1.0}
    np.testing.assert_array_equal(there[shown], here[shown] - np.float32([8, 0]))
    np.testing.assert_array_equal(shown, here[:, 0] >= 8)
    assert (there[~shown] == 0).all()


def test_points_are_keypoints_of_the_first_view(make_pairs, teacher):
    scene = shifted(np.random.default_rng(5))
    pair = make_pairs(lambda random: scene).pair(np.random.default_rng(0))
    found = {tuple(point) for point in keypoints(teacher(scene.first)[1], module.CANDIDATES)}
    assert {tuple(point) for point in pair.points[0]} <= found


def test_no_point_of_a_blank_view_has_weight(make_pairs):
    _, targets = make_pairs(BlankViews(SIZE))[0]
    assert (targets["weights"] == 0).all()
    assert np.isfinite(targets["points"]).all()


def test_a_seed_determines_the_batches(make_pairs):
    one, two = make_pairs()[1], make_pairs()[1]
    np.testing.assert_array_equal(one[0], two[0])
    for name in Pair._fields[1:]:
        np.testing.assert_array_equal(one[1][name], two[1][name])


def test_seeds_epochs_batches_and_pairs_differ(make_pairs):
    pairs = make_pairs()
    assert len(pairs) == 2
    batches = [pairs[0], pairs[1]]
    pairs.epoch = 1
    batches += [pairs[0], pairs[1], make_pairs(seed=1)[0]]
    views = {pair.tobytes() for images, _ in batches for pair in images}
    assert len(views) == 2 * len(batches)


def test_a_mixture_takes_scenes_by_their_shares():
    mixture = Mixture([(0.8, lambda random: "often"), (0.2, lambda random: "seldom")])
    made = [mixture(np.random.default_rng(seed)) for seed in range(200)]
    assert 140 <= made.count("often") <= 180


def test_keypoints_are_the_best_local_maxima():
    scores = np.zeros((32, 32), np.float32)
    scores -= np.arange(32)  # falls from column to column: no maximum but in the first column
    scores[10, 20], scores[10, 22], scores[25, 5] = 5.0, 4.0, 9.0  # the second is beside a better one
    assert keypoints(scores, 2).tolist() == [[5, 25], [20, 10]]
