"""cartwheel_train's networks in NumPy, layer by layer of their description, float64."""

import json

import h5py
import numpy as np


def describe(path, image):
    """The descriptor by the network in a file.

    Args:
        path: HDF5 file as Keras 2.2 wrote it.
        image: (H, W, C) float.

    Returns:
        (K · D,) float64, unit norm.
    """
    with h5py.File(path, "r") as file:
        outputs = {}
        for layer in json.loads(file.attrs["model_config"])["config"]["layers"]:
            group = file["model_weights"][layer["name"]]
            weights = [group[name][()].astype(np.float64) for name in group.attrs["weight_names"]]
            inputs = [outputs[link[0]] for node in layer["inbound_nodes"] for link in node]
            x = image.astype(np.float64) if layer["class_name"] == "InputLayer" else inputs[0]
            outputs[layer["name"]] = _LAYERS[layer["class_name"]](x, inputs, layer["config"], weights)
    return outputs[layer["name"]]


def _pad(x, inputs, config, weights):
    return np.pad(x, (*config["padding"], (0, 0)))


def _windows(x, config, kernel):
    """All windows of the kernel: (rows, columns, channels, height, width)."""
    height, width = kernel.shape[:2]
    if config["padding"] == "same" and config["strides"] == [1, 1]:
        x = np.pad(x, ((height // 2, height // 2), (width // 2, width // 2), (0, 0)))
    elif config["padding"] != "valid":
        raise NotImplementedError(config)
    windows = np.lib.stride_tricks.sliding_window_view(x, (height, width), axis=(0, 1))
    return windows[:: config["strides"][0], :: config["strides"][1]]


def _convolve(x, inputs, config, weights):
    (kernel,) = weights
    return np.tensordot(_windows(x, config, kernel), kernel, axes=([3, 4, 2], [0, 1, 2]))


def _convolve_each(x, inputs, config, weights):
    (kernel,) = weights
    return np.einsum("rkcyx,yxc->rkc", _windows(x, config, kernel), kernel[..., 0])


def _normalize(x, inputs, config, weights):
    gamma, beta, mean, variance = weights
    return gamma * (x - mean) / np.sqrt(variance + config["epsilon"]) + beta


def _vlad(x, inputs, config, weights):
    kernel, bias, centers = weights
    kernel, bias, centers = kernel[0, 0], bias[0, 0], centers[0, 0, 0]
    depth, every = centers.shape
    v = np.zeros((every, depth))
    for feature in x.reshape(-1, depth):
        scores = feature @ kernel + bias
        shares = np.exp(scores - scores.max())
        shares /= shares.sum()
        v += shares[:, None] * (feature + centers.T)
    if "num_ghost_clusters" in config:
        v = v[: config["num_clusters"]]
    v = np.array([_l2_normalize(row) for row in v])
    return _l2_normalize(v.ravel())


def _l2_normalize(x):
    """Like K.l2_normalize of Keras 2.2: a very short vector stays short."""
    return x / np.sqrt(max(np.sum(x**2), 1e-12))


_LAYERS = {
    "InputLayer": lambda x, inputs, config, weights: x,
    "ZeroPadding2D": _pad,
    "Conv2D": _convolve,
    "DepthwiseConv2D": _convolve_each,
    "BatchNormalization": _normalize,
    "ReLU": lambda x, inputs, config, weights: np.clip(x, 0.0, config["max_value"]),
    "Add": lambda x, inputs, config, weights: sum(inputs),
    "NetVLADLayer": _vlad,
    "GhostVLADLayer": _vlad,
}
