"""The package's layers against NumPy, and their serialization."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="training needs requirements/training.txt")

from training.network.layers import ContextFeatures, L2Normalization, NetVLAD, Whitening  # noqa: E402


@pytest.mark.parametrize(
    "layer",
    [
        L2Normalization(name="a"),
        NetVLAD(3, 2, False, 0.5, name="b"),
        Whitening(5, name="c"),
        ContextFeatures(name="d"),
    ],
    ids=lambda layer: layer.name,
)
def test_config_round_trip(layer):
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()


@pytest.mark.parametrize("ghosts", [0, 2])
@pytest.mark.parametrize("normalize_input", [True, False])
@pytest.mark.parametrize("position", [0.0, 0.5])
def test_netvlad_equals_the_equations_of_its_paper(ghosts, normalize_input, position):
    random = np.random.default_rng(0)
    features = random.normal(size=(2, 3, 4, 6)).astype(np.float32)
    layer = NetVLAD(5, ghosts, normalize_input, position)
    layer.build(features.shape)
    layer.set_weights([random.normal(size=weight.shape).astype(np.float32) for weight in layer.weights])
    kernel, bias, centers = layer.get_weights()
    assert (kernel.shape, bias.shape, centers.shape) == (
        (6, 5 + ghosts),
        (5 + ghosts,),
        (5, 6 + 2 * (position > 0)),
    )
    grid = [(u, v) for v in (-1, 0, 1) for u in (-1, -1 / 3, 1 / 3, 1)]  # of 3 rows and 4 columns
    for image, found in zip(features, np.asarray(layer(features))):
        local = image.reshape(-1, 6)
        if normalize_input:
            local = local / np.linalg.norm(local, axis=1, keepdims=True)
        placed = np.hstack([local, position * np.array(grid)]) if position else local
        np.testing.assert_allclose(found, _literal_netvlad(local, placed, kernel, bias, centers), atol=1e-5)


def _literal_netvlad(local, placed, kernel, bias, centers):
    """Arandjelović et al., equations 3 and 4, one local feature and one cluster at a time.

    ``local`` decides on the cluster, ``placed`` (the same, perhaps with its place) is what is summed.

    Clusters without a centre are ghosts (Zhong et al., section 3.2): they only take their share.
    """
    v = np.zeros(centers.shape)
    for x, whole in zip(local, placed):
        scores = [np.exp(kernel[:, k] @ x + bias[k]) for k in range(len(bias))]
        for k, center in enumerate(centers):
            v[k] += scores[k] / sum(scores) * (whole - center)
    v /= np.linalg.norm(v, axis=1, keepdims=True)
    return v.ravel() / np.linalg.norm(v)


def test_ghost_clusters_absorb_their_features():
    """A feature at the centre of a ghost cluster does not change the descriptor."""
    centers = np.eye(4, dtype=np.float32)
    layer = NetVLAD(3, ghosts=1)
    layer.build((1, 1, 2, 4))
    layer.set_centers(centers, sharpness=50.0)
    np.testing.assert_array_equal(layer.centers, centers[:3])  # the last are those of ghost clusters
    place = np.array([0.8, 0.6, 0.0, 0.0], np.float32)
    with_ghost = np.asarray(layer(np.array([[[place, centers[3]]]])))
    with_two = np.asarray(layer(np.array([[[place, centers[3]], [centers[3], centers[3]]]])))
    np.testing.assert_allclose(with_ghost, with_two, atol=1e-3)


def test_netvlad_assigns_features_to_their_centres():
    centers = np.eye(4, dtype=np.float32)
    layer = NetVLAD(4)
    layer.build((1, 1, 1, 4))
    layer.set_centers(centers, sharpness=50.0)
    kernel, bias, _ = layer.get_weights()
    assert list(np.argmax(centers @ kernel + bias, axis=1)) == [0, 1, 2, 3]


def test_netvlad_of_zeros_is_finite():
    layer = NetVLAD(2)
    layer.build((1, 2, 2, 3))
    assert np.isfinite(np.asarray(layer(np.zeros((1, 2, 2, 3), np.float32)))).all()


def test_l2_normalization():
    output = np.asarray(L2Normalization()(np.array([[3.0, 4.0], [0.0, 0.0]], np.float32)))
    np.testing.assert_allclose(output, [[0.6, 0.8], [0.0, 0.0]], atol=1e-6)


def test_whitening_subtracts_the_mean_and_projects():
    random = np.random.default_rng(0)
    mean, projection = random.normal(size=7), random.normal(size=(7, 3))
    x = random.normal(size=(4, 7)).astype(np.float32)
    layer = Whitening(3)
    layer.build(x.shape)
    layer.set_projection(mean, projection)
    np.testing.assert_allclose(np.asarray(layer(x)), (x - mean) @ projection, atol=0.02)


def test_whitening_weights_are_exact_in_half_precision():
    layer = Whitening(3)
    layer.build((1, 7))
    layer.set_projection(np.zeros(7), np.random.default_rng(0).normal(size=(7, 3)))
    kernel = layer.get_weights()[0]
    np.testing.assert_array_equal(kernel, kernel.astype(np.float16).astype(np.float32))


def test_whitening_is_multiplied_by_a_matrix():
    random = np.random.default_rng(0)
    x, matrix = random.normal(size=(4, 7)).astype(np.float32), random.normal(size=(3, 3))
    layer = Whitening(3)
    layer.build(x.shape)
    layer.set_projection(random.normal(size=7), random.normal(size=(7, 3)))
    before = np.asarray(layer(x))
    layer.multiply(matrix)
    np.testing.assert_allclose(np.asarray(layer(x)), before @ matrix, atol=0.02)


def test_negative_numbers_of_ghosts_are_refused():
    with pytest.raises(ValueError, match="ghosts=-1"):
        NetVLAD(3, ghosts=-1)


@pytest.mark.parametrize("layer, argument", [(NetVLAD, "clusters"), (Whitening, "size")])
def test_zero_sizes_are_refused(layer, argument):
    with pytest.raises(ValueError, match=f"{argument}=0"):
        layer(0)


@pytest.mark.parametrize(
    "fine, coarse", [((4, 6), (2, 3)), ((15, 20), (8, 10)), ((3, 5), (1, 2)), ((2, 2), (2, 2))]
)
def test_context_is_the_coarser_feature_at_the_same_position(fine, coarse):
    random = np.random.default_rng(0)
    local = random.normal(size=(2, *fine, 3)).astype(np.float32)
    around = random.normal(size=(2, *coarse, 4)).astype(np.float32)
    joined = np.asarray(ContextFeatures()([local, around]))
    factors = [-(-many // few) for many, few in zip(fine, coarse)]
    for y in range(fine[0]):
        for x in range(fine[1]):
            expected = np.hstack([local[:, y, x], around[:, y // factors[0], x // factors[1]]])
            np.testing.assert_array_equal(joined[:, y, x], expected)


def test_context_from_a_finer_grid_is_refused():
    with pytest.raises(ValueError, match=r"\(2, 3\).*\(4, 3\)"):
        ContextFeatures()([np.zeros((1, 2, 3, 1), np.float32), np.zeros((1, 4, 3, 1), np.float32)])
