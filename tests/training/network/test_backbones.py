"""MobileNet, MobileNetV2 and VGG16 against their equations and keras.applications."""

import h5py
import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="training needs requirements/training.txt")

from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group  # noqa: E402

from tests.training.networks import normalized_mobilenet, randomize_normalization  # noqa: E402
from training.network.backbones import (  # noqa: E402
    BACKBONES,
    imagenet,
    load_imagenet,
    load_mobilenet_v2_weights,
    load_mobilenet_weights,
    mobilenet,
    mobilenet_v2,
    vgg16,
)


@pytest.fixture(scope="module")
def model():
    return normalized_mobilenet(12, 16, 2)


def _output(model, layer, x):
    return np.asarray(keras.Model(model.input, model.get_layer(layer).output)(x))


def test_shapes_and_names(model):
    assert model.output.shape == (None, 3, 4, 128)
    names = [layer.name for layer in model.layers]
    assert names[1:4] == ["conv1", "conv1_bn", "conv1_relu"]
    assert names[-3:] == ["conv_pw_2", "conv_pw_2_bn", "conv_pw_2_relu"]


def test_strided_depthwise_convolution_pads_like_tensorflow(model):
    """An even side, kernel 3, stride 2: TensorFlow's "same" pads only below and to the right."""
    x = np.random.default_rng(1).uniform(-1, 1, (1, 12, 16, 3)).astype(np.float32)
    before = _output(model, "conv_pw_1_relu", x)[0]
    kernel = model.get_layer("conv_dw_2").get_weights()[0][..., 0]
    padded = np.pad(before, ((0, 1), (0, 1), (0, 0)))
    expected = np.stack(
        [
            [np.sum(padded[2 * r : 2 * r + 3, 2 * c : 2 * c + 3] * kernel, axis=(0, 1)) for c in range(4)]
            for r in range(3)
        ]
    )
    np.testing.assert_allclose(_output(model, "conv_dw_2", x)[0], expected, atol=1e-4)


def test_normalization_and_relu6(model):
    x = np.random.default_rng(1).uniform(-9, 9, (1, 12, 16, 3)).astype(np.float32)
    gamma, beta, mean, variance = model.get_layer("conv_pw_2_bn").get_weights()
    normalized = gamma * (_output(model, "conv_pw_2", x) - mean) / np.sqrt(variance + 1e-3) + beta
    np.testing.assert_allclose(_output(model, "conv_pw_2_relu", x), np.clip(normalized, 0, 6), atol=1e-4)


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


def test_second_bottleneck_is_linear_with_a_residual_connection(second_model):
    x = np.random.default_rng(1).uniform(-1, 1, (1, 32, 48, 3)).astype(np.float32)
    narrow, wide = (
        _output(second_model, "block_3_project", x),
        _output(second_model, "block_4_depthwise_relu", x),
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


@pytest.fixture(scope="module")
def vgg():
    keras.utils.set_random_seed(0)
    image = keras.Input((32, 48, 3))
    return keras.Model(image, vgg16(image, 3))


def test_vgg_shapes_and_names(vgg):
    assert vgg.output.shape == (None, 8, 12, 256)
    names = [layer.name for layer in vgg.layers]
    assert names[1:4] == ["caffe_input", "block1_conv1", "block1_conv1_relu"]
    assert names[-1] == "block3_conv3"  # without ReLU


@pytest.mark.parametrize("block", [0, 6])
def test_vgg_unknown_block_is_refused(block):
    with pytest.raises(ValueError, match=str(block)):
        vgg16(keras.Input((32, 32, 3)), block)


def _applications_model(name):
    """A network of keras.applications with random weights, all different from the defaults."""
    keras.utils.set_random_seed(0)
    constructor = {
        "mobilenet": keras.applications.MobileNet,
        "mobilenet_v2": keras.applications.MobileNetV2,
        "vgg16": keras.applications.VGG16,
    }
    source = constructor[name](weights=None, include_top=False, input_shape=(224, 224, 3))
    randomize_normalization(source)
    return source


@pytest.fixture(
    scope="module", params=[("mobilenet", 3), ("mobilenet_v2", 4), ("vgg16", 2)], ids=lambda p: p[0]
)
def application(request, tmp_path_factory):
    """Name, last block, keras.applications model with the weights, and their file."""
    name, block = request.param
    source = _applications_model(name)
    path = tmp_path_factory.mktemp(name) / f"{name}_no_top.h5"
    with h5py.File(path, "w") as file:  # like the files that Keras distributes
        save_weights_to_hdf5_group(file, source)
    return name, block, source, path


_ENDS = {"mobilenet": "conv_pw_3_relu", "mobilenet_v2": "block_4_add", "vgg16": "block2_conv2"}


def _expected(name, source, images):
    """Output of keras.applications for RGB images, 0 to 255, with its own pre-processing."""
    module = getattr(keras.applications, name)
    end = source.get_layer(_ENDS[name])
    if name == "vgg16":  # has ReLU in the layer; the features are taken before it
        end.activation = keras.activations.linear
    tapped = keras.Model(source.input, end.output)
    return tapped(module.preprocess_input(images.copy()))


def _own(name, block, channels, weights):
    image = keras.Input((224, 224, channels))
    model = keras.Model(image, BACKBONES[name].features(image, block))
    load_imagenet(model, name, weights)
    return model


def test_weights_of_keras_applications(application):
    name, block, source, path = application
    images = np.random.default_rng(0).uniform(0, 255, (1, 224, 224, 3)).astype(np.float32)
    found = np.asarray(_own(name, block, 3, path)(images / 127.5 - 1))
    expected = np.asarray(_expected(name, source, images))
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())


def test_gray_is_three_equal_colours(application):
    name, block, source, path = application
    gray = np.random.default_rng(0).uniform(0, 255, (1, 224, 224, 1)).astype(np.float32)
    found = np.asarray(_own(name, block, 1, path)(gray / 127.5 - 1))
    expected = np.asarray(_expected(name, source, np.repeat(gray, 3, axis=-1)))
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())


def test_keras_own_download(monkeypatch):
    """Without a connection: the constructor is called for the download, and its weights are used."""
    source = _applications_model("mobilenet")

    def download(weights, include_top, input_shape):
        assert (weights, include_top, input_shape[-1]) == ("imagenet", False, 3)
        return source

    monkeypatch.setitem(imagenet._APPLICATIONS, "mobilenet", download)
    downloaded = _own("mobilenet", 1, 3, "imagenet")
    for name in ("conv1", "conv1_bn", "conv_dw_1", "conv_pw_1_bn"):
        for own, given in zip(downloaded.get_layer(name).weights, source.get_layer(name).weights):
            np.testing.assert_array_equal(own, given)


def test_a_failed_download_is_an_error(monkeypatch):
    def download(**options):
        raise Exception("URL fetch failure on https://example.org")

    monkeypatch.setitem(imagenet._APPLICATIONS, "mobilenet", download)
    with pytest.raises(ValueError, match="'imagenet': URL fetch failure"):
        _own("mobilenet", 1, 3, "imagenet")


@pytest.mark.parametrize("ending", [".h5", ".npz", ".weights.h5"])
def test_a_file_without_weights_is_named(tmp_path, ending):
    path = tmp_path / f"broken{ending}"
    path.write_bytes(b"PK\x03\x04 is how a zip begins")
    with pytest.raises(ValueError, match="broken"):
        _own("mobilenet", 1, 3, path)


@pytest.mark.parametrize("name", ["mobilenet", "mobilenet_v2"])
def test_bare_weights_for_gray(data, name):
    """With given ImageNet weights, gray and colour networks have equal output for gray images."""
    (path,) = (data / "mobilenet_imagenet").glob(f"mobilenet_v{2 if 'v2' in name else 1}_*.npz")
    gray = np.random.default_rng(0).uniform(-1, 1, (1, 224, 224, 1)).astype(np.float32)
    found = _own(name, 3, 1, path)(gray)
    expected = _own(name, 3, 3, path)(np.repeat(gray, 3, axis=-1))
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_bare_weights_for_vgg_are_refused():
    with pytest.raises(ValueError, match=r"weights\.npz"):
        _own("vgg16", 1, 3, "weights.npz")
