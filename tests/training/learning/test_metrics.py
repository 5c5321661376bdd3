"""The metrics of a batch against loops. test_losses.py runs these with JAX too."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="training needs requirements/training.txt")

from training.learning.metrics import pairs_satisfied, positive_set_deviation  # noqa: E402


def batch(seed):
    """4 places × 3 views and a single image; pairs of places 0 and 1 are unknown."""
    random = np.random.default_rng(seed)
    place = np.array([*np.repeat(np.arange(4), 3), 4])
    vectors = random.normal(size=(5, 8))[place] * 0.5 + random.normal(size=(13, 8)) * 0.35
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    same = place[:, None] == place
    guard = (place[:, None] < 2) & (place < 2) & ~same
    return vectors.astype(np.float32), same, ~same & ~guard


def value(metric, vectors, same, different):
    return float(metric(keras.ops.convert_to_tensor(vectors), same, different))


@pytest.mark.parametrize("seed", range(3))
def test_pairs_satisfied_counts_ordered_triplets(seed):
    vectors, same, different = batch(seed)
    right = [
        vectors[q] @ vectors[p] > vectors[q] @ vectors[n]
        for q in range(13)
        for p in range(13)
        for n in range(13)
        if same[q, p] and p != q and different[q, n]
    ]
    assert 0.1 < np.mean(right) < 0.99
    assert value(pairs_satisfied, vectors, same, different) == pytest.approx(np.mean(right), abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_positive_set_deviation_equals_its_definition(seed):
    vectors, same, different = batch(seed)
    deviations = [
        np.std([vectors[q] @ vectors[p] for p in range(13) if same[q, p] and p != q]) for q in range(12)
    ]
    assert np.mean(deviations) > 0.01
    found = value(positive_set_deviation, vectors, same, different)
    assert found == pytest.approx(np.mean(deviations), abs=3e-6)


def test_all_satisfied_and_none():
    vectors = np.eye(2, dtype=np.float32)[[0, 0, 1, 1]]
    place = np.array([0, 0, 1, 1])
    same = place[:, None] == place
    assert value(pairs_satisfied, vectors, same, ~same) == 1.0
    swapped = vectors[[0, 2, 1, 3]]  # each is most similar to an image of the other place
    assert value(pairs_satisfied, swapped, same, ~same) == 0.0
    assert value(positive_set_deviation, vectors, same, ~same) == pytest.approx(0.0, abs=1e-6)


def test_a_tie_is_not_satisfied():
    vectors = np.ones((4, 1), np.float32)
    place = np.array([0, 0, 1, 1])
    same = place[:, None] == place
    assert value(pairs_satisfied, vectors, same, ~same) == 0.0


@pytest.mark.parametrize("metric", [pairs_satisfied, positive_set_deviation])
def test_without_pairs_metrics_are_0(metric):
    vectors, same, different = batch(0)
    assert value(metric, vectors, np.eye(13, dtype=bool), different) == pytest.approx(0.0, abs=1e-6)
    assert value(metric, vectors, np.zeros_like(same), np.zeros_like(same)) == pytest.approx(0.0, abs=1e-6)
