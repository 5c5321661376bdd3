"""MobileNet and MobileNetV2 against literal equations."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="training needs requirements-training.txt")

from training.backbones import (  # noqa: E402
    load_mobilenet_v2_weights,
    load_mobilenet_weights,
    mobilenet,
    mobilenet_v2,
)


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    image = keras.Input((12, 16, 3))
    model = keras.Model(image, mobilenet(image, 2))
    random = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([random.uniform(0.5, 1.5, weight.shape) for weight in layer.weights])
    return model


def _answer(model, layer, x):
    return np.asarray(keras.Model(model.input, model.get_layer(layer).output)(x))


def test_shapes_and_names(model):
    assert model.output.shape == (None, 3, 4, 128)
    names = [layer.name for layer in model.layers]
    assert names[1:4] == ["conv1", "conv1_bn", "conv1_relu"]
    assert names[-3:] == ["conv_pw_2", "conv_pw_2_bn", "conv_pw_2_relu"]


def test_strided_depthwise_convolution_pads_like_tensorflow(model):
    """An even side, kernel 3, stride 2: TensorFlow's "same" pads only below and to the right."""
    x = np.random.default_rng(1).uniform(-1, 1, (1, 12, 16, 3)).astype(np.float32)
    before = _answer(model, "conv_pw_1_relu", x)[0]
    kernel = model.get_layer("conv_dw_2").get_weights()[0][..., 0]
    padded = np.pad(before, ((0, 1), (0, 1), (0, 0)))
    expected = np.stack(
        [
            [np.sum(padded[2 * r : 2 * r + 3, 2 * c : 2 * c + 3] * kernel, axis=(0, 1)) for c in range(4)]
            for r in range(3)
        ]
    )
    np.testing.assert_allclose(_answer(model, "conv_dw_2", x)[0], expected, atol=1e-4)


def test_normalization_and_relu6(model):
    x = np.random.default_rng(1).uniform(-9, 9, (1, 12, 16, 3)).astype(np.float32)
    gamma, beta, mean, variance = model.get_layer("conv_pw_2_bn").get_weights()
    normalized = gamma * (_answer(model, "conv_pw_2", x) - mean) / np.sqrt(variance + 1e-3) + beta
    np.testing.assert_allclose(_answer(model, "conv_pw_2_relu", x), np.clip(normalized, 0, 6), atol=1e-4)


def test_weights_by_name(model, tmp_path):
    stored = {}
    for layer in model.layers:
        for variable in layer.weights:
            name = "depthwise_kernel" if "_dw_" in layer.name and variable.name == "kernel" else variable.name
            stored[f"{layer.name}|{name}"] = np.full(variable.shape, 0.5, np.float16)
    np.savez(tmp_path / "weights.npz", **stored)
    again = keras.models.clone_model(model)
    load_mobilenet_weights(again, tmp_path / "weights.npz")
    assert all((weight == 0.5).all() for weight in again.get_weights())


def test_a_missing_weight_is_named(model, tmp_path):
    np.savez(tmp_path / "weights.npz", **{"conv1|kernel": np.zeros((3, 3, 3, 32))})
    with pytest.raises(ValueError, match=r"conv1_bn\|gamma"):
        load_mobilenet_weights(keras.models.clone_model(model), tmp_path / "weights.npz")


def test_unknown_block_is_refused():
    with pytest.raises(ValueError, match="14"):
        mobilenet(keras.Input((12, 16, 3)), 14)


@pytest.fixture(scope="module")
def second_model():
    image = keras.Input((32, 48, 3))
    return keras.Model(image, mobilenet_v2(image, 4))


def test_second_shapes_and_names(second_model):
    assert second_model.output.shape == (None, 4, 6, 32)
    assert [layer.name for layer in second_model.layers][-2:] == ["block_4_project", "block_4_add"]


def test_second_bottleneck_is_linear_with_a_shortcut(second_model):
    x = np.random.default_rng(1).uniform(-1, 1, (1, 32, 48, 3)).astype(np.float32)
    narrow, wide = (
        _answer(second_model, "block_3_project", x),
        _answer(second_model, "block_4_depthwise_relu", x),
    )
    kernel, bias = second_model.get_layer("block_4_project").get_weights()
    np.testing.assert_allclose(second_model(x), narrow + wide @ kernel[0, 0] + bias, atol=1e-4)


def _store_second(model, path):
    random, stored, number = np.random.default_rng(0), {}, 0
    for layer in model.layers:
        if layer.weights:
            shape = layer.weights[0].shape
            stored[f"{number:02d}_op_s1_w"] = random.normal(size=(shape[3], *shape[:3])).astype(np.float16)
            stored[f"{number:02d}_op_s1_b"] = np.full(layer.weights[1].shape, number, np.float32)
            number += 1
    np.savez(path, **stored)
    return stored


def test_second_weights_in_network_order(second_model, tmp_path):
    stored = _store_second(second_model, tmp_path / "weights.npz")
    again = keras.models.clone_model(second_model)
    load_mobilenet_v2_weights(again, tmp_path / "weights.npz")
    kernel, bias = again.get_layer("expanded_conv_depthwise").get_weights()
    np.testing.assert_array_equal(kernel, stored["01_op_s1_w"].transpose(1, 2, 3, 0))
    assert (bias == 1).all()
    assert (again.get_layer("block_4_project").get_weights()[1] == 14).all()


def test_second_weights_of_another_network_are_refused(second_model, tmp_path):
    stored = _store_second(second_model, tmp_path / "weights.npz")
    stored["03_op_s1_w"] = stored["03_op_s1_w"][:-1]
    np.savez(tmp_path / "weights.npz", **stored)
    with pytest.raises(ValueError, match="block_1_expand"):
        load_mobilenet_v2_weights(keras.models.clone_model(second_model), tmp_path / "weights.npz")


def test_second_unknown_block_is_refused():
    with pytest.raises(ValueError, match="17"):
        mobilenet_v2(keras.Input((32, 32, 3)), 17)
