"""Weights of an exported model, loaded into a network."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="training needs requirements/training.txt")
pytest.importorskip("tf2onnx", reason="training needs requirements/training.txt")

from place_recognition_ros.descriptor.model_card import ModelCard  # noqa: E402
from place_recognition_ros.errors import ModelError  # noqa: E402
from training.export.exporter import export_model, keras_reference  # noqa: E402
from training.export.onnx_graph import convert  # noqa: E402
from training.network.batch_norm_folding import fold_batch_normalization  # noqa: E402
from training.network.build import NetworkConfig, build_network, input_spec  # noqa: E402
from training.network.onnx_weights import load_onnx_weights  # noqa: E402

CONFIG = NetworkConfig(48, 64, last_block=4, reduced=6, clusters=3, ghosts=1, size=8)


def folded(config):
    return fold_batch_normalization(build_network(config))


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A network and the file that it was exported to."""
    keras.utils.set_random_seed(0)
    network = folded(CONFIG)
    random = np.random.default_rng(0)
    for weight in network.weights:  # the exporter omits zeros
        weight.assign(random.normal(scale=0.2, size=weight.shape))
    images = list(random.integers(0, 255, (4, 60, 80, 3), np.uint8))
    spec = input_spec(CONFIG)
    card = ModelCard("trial", "", spec, 8, 0.1, "a test", {}, {})
    path = tmp_path_factory.mktemp("exported") / "trial.onnx"
    export_model(convert(network), keras_reference(network, spec), card, path, images)
    return network, path


def test_the_network_has_the_output_of_the_exported_one(exported):
    network, path = exported
    keras.utils.set_random_seed(1)
    other = folded(CONFIG)
    image = np.random.default_rng(2).uniform(-1, 1, (2, 48, 64, 3)).astype(np.float32)
    expected = network.predict_on_batch(image)
    assert not np.allclose(other.predict_on_batch(image), expected, atol=1e-2)
    load_onnx_weights(other, path)
    np.testing.assert_allclose(other.predict_on_batch(image), expected, atol=1e-3)  # stored in half precision


@pytest.mark.parametrize(
    "change",
    [
        {"last_block": 5},
        {"clusters": 4},
        {"size": 7},
        {"context_block": 9},
        {"context": ""},
        {"backbone": "mobilenet", "context": ""},
    ],
    ids=str,
)
def test_another_architecture_is_refused(exported, change):
    with pytest.raises(ModelError, match=r"trial\.onnx'.*Received"):
        load_onnx_weights(folded(CONFIG._replace(**change)), exported[1])
