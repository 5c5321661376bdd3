"""ONNX in single precision ► the same network in half precision, for engines that take types literally.

TensorRT up to 10 chooses half precision itself (BuilderFlag.FP16); TensorRT 11 and TensorRT for RTX have no
such flag and calculate each layer in the type that the file gives it. Not for TensorRT 8.2, whose parser
reads the bounds of a Clip as float32.

(onnxruntime.transformers.float16 does much the same, but leaves a graph whose nodes are out of order, which
the ONNX checker refuses, and casts between neighbours that both stay in single precision.)
"""

from copy import deepcopy

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from place_recognition_ros.errors import ModelError
from training.export.onnx_graph import name_by_place

_SINGLE, _HALF = TensorProto.FLOAT, TensorProto.FLOAT16

# Where the multiply-adds are. NetVLAD and all norms stay in single precision, which costs next to nothing: a
# sum of squares passes 65504, the largest number in half precision; the smallest norm that is divided by,
# 1e-12, would be zero; and a cluster that no feature is near gets weights that would be zero too, yet is
# brought to unit length like any other.
_HALVED = {"Conv", "Gemm"}  # and _JOINING of tensors that are all halved
_JOINING = {"Add", "Concat"}
_FOLLOWING = {"Clip", "MaxPool", "Relu", "Reshape", "Resize", "Slice", "Transpose"}  # as their input is

MIN_COSINE = 0.9995  # on the images at hand, so that others have the 0.999 that a robot asks of its engine


def convert_to_half(model, images):
    """Rewrite a network in half precision as far as it describes images as before.

    Args:
        model: onnx.ModelProto of :func:`training.export.onnx_graph.convert`; is not changed.
        images: (N, 1, H, W, C) float32, what the network is given; real images, prepared.

    Returns:
        onnx.ModelProto; the smallest cosine to what the network answers in single precision.

    Raises:
        ModelError: if there is no way.
    """
    expected = _describe(model, images)
    worst = float("nan")
    for single in range(sum(node.op_type == "Conv" for node in model.graph.node)):
        half = to_half(model, single)
        worst = float(np.min(np.sum(expected * _describe(half, images), axis=1)))
        if worst >= MIN_COSINE:
            return half, worst
    raise ModelError(
        f"expected a cosine of at least {MIN_COSINE} between half and single precision. Received: {worst:.6f}"
    )


def _describe(model, images):
    """(N, D) float32, unit norm."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    vectors = np.concatenate([session.run(None, {name: image})[0] for image in images])
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def to_half(model, single=0):
    """Rewrite a network in half precision; its input and output stay float32.

    Args:
        model: onnx.ModelProto of :func:`training.export.onnx_graph.convert`; is not changed.
        single: convolutions at the network's beginning that stay in single precision. One that was trained
            on raw pixels, 0 to 255, may cancel large numbers there.

    Returns:
        onnx.ModelProto, checked.

    Raises:
        ModelError: if a weight is too large for half precision.
    """
    half = deepcopy(model)
    graph = half.graph
    rewriting = _Rewriting(graph, single)
    for node in model.graph.node:
        rewriting.add(node)
    outputs = [rewriting.as_type(value.name, _SINGLE) for value in graph.output]
    _swap({name: value.name for name, value in zip(outputs, graph.output)}, rewriting.nodes)
    graph.ClearField("node")
    graph.node.extend(rewriting.nodes)
    graph.ClearField("initializer")
    graph.initializer.extend(rewriting.constants.values())
    name_by_place(graph)
    onnx.checker.check_model(half, full_check=True)
    return half


def _swap(names, nodes):
    """Exchange tensors' names, so that the last cast writes to the output's."""
    names = {old: new for old, new in names.items() if old != new}
    names.update({new: f"{new}_half" for new in names.values()})
    for node in nodes:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]


class _Rewriting:
    """The graph as it grows, node by node."""

    def __init__(self, graph, single):
        self.nodes = []
        self._single = single  # convolutions to come that are not halved
        self.constants = {}  # name ► TensorProto
        self._old_constants = {tensor.name: tensor for tensor in graph.initializer}
        self._types = {value.name: value.type.tensor_type.elem_type for value in graph.input}
        self._casts = {}  # (name, type) ► the name of its copy in that type

    def add(self, node):
        """Append a node with its inputs in the type that it wants."""
        if node.op_type == "Cast" and node.input[0] in self._old_constants:
            self._old_constants[node.output[0]] = self._old_constants[node.input[0]]  # stored as half already
            return
        if node.op_type in _FOLLOWING:
            wanted = self._types[node.input[0]]
        elif node.op_type in _JOINING and all(self._types.get(name) == _HALF for name in node.input):
            wanted = _HALF
        elif node.op_type == "Conv" and self._single:
            self._single, wanted = self._single - 1, _SINGLE
        else:
            wanted = _HALF if node.op_type in _HALVED else _SINGLE
        new = deepcopy(node)
        for place, name in enumerate(node.input):
            factors = place > 0 and node.op_type == "Resize"  # these are never half
            new.input[place] = name and self.as_type(name, _SINGLE if factors else wanted)
        self.nodes.append(new)
        self._types.update(dict.fromkeys(node.output, wanted))

    def as_type(self, name, wanted):
        """Name of a tensor in a type: itself or a copy; integers stay what they are."""
        if name in self._old_constants:
            return self._constant(name, wanted)
        if self._types[name] == wanted:
            return name
        if (name, wanted) not in self._casts:
            self._casts[name, wanted] = f"{name}_{wanted}"
            self.nodes.append(helper.make_node("Cast", [name], [f"{name}_{wanted}"], to=wanted))
        return self._casts[name, wanted]

    def _constant(self, name, wanted):
        tensor = self._old_constants[name]
        if tensor.data_type not in (_SINGLE, _HALF):
            self.constants[name] = tensor
            return name
        copy = f"{name}_{wanted}"
        array = numpy_helper.to_array(tensor)
        largest = float(np.max(np.abs(array), initial=0))
        if wanted == _HALF and not largest <= np.finfo(np.float16).max:
            raise ModelError(f"expected weights of at most 65504 for half precision. Received: {largest}")
        array = array.astype(helper.tensor_dtype_to_np_dtype(wanted))
        self.constants[copy] = numpy_helper.from_array(array, copy)
        return copy
