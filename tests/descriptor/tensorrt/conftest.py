import pytest

from place_recognition_ros.descriptor.model_card import read_model
from place_recognition_ros.descriptor.tensorrt.builder import BuildSettings


@pytest.fixture
def model(onnx, weights, write_model):
    """Card and bytes of the small network, whose descriptors have nearly unit norm."""
    return read_model(write_model(onnx.model(weights)))


@pytest.fixture
def settings(tmp_path):
    """Settings with a cache of the test's own."""
    return BuildSettings(cache=str(tmp_path / "cache"))
