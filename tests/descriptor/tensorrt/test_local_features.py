"""The network of the local features on TensorRT: a map as output instead of a vector; on the fakes."""

import numpy as np
import pytest

from place_recognition_ros.descriptor.local_features import open_feature_finder
from place_recognition_ros.descriptor.model_card import LOCAL_FEATURES, default_model_path, read_model
from place_recognition_ros.descriptor.onnx_engine import OnnxEngine
from place_recognition_ros.descriptor.tensorrt.builder import open_tensorrt
from place_recognition_ros.errors import EngineError
from place_recognition_ros.package_models import FEATURES
from place_recognition_ros.types import FEATURE
from tests.fakes.install import install


@pytest.fixture(params=["8.2.1.8", "11.0.0"])
def gpu(request, monkeypatch):
    """The fake GPU, with that TensorRT."""
    return install(monkeypatch, request.param)


@pytest.fixture(scope="module")
def features():
    """Card and bytes of the package's network."""
    return read_model(default_model_path(FEATURES), LOCAL_FEATURES)


def test_its_maps_are_those_of_onnx_runtime(gpu, features, settings, rng):
    engine, reference = open_tensorrt(*features, settings), OnnxEngine(*features)
    tensor = rng.uniform(-1, 1, features[0].input.shape).astype(np.float32)
    maps = engine.infer(tensor)
    assert (maps.shape, maps.dtype) == ((60, 80, 48), np.float32)
    np.testing.assert_allclose(maps, reference.infer(tensor), atol=0.02 * np.abs(maps).max())
    first = maps.copy()
    engine.infer(-tensor)
    np.testing.assert_array_equal(maps, first)  # a result belongs to the caller
    engine.close()


def test_the_finder_finds_the_same_features_as_with_onnx_runtime(gpu, settings, paint):
    found = []
    for backend in ("tensorrt", "onnx"):
        finder = open_feature_finder(count=200, backend=backend, build=settings)
        found.append(finder.find(paint(1)))
        finder.close()
    assert {len(each) for each in found} == {200}
    assert found[0].dtype == FEATURE
    places = [{(round(float(each["x"])), round(float(each["y"]))) for each in few} for few in found]
    assert len(places[0] & places[1]) > 150
    assert (gpu.live_contexts, gpu.live_objects) == (0, 0)


def test_the_engine_is_built_once(gpu, settings):
    for _ in range(2):
        open_feature_finder(backend="tensorrt", build=settings).close()
    assert gpu.builds == 1


def test_a_card_with_another_cell_is_refused(gpu, features, settings):
    card, content = features
    wrong = card._replace(descriptor_size=card.descriptor_size + 1)
    with pytest.raises(EngineError, match="as the card says"):
        open_tensorrt(wrong, content, settings)
