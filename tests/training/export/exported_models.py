"""The package's models and cartwheel_train's, exported at two sizes, each once for all tests."""

from functools import lru_cache

import onnx
import pytest

from place_recognition_ros.descriptor.model_card import default_model_path
from place_recognition_ros.package_models import FEATURES
from training.files import DATA, DEFAULT_MODEL

LEGACY_MODELS = DATA / "legacy_models"
ORDERS = {  # name → InputSpec without its size
    "default": (3, "RGB", "NHWC", (127.5,) * 3, (127.5,) * 3),
    "core_model_keras2_hdf5.keras": (3, "BGR", "NHWC", (0.0,) * 3, (1.0,) * 3),
    "mobilenet_conv_pw_6_bgr.h5": (3, "BGR", "NHWC", (128.0,) * 3, (127.5,) * 3),
    "mobilenetv2_block_9_gray.h5": (1, "GRAY", "NHWC", (128.0,), (127.5,)),
}
NAMES = (*ORDERS, "features")  # ORDERS: those that compute global descriptors
SIZES = ((192, 256), (480, 640))  # height, width
FEATURES_SIZE = (240, 320)  # of models/features.onnx


@lru_cache(maxsize=None)
def exported(name, height, width):
    """One of NAMES at a size as onnx.ModelProto, exported here; skips the test if the file is missing."""
    from training.export.onnx_graph import convert
    from training.legacy import load_legacy
    from training.network.batch_norm_folding import fold_batch_normalization
    from training.network.build import NetworkConfig, build_network, resized
    from training.network.onnx_weights import load_onnx_weights

    if name == "features":
        return _exported_features(height, width)
    if name == "default":
        model = onnx.load(DEFAULT_MODEL)
        if _size(model) == (height, width):
            return model
        network = fold_batch_normalization(build_network(NetworkConfig(height=height, width=width)))
        load_onnx_weights(network, DEFAULT_MODEL)
        return convert(network)
    if not (LEGACY_MODELS / name).is_file():
        pytest.skip(f"needs cartwheel_train's model {LEGACY_MODELS / name}")
    network, _ = load_legacy(LEGACY_MODELS / name)
    return convert(resized(network, height, width))


def _exported_features(height, width):
    """The stored network at its own size; at others untrained, with the same operations."""
    from training.export.onnx_graph import convert
    from training.features.network import build

    if (height, width) == FEATURES_SIZE:
        return onnx.load(default_model_path(FEATURES))
    return convert(build(height, width), "features")


def _size(model):
    _, height, width, _ = [size.dim_value for size in model.graph.input[0].type.tensor_type.shape.dim]
    return height, width
