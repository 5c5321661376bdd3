"""The loss: least for a network that imitates its teacher and agrees with itself; the same with JAX."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="training needs requirements/training.txt")

from place_recognition_ros.descriptor import keypoints  # noqa: E402
from tests.training.jax_run import IN_JAX, NEEDS_JAX, run_with_jax  # noqa: E402
from training.features.distillation import (  # noqa: E402
    Distillation,
    contrastive_loss,
    descriptor_loss,
    sample,
    score_loss,
)
from training.features.network import build  # noqa: E402

HEIGHT, WIDTH, POINTS = 32, 48, 10


def unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


def value(loss, *arrays):
    found = keras.ops.convert_to_numpy(loss(*map(keras.ops.convert_to_tensor, arrays)))
    assert found.shape == ()
    return float(found)


@pytest.fixture
def teacher(rng):
    """Descriptors (2, 2, 8, 12, 32) and scores (2, 2, 8, 12, 16) of two pairs."""
    return unit(rng.normal(size=(2, 2, 8, 12, 32))), rng.normal(-6, 3, (2, 2, 8, 12, 16)).astype(np.float32)


@pytest.fixture
def batch(rng, teacher):
    """Images and targets of two pairs; points are at the same place in both views, two are not visible."""
    points = rng.uniform([0, 0], [WIDTH - 1, HEIGHT - 1], (2, 1, POINTS, 2)).astype(np.float32)
    weights = np.ones((2, POINTS), np.float32)
    weights[:, :2] = 0
    images = rng.uniform(-1, 1, (2, 2, HEIGHT, WIDTH, 1)).astype(np.float32)
    targets = {
        "descriptors": teacher[0],
        "scores": teacher[1],
        "points": np.repeat(points, 2, axis=1),
        "weights": weights,
    }
    return images, targets


def test_descriptors_of_the_teacher_have_no_loss(teacher, rng):
    descriptors, scores = teacher
    assert value(descriptor_loss, descriptors, descriptors, scores) == pytest.approx(0.0, abs=1e-5)
    assert value(descriptor_loss, -descriptors, descriptors, scores) == pytest.approx(2.0, abs=1e-4)
    near, far = (unit(descriptors + noise * rng.normal(size=descriptors.shape)) for noise in (0.05, 0.2))
    losses = [value(descriptor_loss, each, descriptors, scores) for each in (near, far)]
    assert 0.001 < losses[0] < losses[1] < 1.0


def test_a_cell_with_a_likely_keypoint_weighs_more(teacher):
    descriptors, scores = teacher
    scores = np.full_like(scores, -20.0)
    scores[0, 0, 3, 3, 5] = 3.0
    losses = []
    for row in (3, 4):
        wrong = descriptors.copy()
        wrong[0, 0, row, 3] *= -1
        losses.append(value(descriptor_loss, wrong, descriptors, scores))
    assert losses[0] == pytest.approx(11 * losses[1], rel=0.02)  # 0.1 + 1 to 0.1


def test_scores_of_the_teacher_have_no_loss(teacher, rng):
    scores = teacher[1]
    assert value(score_loss, scores, scores) == 0.0
    noise = rng.normal(size=scores.shape).astype(np.float32)
    losses = [value(score_loss, scores + amount * noise, scores) for amount in (0.1, 1.0)]
    assert 0.01 < losses[0] < losses[1]
    assert value(score_loss, scores + 2.0, scores) == pytest.approx(2.0, rel=1e-4)


@pytest.mark.parametrize("missed", [True, False])
def test_missed_and_false_keypoints_weigh_more_than_other_pixels(teacher, missed):
    flat = np.full_like(teacher[1], -12.0)
    peak, dip = flat.copy(), flat.copy()
    peak[0, 0, 0, 0, 0], dip[0, 0, 0, 0, 0] = 3.0, -27.0  # 15 above and 15 below
    here, there = (flat, peak) if missed else (peak, flat)
    assert value(score_loss, here, there) > 10 * value(score_loss, dip, flat)


def test_points_that_find_their_partner_have_no_contrastive_loss(rng):
    vectors = unit(np.eye(POINTS, 32))[None]
    weights = np.ones((1, POINTS), np.float32)
    right = value(contrastive_loss, vectors, vectors, weights)
    wrong = value(contrastive_loss, vectors, np.roll(vectors, 1, axis=1), weights)
    same = value(contrastive_loss, vectors[:, :1].repeat(POINTS, axis=1), vectors, weights)
    assert right < 1e-4
    assert right < same < wrong


def test_the_contrastive_loss_is_the_cross_entropy_in_both_directions(rng):
    first, second = unit(rng.normal(size=(2, 1, POINTS, 32)))
    weights = np.ones((1, POINTS), np.float32)
    logits = np.exp((first[0] @ second[0].T).astype(float) / 0.06)
    right = np.diag(logits)
    terms = np.log(right / logits.sum(axis=1)) + np.log(right / logits.sum(axis=0))
    expected = -0.5 * terms.sum() / (POINTS + 1)
    assert value(contrastive_loss, first, second, weights) == pytest.approx(expected, rel=1e-3)


def test_hidden_points_have_no_influence(rng):
    first, second = unit(rng.normal(size=(2, 1, POINTS, 32)))
    weights = np.ones((1, POINTS), np.float32)
    weights[0, 3:5] = 0
    expected = value(contrastive_loss, first, second, weights)
    first[0, 3:5], second[0, 3:5] = first[0, 0], second[0, 0]  # would be confused with the first point
    assert value(contrastive_loss, first, second, weights) == pytest.approx(expected, rel=1e-4)
    assert value(contrastive_loss, first, second, np.zeros_like(weights)) == 0.0


def test_sampling_is_that_of_the_run_time_package(rng):
    maps = rng.normal(size=(1, 8, 12, 32)).astype(np.float32)
    points = rng.uniform(-1, [WIDTH, HEIGHT], (1, 60, 2)).astype(np.float32)
    points[0, :4] = [[0, 0], [WIDTH - 1, HEIGHT - 1], [1.5, 1.5], [5.5, 9.5]]  # corners, centres of cells
    found = keras.ops.convert_to_numpy(sample(*map(keras.ops.convert_to_tensor, (maps, points))))
    assert np.abs(127 * found[0] - keypoints.sample(maps[0], points[0], 32)).max() <= 0.51


def test_at_the_centre_of_a_cell_the_sample_is_its_descriptor(rng):
    maps = unit(rng.normal(size=(1, 8, 12, 32)))
    points = np.float32([[[4 * 5 + 1.5, 4 * 3 + 1.5]]])
    found = keras.ops.convert_to_numpy(sample(*map(keras.ops.convert_to_tensor, (maps, points))))
    np.testing.assert_allclose(found[0, 0], maps[0, 3, 5], atol=1e-5)


def test_the_loss_of_a_perfect_imitation_is_that_of_its_contrast(batch, teacher):
    model = Distillation(build(HEIGHT, WIDTH))
    images, targets = batch
    outputs = np.concatenate(teacher, axis=-1)
    losses = {}
    for name, wanted in (("perfect", outputs), ("wrong", outputs[:, :, ::-1])):
        losses[name] = float(model.compute_loss(images, targets, keras.ops.convert_to_tensor(wanted)))
    sampled = [
        sample(*map(keras.ops.convert_to_tensor, (teacher[0][:, n], targets["points"][:, n]))) for n in (0, 1)
    ]
    contrast = float(contrastive_loss(*sampled, keras.ops.convert_to_tensor(targets["weights"])))
    assert losses["perfect"] == pytest.approx(0.15 * contrast, abs=1e-3)
    assert losses["wrong"] > losses["perfect"] + 0.5


def test_every_weight_of_the_network_is_trained(batch):
    keras.utils.set_random_seed(0)
    network = build(HEIGHT, WIDTH)
    model = Distillation(network)
    images, targets = batch
    assert model(images).shape == (2, 2, 8, 12, 48)
    before = [keras.ops.convert_to_numpy(each).copy() for each in network.trainable_variables]
    model.compile(optimizer=keras.optimizers.SGD(0.1))
    history = model.fit(images, targets, batch_size=2, epochs=3, verbose=0)
    losses = history.history["loss"]
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]
    for variable, old in zip(network.trainable_variables, before):
        assert np.abs(keras.ops.convert_to_numpy(variable) - old).max() > 0, variable.path


@IN_JAX
@NEEDS_JAX
def test_the_loss_is_the_same_with_jax():
    """Runs some of these tests with the JAX backend, in a separate process."""
    chosen = "cross_entropy or run_time_package or perfect_imitation or is_trained or with_jax"
    run = run_with_jax(chosen, __file__)
    assert run.returncode == 0, run.stdout[-3000:]
    assert "1 skipped" in run.stdout  # this test is skipped with JAX, so JAX was used
