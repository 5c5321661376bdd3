"""Folding of batch normalization."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="training needs requirements/training.txt")

from tests.training.networks import normalized_mobilenet  # noqa: E402
from training.network.batch_norm_folding import fold_batch_normalization  # noqa: E402


def test_equal_output_without_normalization():
    model = normalized_mobilenet(16, 16, 2)
    folded = fold_batch_normalization(model)
    x = np.random.default_rng(1).uniform(-1, 1, (2, 16, 16, 3)).astype(np.float32)
    np.testing.assert_allclose(folded(x), model(x), atol=1e-4)
    assert not any(isinstance(layer, keras.layers.BatchNormalization) for layer in folded.layers)


def test_other_layers_keep_their_weights():
    """A convolution with a bias, in a residual block."""
    image = keras.Input((8, 8, 3))
    narrow = keras.layers.Conv2D(4, 1, name="narrow")(image)
    inner = keras.layers.Conv2D(4, 3, padding="same", use_bias=False, name="inner")(narrow)
    inner = keras.layers.BatchNormalization(name="inner_bn")(inner)
    model = keras.Model(image, keras.layers.Add()([narrow, inner]))
    random = np.random.default_rng(0)
    for layer in model.layers:
        layer.set_weights([random.uniform(0.5, 1.5, weight.shape) for weight in layer.weights])
    x = random.uniform(-1, 1, (2, 8, 8, 3)).astype(np.float32)
    np.testing.assert_allclose(fold_batch_normalization(model)(x), model(x), rtol=1e-4)


@pytest.mark.parametrize(
    "before",
    [
        keras.layers.MaxPooling2D(name="before"),
        keras.layers.Conv2D(4, 1, name="before"),
        keras.layers.Conv2D(4, 1, use_bias=False, activation="relu", name="before"),
    ],
    ids=["pooling", "bias", "activation"],
)
def test_normalization_of_anything_else_is_refused(before):
    image = keras.Input((4, 4, 3))
    model = keras.Model(image, keras.layers.BatchNormalization(name="stray")(before(image)))
    with pytest.raises(ValueError, match=r"'stray'.*'before'"):
        fold_batch_normalization(model)
