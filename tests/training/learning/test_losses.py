"""The losses against loops over the equations of their papers; the same with JAX."""

from pathlib import Path

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="training needs requirements/training.txt")

from tests.training.jax_run import IN_JAX, NEEDS_JAX, run_with_jax  # noqa: E402
from training.learning.losses import (  # noqa: E402
    LOSSES,
    all_pairs_hinge,
    all_pairs_with_deviation,
    multi_similarity,
    triplet_ranking,
)

NAMES = sorted(LOSSES)
FILES = [str(Path(__file__).with_name(name)) for name in ("test_losses.py", "test_metrics.py")]


def batch(seed, spread=0.35):
    """5 places × 3 views and 2 single images: (17, 8) unit vectors, (17, 17) same, different.

    Pairs of places 0 and 1 are unknown. The last image is
    a guard to all others.
    """
    random = np.random.default_rng(seed)
    place = np.array([*np.repeat(np.arange(5), 3), 5, 6])
    vectors = random.normal(size=(7, 8))[place] * 0.5 + random.normal(size=(17, 8)) * spread
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    same = place[:, None] == place
    guard = (place[:, None] < 2) & (place < 2) & ~same
    guard[16] = guard[:, 16] = True
    return vectors.astype(np.float32), same, ~same & ~guard


def apart():
    """Three orthogonal places with two equal views each: the loss is zero."""
    place = np.repeat(np.arange(3), 2)
    same = place[:, None] == place
    return np.eye(3, dtype=np.float32)[place], same, ~same


def positives_of(q, same):
    return [p for p in range(len(same)) if same[q, p] and p != q]


def negatives_of(q, different):
    return [n for n in range(len(different)) if different[q, n]]


def literal_triplet(x, same, different, margin=0.1):
    terms = []
    for q in range(len(x)):
        positives = positives_of(q, same)
        if positives:
            best = min(np.sum((x[q] - x[p]) ** 2) for p in positives)
            terms += [
                max(0.0, best + margin - np.sum((x[q] - x[n]) ** 2)) for n in negatives_of(q, different)
            ]
    return np.mean(terms)


def literal_all_pairs(x, same, different, margin=0.3):
    return np.mean(
        [
            max(0.0, x[q] @ x[n] - x[q] @ x[p] + margin)
            for q in range(len(x))
            for p in positives_of(q, same)
            for n in negatives_of(q, different)
        ]
    )


def literal_deviation(x, same, different, margin=0.3, deviation_weight=1.0):
    deviations = [
        np.std([x[q] @ x[p] for p in positives_of(q, same)]) for q in range(len(x)) if positives_of(q, same)
    ]
    return literal_all_pairs(x, same, different, margin) + deviation_weight * np.mean(deviations)


def literal_multi_similarity(x, same, different, alpha=2.0, beta=40.0, base=0.3, margin=0.1):
    terms = []
    for q in range(len(x)):
        pull = [x[q] @ x[p] for p in positives_of(q, same)]
        push = [x[q] @ x[n] for n in negatives_of(q, different)]
        if pull and push:
            hard_pull = [s for s in pull if s < max(push) + margin]
            hard_push = [s for s in push if s > min(pull) - margin]
            terms.append(
                np.log(1 + sum(np.exp(-alpha * (s - base)) for s in hard_pull)) / alpha
                + np.log(1 + sum(np.exp(beta * (s - base)) for s in hard_push)) / beta
            )
    return np.mean(terms)


CASES = [
    (triplet_ranking, literal_triplet, {}),
    (triplet_ranking, literal_triplet, {"margin": 0.5}),
    (all_pairs_hinge, literal_all_pairs, {}),
    (all_pairs_hinge, literal_all_pairs, {"margin": 0.05}),
    (all_pairs_with_deviation, literal_deviation, {}),
    (all_pairs_with_deviation, literal_deviation, {"margin": 0.1, "deviation_weight": 0.4}),
    (multi_similarity, literal_multi_similarity, {}),
    (multi_similarity, literal_multi_similarity, {"alpha": 1.0, "beta": 50.0, "base": 0.5, "margin": 0.3}),
]


def value(loss, vectors, same, different, **options):
    found = keras.ops.convert_to_numpy(loss(keras.ops.convert_to_tensor(vectors), same, different, **options))
    assert found.shape == ()
    return float(found)


def gradient(loss, vectors, same, different):
    """(N, D) derivative of a loss by the descriptors, with the present backend."""
    if keras.backend.backend() == "jax":
        import jax

        return np.asarray(jax.grad(loss)(keras.ops.convert_to_tensor(vectors), same, different))
    import tensorflow as tf

    variable = tf.Variable(vectors)
    with tf.GradientTape() as tape:
        found = loss(variable, same, different)
    return tape.gradient(found, variable, unconnected_gradients="zero").numpy()


@pytest.mark.parametrize(("loss", "literal", "options"), CASES)
@pytest.mark.parametrize("seed", range(3))
def test_loss_equals_the_equation_of_its_paper(loss, literal, options, seed):
    vectors, same, different = batch(seed)
    different[3] = False  # a query with positives and without negatives
    expected = literal(vectors.astype(np.float64), same, different, **options)
    assert expected > 0.01
    assert value(loss, vectors, same, different, **options) == pytest.approx(expected, rel=1e-4, abs=2e-6)


@pytest.mark.parametrize("name", NAMES)
def test_zero_once_all_places_are_apart(name):
    assert value(LOSSES[name], *apart()) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_unknown_pairs_are_ignored(name):
    """All pairs of the last image are unknown."""
    vectors, same, different = batch(0)
    expected = value(LOSSES[name], vectors, same, different)
    vectors[16] = vectors[0]
    assert value(LOSSES[name], vectors, same, different) == pytest.approx(expected, abs=1e-6)
    different[16, :16] = different[:16, 16] = True
    assert value(LOSSES[name], vectors, same, different) != pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_an_image_is_not_a_positive_of_itself(name):
    vectors, same, different = batch(1)
    others = same & ~np.eye(17, dtype=bool)
    assert value(LOSSES[name], vectors, others, different) == value(LOSSES[name], vectors, same, different)


@pytest.mark.parametrize("name", NAMES)
def test_masks_may_be_numbers(name):
    vectors, same, different = batch(1)
    numbers = same.astype(np.float32), different.astype(np.float32)
    assert value(LOSSES[name], vectors, *numbers) == value(LOSSES[name], vectors, same, different)


@pytest.mark.parametrize("name", NAMES)
def test_order_of_the_batch_does_not_matter(name):
    vectors, same, different = batch(2)
    order = np.random.default_rng(0).permutation(17)
    mixed = vectors[order], same[np.ix_(order, order)], different[np.ix_(order, order)]
    assert value(LOSSES[name], *mixed) == pytest.approx(
        value(LOSSES[name], vectors, same, different), rel=1e-5
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_gradient_step_reduces_the_loss(name):
    vectors, same, different = batch(0)
    down = vectors - 0.05 * gradient(LOSSES[name], vectors, same, different)
    down /= np.linalg.norm(down, axis=1, keepdims=True)
    assert value(LOSSES[name], down, same, different) < value(LOSSES[name], vectors, same, different)


NOTHING = np.zeros((17, 17), bool)
EVERYTHING = np.ones((17, 17), bool)
EXTREMES = {
    "all identical": lambda x, same, different: (np.tile(x[:1], (17, 1)), same, different),
    "opposite": lambda x, same, different: (
        x[:1] * np.where(np.arange(17) % 2, 1, -1)[:, None],
        same,
        different,
    ),
    "no positives": lambda x, same, different: (x, np.eye(17, dtype=bool), different),
    "no negatives": lambda x, same, different: (x, same, NOTHING),
    "all one place": lambda x, same, different: (x, EVERYTHING, NOTHING),
    "all unknown": lambda x, same, different: (x, NOTHING, NOTHING),
}


@pytest.mark.parametrize("extreme", EXTREMES)
@pytest.mark.parametrize("name", NAMES)
def test_value_and_gradient_are_finite(name, extreme):
    vectors, same, different = EXTREMES[extreme](*batch(0))
    vectors = vectors.astype(np.float32)
    found = value(LOSSES[name], vectors, same, different)
    assert np.isfinite(found)
    assert found >= 0
    assert np.isfinite(gradient(LOSSES[name], vectors, same, different)).all()


@pytest.mark.parametrize("extreme", ["no positives", "no negatives", "all unknown"])
@pytest.mark.parametrize("name", ["triplet", "all_pairs", "multi_similarity"])
def test_without_pairs_the_loss_is_zero(name, extreme):
    found = EXTREMES[extreme](*batch(0))
    assert value(LOSSES[name], *found) == 0.0
    np.testing.assert_array_equal(gradient(LOSSES[name], *found), 0.0)


def test_deviation_of_the_similarities_to_positives():
    """Positives at equal angles on both sides of the query have deviation 0; at 0° and 60°, 0.25."""
    angles = np.radians([0.0, 60.0, -60.0, 180.0])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    same, different = np.zeros((2, 4, 4), bool)
    same[0, 1:3] = True
    assert value(all_pairs_with_deviation, vectors, same, different) == pytest.approx(0.0, abs=1e-6)
    vectors[2] = vectors[0]
    assert value(all_pairs_with_deviation, vectors, same, different) == pytest.approx(0.25, abs=1e-5)


def test_far_negatives_of_multi_similarity_do_not_overflow():
    vectors = np.ones((4, 1), np.float32)
    place = np.arange(4) // 2
    same = place[:, None] == place
    found = value(multi_similarity, vectors, same, ~same, beta=1000.0)
    assert found == pytest.approx(literal_multi_similarity(vectors, same, ~same, beta=900.0), abs=2e-3)


def test_every_loss_can_be_configured():
    config = pytest.importorskip(
        "training.learning.config", reason="training needs requirements/training.txt"
    )
    for name in NAMES:
        assert config.LossConfig(name=name).name == name


@IN_JAX
@NEEDS_JAX
def test_losses_are_equal_with_jax():
    """Runs these tests and those of the metrics with the JAX backend, in a separate process."""
    chosen = "equation_of_its_paper or identical or test_metrics or with_jax"
    run = run_with_jax(chosen, *FILES)
    assert run.returncode == 0, run.stdout[-3000:]
    assert "1 skipped" in run.stdout  # this test is skipped with JAX, so JAX was used
