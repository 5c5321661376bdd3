"""ONNX in single precision → ONNX in half precision, for engines that use the types of the file.

TensorRT up to 10 chooses half precision itself (BuilderFlag.FP16). TensorRT 11 and TensorRT for RTX have no
such flag and compute each layer in the type given in the file. Not for TensorRT 8.2, whose parser reads the
bounds of Clip as float32.

onnxruntime.transformers.float16 does nearly the same, but writes unsorted graphs, which the ONNX checker
rejects, and inserts casts between layers that both stay in single precision.
"""

from copy import deepcopy

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from place_recognition_ros.errors import ModelError
from training.export.onnx_graph import name_by_place

_SINGLE, _HALF = TensorProto.FLOAT, TensorProto.FLOAT16

# The layers with most multiply-adds. NetVLAD and all norms stay in single precision, at little cost: sums
# of squares exceed 65504, the largest number in half precision; the smallest divisor, 1e-12, would be zero;
# and so would the weights of a cluster without near features, which is scaled to unit length like the others.
_HALVED = {"Conv", "Gemm"}  # and those of _JOINING whose inputs are all in half precision
_JOINING = {"Add", "Concat"}
_FOLLOWING = {"Clip", "MaxPool", "Relu", "Reshape", "Resize", "Slice", "Transpose"}  # the type of their input

MIN_COSINE = 0.9995  # on the images of the export; others then reach the 0.999 that the run time requires


def convert_to_half(model, images):
    """Convert a network to half precision, as far as its descriptors stay nearly the same.

    Args:
        model: onnx.ModelProto of :func:`training.export.onnx_graph.convert`; not changed.
        images: (N, 1, H, W, C) float32, network input of real images.

    Returns:
        onnx.ModelProto; the smallest cosine between descriptors in half and in single precision.

    Raises:
        ModelError: if the cosine is too small with any number of convolutions in single precision.
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
    """Convert a network to half precision; its input and output stay float32.

    Args:
        model: onnx.ModelProto of :func:`training.export.onnx_graph.convert`; not changed.
        single: number of first convolutions that stay in single precision. In a network for raw pixels,
            0 to 255, large numbers may cancel there.

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
    """Exchange names of tensors, so that the last cast writes to the output."""
    names = {old: new for old, new in names.items() if old != new}
    names.update({new: f"{new}_half" for new in names.values()})
    for node in nodes:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]


class _Rewriting:
    """The new graph, built node by node."""

    def __init__(self, graph, single):
        self.nodes = []
        self._single = single  # remaining convolutions that stay in single precision
        self.constants = {}  # name → TensorProto
        self._old_constants = {tensor.name: tensor for tensor in graph.initializer}
        self._types = {value.name: value.type.tensor_type.elem_type for value in graph.input}
        self._casts = {}  # (name, type) → name of the copy in that type

    def add(self, node):
        """Append a node, with its inputs in the type that it computes in."""
        if node.op_type == "Cast" and node.input[0] in self._old_constants:
            self._old_constants[node.output[0]] = self._old_constants[node.input[0]]  # stored as half
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
            factors = place > 0 and node.op_type == "Resize"  # scales and sizes stay as they are
            new.input[place] = name and self.as_type(name, _SINGLE if factors else wanted)
        self.nodes.append(new)
        self._types.update(dict.fromkeys(node.output, wanted))

    def as_type(self, name, wanted):
        """Name of a tensor, or of a copy of it, in a type; integers are not converted."""
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
