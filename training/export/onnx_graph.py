"""Keras network ► ONNX graph, in the one form that all engines read."""

import tempfile
import warnings
from copy import deepcopy
from pathlib import Path

import keras
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from training.network.batch_norm_folding import fold_batch_normalization

OPSET = 13  # the newest that TensorRT 8.2 reads


def convert(network):
    """Keras network to a checked ONNX model.

    It has the input "image" (1, H, W, C) float32 and the output "descriptor" (1, D) float32, fixed
    shapes, no batch normalisation, and the whitening matrix, if there is one, in half precision.

    Args:
        network: Keras model, (B, H, W, C) float32 to (B, D) float32.

    Returns:
        onnx.ModelProto.
    """
    folded = fold_batch_normalization(network)
    shape = (1, *network.input.shape[1:])
    folded(np.zeros(shape, np.float32))  # Keras exports only what has run
    signature = [keras.InputSpec(shape=shape, dtype="float32", name="image")]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of Keras about its converter
            folded.export(path, format="onnx", opset_version=OPSET, input_signature=signature, verbose=False)
        model = onnx.load(path)
    _rename(model.graph, model.graph.output[0].name, "descriptor")
    for layer in network.layers:
        if layer.name == "whitening":
            _store_as_half(model.graph, layer.kernel.shape)
    _pad_within_convolutions(model.graph)
    _enlarge_plainly(model.graph)
    _sort_by_use(model.graph)
    name_by_place(model.graph)
    onnx.checker.check_model(model, full_check=True)
    return model


def _sort_by_use(graph):
    """Order the nodes by the output's use of them, without those that it has no use for.

    The converter's order of branches is another each time.
    """
    makers = {name: node for node in map(deepcopy, graph.node) for name in node.output}
    ordered, seen = [], set()

    def add(name):
        if name in makers and name not in seen:
            seen.update(makers[name].output)
            for needed in makers[name].input:
                add(needed)
            ordered.append(makers[name])

    for value in graph.output:
        add(value.name)
    graph.ClearField("node")
    graph.node.extend(ordered)


def name_by_place(graph):
    """Name nodes and tensors by their place in the graph, in place.

    The converter's own names differ from run to run; without them, equal weights give equal bytes.

    Args:
        graph: onnx.GraphProto, sorted, whose inputs and outputs keep their names.
    """
    kept = [value.name for value in (*graph.input, *graph.output)]
    names = {name: name for name in ("", *kept)}  # "": an optional input that is left out
    for number, node in enumerate(graph.node):
        node.name = f"{node.op_type}_{number}"
        for index, name in enumerate(node.input):
            names.setdefault(name, f"{node.name}_input_{index}")
        for index, name in enumerate(node.output):
            names.setdefault(name, f"{node.name}_output_{index}")
        node.input[:] = [names[name] for name in node.input]
        node.output[:] = [names[name] for name in node.output]
    constants = {tensor.name: tensor for tensor in graph.initializer}
    used = [constants[name] for name in names if name in constants]  # in order of first use
    for tensor in used:
        tensor.name = names[tensor.name]
    copies = [deepcopy(tensor) for tensor in used]
    graph.ClearField("initializer")
    graph.initializer.extend(copies)
    graph.ClearField("value_info")
    graph.ClearField("doc_string")


def _rename(graph, old, new):
    for node in graph.node:
        node.input[:] = [new if name == old else name for name in node.input]
        node.output[:] = [new if name == old else name for name in node.output]
    for value in (*graph.output, *graph.value_info):
        if value.name == old:
            value.name = new


def _pad_within_convolutions(graph):
    """Let every Conv pad by itself and not use the Pad before it; the converter does so for some."""
    constants = {tensor.name: tensor for tensor in graph.initializer}
    pads = {node.output[0]: node for node in graph.node if node.op_type == "Pad"}
    for node in graph.node:
        if node.op_type == "Conv" and node.input[0] in pads:
            pad = pads[node.input[0]]
            # Zeros before, then after: batch, channel, y, x.
            amounts = numpy_helper.to_array(constants[pad.input[1]])
            _replace_attributes(node, ("auto_pad", "pads"), pads=[*amounts[2:4], *amounts[6:8]])
            node.input[0] = pad.input[0]


def _enlarge_plainly(graph):
    """Name the nearest neighbour of an enlargement by a whole factor, y // factor, as engines agree on it."""
    for node in graph.node:
        if node.op_type == "Resize":
            plain = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
            _replace_attributes(node, plain, **plain)


def _replace_attributes(node, old, **new):
    """Drop the attributes of some names, and add others at the end."""
    kept = [each for each in node.attribute if each.name not in old]
    node.ClearField("attribute")
    node.attribute.extend([*kept, *(helper.make_attribute(*each) for each in new.items())])


def _store_as_half(graph, shape):
    """Halve the file: the largest matrix as float16, cast back when the model is loaded."""
    for tensor in graph.initializer:
        if tuple(tensor.dims) == tuple(shape):
            name, stored = tensor.name, f"{tensor.name}_half"
            half = numpy_helper.to_array(tensor).astype(np.float16)
            tensor.CopyFrom(numpy_helper.from_array(half, stored))
            graph.node.insert(0, helper.make_node("Cast", [stored], [name], to=TensorProto.FLOAT))
