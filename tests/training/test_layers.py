"""The own layers against literal NumPy, and their way through a configuration."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="training needs requirements-training.txt")

from training.layers import L2Normalization, NetVLAD, Whitening  # noqa: E402


@pytest.mark.parametrize(
    "layer",
    [L2Normalization(name="a"), NetVLAD(3, name="b"), Whitening(5, name="c")],
    ids=lambda layer: layer.name,
)
def test_config_round_trip(layer):
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()


def test_netvlad_is_the_papers_equations():
    random = np.random.default_rng(0)
    features = random.normal(size=(2, 3, 4, 6)).astype(np.float32)
    layer = NetVLAD(5)
    layer.build(features.shape)
    layer.set_weights([random.normal(size=weight.shape).astype(np.float32) for weight in layer.weights])
    kernel, bias, centers = layer.get_weights()
    for picture, found in zip(features, np.asarray(layer(features))):
        np.testing.assert_allclose(found, _literal_netvlad(picture, kernel, bias, centers), atol=1e-5)


def _literal_netvlad(picture, kernel, bias, centers):
    """Arandjelović et al., equations 3 and 4, one local feature and one cluster at a time."""
    v = np.zeros(centers.shape)
    for x in picture.reshape(-1, picture.shape[-1]):
        x = x / np.linalg.norm(x)
        scores = [np.exp(kernel[:, k] @ x + bias[k]) for k in range(len(centers))]
        for k, score in enumerate(scores):
            v[k] += score / sum(scores) * (x - centers[k])
    v /= np.linalg.norm(v, axis=1, keepdims=True)
    return v.ravel() / np.linalg.norm(v)


def test_netvlad_centers_attract_their_own():
    centers = np.eye(4, dtype=np.float32)
    layer = NetVLAD(4)
    layer.build((1, 1, 1, 4))
    layer.set_centers(centers, sharpness=50.0)
    kernel, bias, _ = layer.get_weights()
    assert list(np.argmax(centers @ kernel + bias, axis=1)) == [0, 1, 2, 3]


def test_netvlad_of_nothing_is_finite():
    layer = NetVLAD(2)
    layer.build((1, 2, 2, 3))
    assert np.isfinite(np.asarray(layer(np.zeros((1, 2, 2, 3), np.float32)))).all()


def test_l2_normalization():
    answer = np.asarray(L2Normalization()(np.array([[3.0, 4.0], [0.0, 0.0]], np.float32)))
    np.testing.assert_allclose(answer, [[0.6, 0.8], [0.0, 0.0]], atol=1e-6)


def test_whitening_subtracts_the_mean_and_projects():
    random = np.random.default_rng(0)
    mean, projection = random.normal(size=7), random.normal(size=(7, 3))
    x = random.normal(size=(4, 7)).astype(np.float32)
    layer = Whitening(3)
    layer.build(x.shape)
    layer.set_projection(mean, projection)
    np.testing.assert_allclose(np.asarray(layer(x)), (x - mean) @ projection, atol=0.02)


def test_whitening_weights_survive_half_precision():
    layer = Whitening(3)
    layer.build((1, 7))
    layer.set_projection(np.zeros(7), np.random.default_rng(0).normal(size=(7, 3)))
    kernel = layer.get_weights()[0]
    np.testing.assert_array_equal(kernel, kernel.astype(np.float16).astype(np.float32))


@pytest.mark.parametrize("layer, argument", [(NetVLAD, "clusters"), (Whitening, "size")])
def test_nothing_is_refused(layer, argument):
    with pytest.raises(ValueError, match=f"{argument}=0"):
        layer(0)
