"""Folding of batch normalisation."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="training needs requirements-training.txt")

from training.backbones import mobilenet  # noqa: E402
from training.folding import fold_batch_normalization  # noqa: E402


def test_same_answers_without_normalization():
    keras.utils.set_random_seed(0)
    image = keras.Input((16, 16, 3))
    model = keras.Model(image, mobilenet(image, 2))
    random = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([random.uniform(0.5, 1.5, weight.shape) for weight in layer.weights])
    folded = fold_batch_normalization(model)
    x = random.uniform(-1, 1, (2, 16, 16, 3)).astype(np.float32)
    np.testing.assert_allclose(folded(x), model(x), atol=1e-4)
    assert not any(isinstance(layer, keras.layers.BatchNormalization) for layer in folded.layers)


def test_normalization_of_anything_else_is_refused():
    image = keras.Input((4, 4, 3))
    pooled = keras.layers.MaxPooling2D(name="pool")(image)
    model = keras.Model(image, keras.layers.BatchNormalization(name="stray")(pooled))
    with pytest.raises(ValueError, match=r"'stray'.*'pool'"):
        fold_batch_normalization(model)
