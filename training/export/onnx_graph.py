"""Keras network → ONNX graph that all supported engines can read."""

import tempfile
import warnings
from copy import deepcopy
from math import prod
from pathlib import Path

import keras
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from training.network.batch_norm_folding import fold_batch_normalization

OPSET = 13  # the newest that TensorRT 8.2 supports

_MIN_HALVED = 1024  # numbers; smaller weights would save little
_MAX_ROUNDING = 2**-11  # relative; what float16 loses at most between 6e-5 and 65504


def convert(network, output="descriptor"):
    """Convert a Keras network to a checked ONNX model.

    The model has the input "image" (1, H, W, C) float32 and one float32 output, fixed shapes, no batch
    normalization, and large weights stored as :func:`store_as_half` does.

    Args:
        network: Keras model, (B, H, W, C) float32 to (B, D) or (B, h, w, D) float32.
        output: name of the output.

    Returns:
        onnx.ModelProto.
    """
    folded = fold_batch_normalization(network)
    shape = (1, *network.input.shape[1:])
    folded(np.zeros(shape, np.float32))  # Keras exports only a network that has run
    signature = [keras.InputSpec(shape=shape, dtype="float32", name="image")]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # about Keras' converter
            folded.export(path, format="onnx", opset_version=OPSET, input_signature=signature, verbose=False)
        model = onnx.load(path)
    _rename(model.graph, model.graph.output[0].name, output)
    _pad_within_convolutions(model.graph)
    _specify_resize(model.graph)
    store_as_half(model)
    return model


def store_as_half(model):
    """Store large float32 weights as float16, with a Cast to float32 behind each, in place.

    This nearly halves the size of the file. Weights outside the range of float16 stay float32. Nodes are
    sorted and renamed as by :func:`convert`.

    Args:
        model: onnx.ModelProto.
    """
    graph, casts = model.graph, []
    for tensor in graph.initializer:
        if tensor.data_type == TensorProto.FLOAT and prod(tensor.dims) >= _MIN_HALVED:
            name, stored = tensor.name, f"{tensor.name}_half"
            weights = numpy_helper.to_array(tensor)
            with np.errstate(over="ignore"):
                half = weights.astype(np.float16)
            if np.linalg.norm(half - weights) <= _MAX_ROUNDING * np.linalg.norm(weights):
                tensor.CopyFrom(numpy_helper.from_array(half, stored))
                casts.append(helper.make_node("Cast", [stored], [name], to=TensorProto.FLOAT))
    graph.node.extend(casts)
    _sort_by_use(graph)
    name_by_place(graph)
    onnx.checker.check_model(model, full_check=True)


def _sort_by_use(graph):
    """Sort the nodes depth first from the output, and remove unused ones.

    The order of branches that the converter writes differs from run to run.
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
    """Rename nodes and tensors by their position in the graph, in place.

    The names that the converter writes differ from run to run. With these, equal weights give equal bytes.

    Args:
        graph: onnx.GraphProto, sorted; its inputs and outputs keep their names.
    """
    kept = [value.name for value in (*graph.input, *graph.output)]
    names = {name: name for name in ("", *kept)}  # "": an omitted optional input
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
    """Move the padding of Pad nodes into the Conv after them; the converter does so only for some."""
    constants = {tensor.name: tensor for tensor in graph.initializer}
    pads = {node.output[0]: node for node in graph.node if node.op_type == "Pad"}
    for node in graph.node:
        if node.op_type == "Conv" and node.input[0] in pads:
            pad = pads[node.input[0]]
            # numbers of zeros before (batch, channel, y, x), then after
            amounts = numpy_helper.to_array(constants[pad.input[1]])
            _replace_attributes(node, ("auto_pad", "pads"), pads=[*amounts[2:4], *amounts[6:8]])
            node.input[0] = pad.input[0]


def _specify_resize(graph):
    """Specify nearest-neighbour enlargement by an integer factor as y // factor, on which engines agree."""
    for node in graph.node:
        mode = {attribute.name: attribute.s for attribute in node.attribute if attribute.name == "mode"}
        if node.op_type == "Resize" and mode.get("mode", b"nearest") == b"nearest":
            plain = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
            _replace_attributes(node, plain, **plain)


def _replace_attributes(node, old, **new):
    """Remove the attributes of some names, and append others."""
    kept = [each for each in node.attribute if each.name not in old]
    node.ClearField("attribute")
    node.attribute.extend([*kept, *(helper.make_attribute(*each) for each in new.items())])
