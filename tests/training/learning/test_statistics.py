"""PCA, whitening and k-means."""

import numpy as np
import pytest

from training.learning.statistics import (
    damping,
    kmeans,
    place_whitening,
    principal_components,
    within_places,
)


@pytest.fixture(scope="module")
def samples():
    random = np.random.default_rng(0)
    return (random.normal(size=(500, 8)) @ random.normal(size=(8, 8)) + 3.0).astype(np.float32)


def test_principal_components_diagonalize_the_covariance(samples):
    mean, variances, directions = principal_components(samples)
    found = np.cov((samples - mean) @ directions, rowvar=False, bias=True)
    np.testing.assert_allclose(found, np.diag(variances), atol=1e-4 * variances[0])
    assert (np.diff(variances) <= 0).all()


def test_whitening_yields_identity_covariance_within_places():
    random = np.random.default_rng(0)
    places, noise = (
        random.normal(size=(200, 1, 6)),
        random.normal(size=(200, 3, 6)) @ random.normal(size=(6, 6)),
    )
    samples = places @ random.normal(size=(6, 6)) + noise + 3.0
    mean, projection = place_whitening(samples, 4, shrinkage=0.0)
    components = (samples - mean) @ projection
    differences = (components - components.mean(axis=1, keepdims=True)).reshape(-1, 4)
    np.testing.assert_allclose(components.mean(axis=(0, 1)), 0.0, atol=1e-9)
    np.testing.assert_allclose(differences.T @ differences / (200 * 2), np.eye(4), atol=1e-9)
    total = np.cov(components.reshape(-1, 4), rowvar=False, bias=True)
    np.testing.assert_allclose(total, np.diag(np.diag(total)), atol=1e-9)
    assert (np.diff(np.diag(total)) <= 0).all()


@pytest.mark.parametrize("shape", [(50, 1, 8), (3, 2, 8)], ids=["one view", "few places"])
def test_whitening_refuses_too_few_samples(shape):
    with pytest.raises(ValueError, match="at least 5"):
        place_whitening(np.zeros(shape), 5)


def test_damping_reduces_the_variation_within_places():
    random = np.random.default_rng(0)
    noise = random.normal(size=(300, 2, 6)) * [10, 3, 1, 1, 0, 0]
    within = within_places(random.normal(size=(300, 1, 6)) + noise)
    assert np.trace(within) == pytest.approx(6.0)
    matrix = damping(within, 0.5)
    np.testing.assert_allclose(matrix, matrix.T)
    np.testing.assert_allclose(
        np.diag(matrix), (np.array([100, 9, 1, 1, 0, 0]) * 6 / 111 / 0.5 + 1) ** -0.5, atol=0.03
    )
    np.testing.assert_allclose(damping(within, 1e9), np.eye(6), atol=1e-6)


def test_views_that_do_not_differ_are_not_damped():
    np.testing.assert_array_equal(damping(within_places(np.ones((5, 2, 4))), 0.5), np.eye(4))


def test_kmeans_finds_separate_clusters():
    random = np.random.default_rng(0)
    centers = random.normal(size=(6, 4)) * 20
    samples = np.repeat(centers, 50, axis=0) + random.normal(size=(300, 4))
    found = kmeans(samples.astype(np.float32), 6)
    distances = np.linalg.norm(found[:, None] - centers, axis=2)
    assert (distances.min(axis=0) < 1.0).all()


def test_kmeans_is_deterministic(samples):
    np.testing.assert_array_equal(kmeans(samples, 4, seed=3), kmeans(samples, 4, seed=3))
