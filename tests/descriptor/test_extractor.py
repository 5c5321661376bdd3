import os

import numpy as np
import pytest

from place_recognition_ros.descriptor import open_extractor
from place_recognition_ros.descriptor.model_card import default_model_path
from place_recognition_ros.errors import EngineError, ImageError, ModelError

IMAGE = np.full((2, 3, 3), (10, 20, 30), np.uint8)


@pytest.fixture(scope="module")
def default():
    extractor = open_extractor()
    yield extractor
    extractor.close()


@pytest.fixture
def describe(onnx, write_model):
    """``describe(weights)``: the descriptor that a small network computes for IMAGE."""
    return lambda weights: open_extractor(write_model(onnx.model(weights.astype(np.float32)))).describe(IMAGE)


def test_a_vector_of_nearly_unit_norm_is_normalized(describe):
    weights = np.zeros((18, 4))
    weights[:3, 0] = 0.995 / (3 + 0.5 * (10 + 20 + 30))  # mean and std of the small card
    vector = describe(weights)
    assert vector.dtype == np.float32
    np.testing.assert_allclose(vector, [1, 0, 0, 0], atol=1e-6)


def test_a_closed_extractor_is_refused(onnx, write_model):
    extractor = open_extractor(write_model(onnx.model(np.ones((18, 4), np.float32))))
    extractor.close()
    extractor.close()
    with pytest.raises(EngineError, match=r"expected an open extractor\. Received: .* close"):
        extractor.describe(IMAGE)


@pytest.mark.parametrize("value", [0.0, 1.0, float("nan"), float("inf"), -float("inf"), 1e30])
def test_a_descriptor_that_would_corrupt_the_index_is_refused(describe, value):
    with np.errstate(all="ignore"), pytest.raises(EngineError, match=r"unit norm\. Received: norm"):
        describe(np.full((18, 4), value))


def test_one_nan_is_sufficient(describe):
    weights = np.zeros((18, 4))
    weights[:3, 0] = 1 / 33
    weights[0, 3] = float("nan")
    with pytest.raises(EngineError, match="unit norm"):
        describe(weights)


@pytest.mark.parametrize("backend", ["auto", "onnx"])
def test_without_a_gpu_the_cpu_is_used(backend, onnx, weights, write_model):
    extractor = open_extractor(write_model(onnx.model(weights)), backend)
    assert "onnxruntime" in extractor.engine_name
    extractor.close()


@pytest.mark.parametrize("backend", ["", "AUTO", "tensorflow"])
def test_an_unknown_backend_is_named(backend):
    with pytest.raises(EngineError, match=f"Received: '{backend}'"):
        open_extractor(backend=backend)


def test_a_missing_model_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"gone\.onnx"):
        open_extractor(str(tmp_path / "gone.onnx"))


def test_a_card_that_claims_another_size_is_refused(onnx, weights, write_model):
    with pytest.raises(EngineError, match=r"\(1, 7\).*Received.*\(1, 4\)"):
        open_extractor(write_model(onnx.model(weights), descriptor_size=7))


def test_the_package_contains_a_model(root, default):
    assert os.path.realpath(default_model_path()) == os.path.join(root, "models", "default.onnx")
    assert default.card.input.channels == 3


@pytest.mark.parametrize("shape", [(240, 320, 3), (480, 640), (1, 1), (50, 900, 3), (1944, 2592, 3)])
def test_the_default_model_describes_any_image(default, shape, rng):
    vector = default.describe(rng.integers(0, 256, shape).astype(np.uint8))
    assert vector.shape == (default.card.descriptor_size,)
    assert vector.dtype == np.float32
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_the_default_model_describes_a_uniform_image(default, level):
    vector = default.describe(np.full((240, 320, 3), level, np.uint8))
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_the_same_image_has_the_same_descriptor(default, paint):
    np.testing.assert_array_equal(default.describe(paint(1)), default.describe(paint(1)))
    assert default.describe(paint(1)) @ default.describe(paint(2)) < 0.999


def test_an_array_that_is_not_an_image_is_refused(default):
    with pytest.raises(ImageError):
        default.describe(np.zeros((240, 320, 3), np.float32))
