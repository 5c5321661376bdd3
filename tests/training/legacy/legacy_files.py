"""Small files in cartwheel_train's format: MobileNet to conv_pw_2 and NetVLAD, random weights."""

import json

import h5py
import numpy as np

CHANNELS = {"conv1": (3, 32), "conv_dw_1": (32, 1), "conv_pw_1": (32, 64), "conv_dw_2": (64, 1)}
CHANNELS["conv_pw_2"] = (64, 128)
STRIDED = ("conv1", "conv_dw_2")


def description(vlad="NetVLADLayer", **vlad_config):
    """The layers in the format of Keras 2.2."""
    layers = [_layer("InputLayer", "input_1", [], batch_input_shape=[None, 32, 48, 3])]

    def add(kind, name, **config):
        layers.append(_layer(kind, name, [layers[-1]["name"]], **config))

    for name in CHANNELS:
        strides = [2, 2] if name in STRIDED else [1, 1]
        if name in STRIDED:
            pad = "conv1_pad" if name == "conv1" else "conv_pad_2"
            add("ZeroPadding2D", pad, padding=[[0, 1], [0, 1]])
        depthwise = "_dw_" in name
        add(
            "DepthwiseConv2D" if depthwise else "Conv2D",
            name,
            strides=strides,
            kernel_size=[1, 1] if "_pw_" in name else [3, 3],
            padding="valid" if name in STRIDED else "same",
            use_bias=False,
            activation="linear",
            dilation_rate=[1, 1],
        )
        add("BatchNormalization", f"{name}_bn", epsilon=0.001, axis=-1)
        add("ReLU", f"{name}_relu", max_value=6.0)
    add(vlad, "vlad", **vlad_config)
    return {"class_name": "Model", "config": {"layers": layers, "name": "model_1"}}


def weights(clusters=4):
    """{layer: {weight: array}}, random."""
    random = np.random.default_rng(0)
    arrays = {}
    for name, (inputs, outputs) in CHANNELS.items():
        side, depthwise = (1 if "_pw_" in name else 3), "_dw_" in name
        kernel = random.normal(size=(side, side, inputs, outputs)) / np.sqrt(side * side * inputs / 8)
        arrays[name] = {"depthwise_kernel" if depthwise else "kernel": kernel}
        normalized = inputs if depthwise else outputs
        arrays[f"{name}_bn"] = {
            weight: random.uniform(0.5, 1.5, normalized)
            for weight in ("gamma", "beta", "moving_mean", "moving_variance")
        }
    shapes = {"kernel": (1, 1, 128, clusters), "bias": (1, 1, clusters)}
    shapes["cluster_centers"] = (1, 1, 1, 128, clusters)
    arrays["vlad"] = {name: random.normal(size=shape) for name, shape in shapes.items()}
    return arrays


def write(path, layers=None, arrays=None, version="2.2.4"):
    """Write an HDF5 file in the format of Keras 2.2; returns its path."""
    layers = description() if layers is None else layers
    arrays = weights() if arrays is None else arrays
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = np.bytes_(json.dumps(layers))
        file.attrs["keras_version"] = np.bytes_(version)
        for layer in layers["config"]["layers"]:
            name = layer["name"]
            group = file.create_group(f"model_weights/{name}")
            stored = arrays.get(name, {})
            group.attrs["weight_names"] = [np.bytes_(f"{name}/{weight}:0") for weight in stored]
            for weight, array in stored.items():
                group[f"{name}/{weight}:0"] = np.asarray(array, np.float32)
    return path


def _layer(kind, name, inputs, **config):
    nodes = [[[other, 0, 0, {}] for other in inputs]] if inputs else []
    return {"class_name": kind, "name": name, "config": {"name": name, **config}, "inbound_nodes": nodes}
