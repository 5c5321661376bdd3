"""Models of cartwheel_train (Kuse and Shen, arXiv 1904.06962; Keras 2.2, HDF5) as networks of this package.

The weights are read as arrays and the description as JSON; no code in the file is executed, so Lambda layers
and foreign classes are harmless. A file whose layers differ from cartwheel_train's networks is refused.
"""

import keras

from place_recognition_ros.descriptor.preprocess import InputSpec
from place_recognition_ros.errors import ModelError
from training.legacy.reading import DAMAGE, Legacy, read_legacy
from training.legacy.recognition import check_layers, padded_layers, recognize
from training.network.backbones.mobilenet_v2 import normalization_of
from training.network.batch_norm_folding import fold_arrays
from training.network.build import build_network

_EPSILON = 1e-3  # of its batch normalization

PREPROCESSING = {  # name → mean and standard deviation of every channel, of BGR or gray pixels
    "raw": (0.0, 1.0),
    "centered": (128.0, 127.5),  # (x - 128) · 2 / 255
}


def load_legacy(path, preprocessing=""):
    """Read a model of cartwheel_train.

    Args:
        path: HDF5 file with any suffix.
        preprocessing: "raw" or "centered", as in training; empty: "raw" for files of Keras 2.2.2, which are
            older than cartwheel_train's centring of the input, else "centered". Files do not store it.

    Returns:
        Keras model, InputSpec.

    Raises:
        ModelError: naming the file and the layer, if it is not such a model.
        ValueError: if the pre-processing is unknown.
    """
    if preprocessing and preprocessing not in PREPROCESSING:
        raise ValueError(
            f"expected a pre-processing among {', '.join(PREPROCESSING)}. Received: '{preprocessing}'"
        )
    legacy = read_legacy(path)
    try:
        config = recognize(legacy)
        network = build_network(config)
        check_layers(legacy, network)
        network = _with_padding(network, padded_layers(legacy))
        for layer in network.layers:
            if layer.weights:
                layer.set_weights(_weights(layer, legacy))
    except DAMAGE as error:
        raise ModelError(f"expected a model of cartwheel_train. Received: '{path}': {error}") from error
    if not preprocessing:
        preprocessing = "raw" if legacy.version == "2.2.2" else "centered"
    order = "BGR" if config.channels == 3 else "GRAY"
    mean, std = ((value,) * config.channels for value in PREPROCESSING[preprocessing])
    return network, InputSpec(config.height, config.width, config.channels, order, "NHWC", mean, std)


def _with_padding(network, padded):
    """The same network with cartwheel_train's padding before strided convolutions.

    It differs from padding "same" for input with an odd side in some layer.
    """

    def clone(layer):
        config = layer.get_config()
        if layer.name in padded:
            config["padding"] = "valid"
        return type(layer).from_config(config)

    def call(layer, *inputs, **options):
        if layer.name in padded:
            padding = keras.layers.ZeroPadding2D(((0, 1), (0, 1)), name=f"{layer.name}_pad")
            return layer(padding(inputs[0]), **options)
        return layer(*inputs, **options)

    return keras.models.clone_model(network, clone_function=clone, call_function=call)


def _weights(layer, legacy):
    """Weights for a layer, found by its name; shapes are checked."""
    if layer.name == "netvlad":
        found = _netvlad(legacy, layer.clusters)
    elif layer.name.endswith("_bn"):
        found = _arrays(legacy, layer.name, "gamma", "beta", "moving_mean", "moving_variance")
    else:
        found = _convolution(layer, legacy)
    expected = [tuple(variable.shape) for variable in layer.weights]
    received = [array.shape for array in found]
    if expected != received:
        raise ModelError(
            f"expected weights {expected} of '{layer.name}' in '{legacy.path}'. Received: {received}"
        )
    return found


def _arrays(legacy, layer, *names):
    missing = [name for name in names if f"{layer}/{name}" not in legacy.arrays]
    if missing:
        raise ModelError(f"expected '{missing[0]}' of '{layer}' in '{legacy.path}'. Received: nothing")
    return [legacy.arrays[f"{layer}/{name}"] for name in names]


def _netvlad(legacy, clusters):
    """The centres change their sign: cartwheel_train computes v_k = Σ_p a_pk (x_p + C_k)."""
    name = legacy.layers[-1].name
    kernel, bias, centers = _arrays(legacy, name, "kernel", "bias", "cluster_centers")
    if centers.ndim != 5 or bias.ndim != 3 or (*bias.shape[:2], *centers.shape[:3]) != (1,) * 5:
        raise ModelError(
            f"expected the bias (1, 1, K) and the centres (1, 1, 1, D, K) of '{name}' in '{legacy.path}'. "
            f"Received: {bias.shape} and {centers.shape}"
        )
    return [kernel[0, 0], bias[0, 0], -centers[0, 0, 0, :, :clusters].T]


def _convolution(layer, legacy):
    depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
    (kernel,) = _arrays(legacy, layer.name, "depthwise_kernel" if depthwise else "kernel")
    if not layer.use_bias:  # MobileNet: normalization is a separate layer
        return [kernel]
    normalization = _arrays(
        legacy, normalization_of(layer.name), "gamma", "beta", "moving_mean", "moving_variance"
    )
    return fold_arrays(kernel, normalization, _EPSILON, depthwise)


__all__ = ["PREPROCESSING", "Legacy", "load_legacy", "read_legacy"]
