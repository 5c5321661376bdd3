"""cartwheel_train's models against a literal implementation of their layers."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="training needs requirements/training.txt")
pytest.importorskip("tf2onnx", reason="training needs requirements/training.txt")

import onnxruntime  # noqa: E402

from place_recognition_ros.descriptor.preprocess import prepare  # noqa: E402
from tests.training.legacy import legacy_files, literal_legacy  # noqa: E402
from training.data import read_image  # noqa: E402
from training.export.onnx_graph import convert  # noqa: E402
from training.legacy import load_legacy  # noqa: E402
from training.network.build import resized  # noqa: E402

MODELS = {
    "core_model_keras2_hdf5.keras": ("BGR", (0.0,) * 3, (1.0,) * 3, 8192),
    "mobilenet_conv_pw_6_bgr.h5": ("BGR", (128.0,) * 3, (127.5,) * 3, 8192),
    "mobilenetv2_block_9_gray.h5": ("GRAY", (128.0,), (127.5,), 1024),
}


def _cosines(path, network, spec, image):
    """Cosine of the literal implementation with Keras, and with ONNX Runtime."""
    tensor = prepare(image, spec)
    literal = literal_legacy.describe(path, tensor[0])
    session = onnxruntime.InferenceSession(convert(network).SerializeToString())
    vectors = [network.predict_on_batch(tensor)[0], session.run(None, {"image": tensor})[0][0]]
    unit = [vector / np.linalg.norm(vector) for vector in np.asarray(vectors, np.float64)]
    return unit @ literal / np.linalg.norm(literal)


@pytest.mark.parametrize("name", MODELS)
def test_models_equal_their_literal_layers(data, name):
    path = data / "legacy_models" / name
    network, spec = load_legacy(path)
    order, mean, std, size = MODELS[name]
    assert (spec.height, spec.width, spec.color_order) == (240, 320, order)
    assert (spec.layout, spec.mean, spec.std) == ("NHWC", mean, std)
    assert network.output.shape == (None, size)
    files = sorted((data / "ie_tower" / "images").rglob("*.webp"))
    by_keras, by_onnx = _cosines(path, network, spec, read_image(files[len(files) // 2]))
    print(f"\n{name}: cosine with the literal layers {by_keras:.9f} by Keras, {by_onnx:.9f} by ONNX Runtime")
    assert min(by_keras, by_onnx) >= 0.9999


@pytest.mark.parametrize("name", MODELS)
def test_models_at_a_size_with_odd_sides(data, name):
    """cartwheel_train's padding of strided layers differs from TensorFlow's for odd sides."""
    path = data / "legacy_models" / name
    network, spec = load_legacy(path)
    spec = spec._replace(height=50, width=75)
    image = np.random.default_rng(0).integers(0, 255, (50, 75, 3), np.uint8)
    tensor = prepare(image, spec)
    (descriptor,) = resized(network, 50, 75).predict_on_batch(tensor)
    assert literal_legacy.describe(path, tensor[0]) @ descriptor >= 0.99999


def test_ghost_clusters_and_odd_sides(tmp_path):
    layers = legacy_files.description("GhostVLADLayer", num_clusters=3, num_ghost_clusters=2)
    path = legacy_files.write(tmp_path / "ghost.h5", layers, legacy_files.weights(clusters=5))
    network, spec = load_legacy(path)
    assert network.output.shape == (None, 3 * 128)
    network, spec = resized(network, 33, 49), spec._replace(height=33, width=49)
    image = np.random.default_rng(0).integers(0, 255, (33, 49, 3), np.uint8)
    assert min(_cosines(path, network, spec, image)) >= 0.99999


@pytest.mark.parametrize(
    "version, preprocessing, std",
    [("2.2.2", "", 1.0), ("2.2.4", "", 127.5), ("2.2.4", "raw", 1.0), ("2.2.2", "centered", 127.5)],
)
def test_preprocessing_follows_the_keras_version_unless_given(tmp_path, version, preprocessing, std):
    path = legacy_files.write(tmp_path / "a.h5", version=version)
    assert load_legacy(path, preprocessing)[1].std == (std,) * 3


def test_unknown_preprocessing_is_refused(tmp_path):
    with pytest.raises(ValueError, match="caffe"):
        load_legacy(legacy_files.write(tmp_path / "a.h5"), "caffe")


def test_a_model_for_any_size_gets_the_default_size(tmp_path):
    layers = legacy_files.description()
    layers["config"]["layers"][0]["config"]["batch_input_shape"] = [None, None, None, 3]
    assert load_legacy(legacy_files.write(tmp_path / "a.h5", layers))[1][:3] == (240, 320, 3)
