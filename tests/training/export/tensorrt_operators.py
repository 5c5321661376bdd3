"""The ONNX operators that TensorRT 8.2, the last for the TX2, supports, as far as networks here may use them.

Sources: onnx-tensorrt, branch release/8.2-GA, docs/operators.md ("TensorRT 8.2 supports operators up to Opset
13"; INT64 is cast to INT32), with the rows as they stand at 8.4, between which docs/Changelog.md names no
change to these; and builtin_op_importers.cpp of 8.2 for the limits that the page does not tell.
"""

from math import prod

import onnx
from onnx import TensorProto, numpy_helper

from place_recognition_ros.descriptor.onnx_file import with_float32_weights

OPSET = 13

_DOMAINS = ("", "ai.onnx")  # of its operators
_REAL = {"FP32", "FP16"}
_ANY = {"FP32", "FP16", "INT32", "INT8", "BOOL"}
# Operator → types of its tensors, without the INT8 of quantized networks.
TYPES = {
    **dict.fromkeys(("Add", "Div", "Max", "Mean", "Min", "Mul", "Neg", "Sub", "Sum"), _REAL | {"INT32"}),
    **dict.fromkeys(("Conv", "ConvTranspose", "Gemm", "MatMul"), _REAL),
    **dict.fromkeys(
        ("Clip", "Elu", "HardSigmoid", "LeakyRelu", "Relu", "Sigmoid", "Softplus", "Tanh"), _REAL
    ),
    **dict.fromkeys(("Ceil", "Erf", "Exp", "Floor", "Log", "Pow", "Sqrt"), _REAL),
    **dict.fromkeys(("AveragePool", "GlobalAveragePool", "GlobalMaxPool", "MaxPool"), _REAL),
    **dict.fromkeys(("ReduceL1", "ReduceL2", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd"), _REAL),
    **dict.fromkeys(("ReduceSum", "ReduceSumSquare"), _REAL),
    **dict.fromkeys(("BatchNormalization", "InstanceNormalization", "LpNormalization"), _REAL),
    **dict.fromkeys(("LogSoftmax", "Softmax", "Einsum", "Resize"), _REAL),
    **dict.fromkeys(("Cast", "Concat", "Constant", "Identity", "Reshape", "Shape", "Slice"), _ANY),
    **dict.fromkeys(("Squeeze", "Transpose", "Unsqueeze"), _ANY),
    **dict.fromkeys(("Expand", "Flatten", "Split", "Tile"), _ANY - {"INT8"}),
    **dict.fromkeys(("Gather", "GatherND", "Pad"), _REAL | {"INT8", "INT32"}),
}
# Operator → inputs that must be constants of the file: "W must be an initializer", axes, bounds, shapes.
_CONSTANT_INPUTS = {
    **dict.fromkeys(("Conv", "Clip", "Pad"), (1, 2)),
    **dict.fromkeys(("ReduceSum", "Reshape", "Squeeze", "Unsqueeze"), (1,)),
    "Resize": (1, 2, 3),
    "Slice": (1, 2, 3, 4),
}
# Attributes of Resize, by docs/Changelog.md of 8.0; omitted ones have a default among them.
_RESIZE = {
    "coordinate_transformation_mode": (
        *("half_pixel", "pytorch_half_pixel", "tf_half_pixel_for_nn", "asymmetric", "align_corners"),
    ),
    "mode": ("nearest", "linear"),
    "nearest_mode": ("floor", "ceil", "round_prefer_floor", "round_prefer_ceil"),
}
_NAMES = {
    TensorProto.FLOAT: "FP32",
    TensorProto.FLOAT16: "FP16",
    TensorProto.INT64: "INT32",  # as TensorRT reads them
    TensorProto.INT32: "INT32",
    TensorProto.INT8: "INT8",
    TensorProto.BOOL: "BOOL",
}


def faults(model):
    """Reasons why TensorRT 8.2 would refuse a model as the run time passes it on, or might misread it.

    Args:
        model: onnx.ModelProto of fixed shape.

    Returns:
        list of sentences; empty if there is no reason.
    """
    model = onnx.load_from_string(with_float32_weights(model.SerializeToString()))
    graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    tensors = {
        value.name: value.type.tensor_type for value in (*graph.value_info, *graph.input, *graph.output)
    }
    types = {name: tensor.elem_type for name, tensor in tensors.items()}
    types.update({name: tensor.data_type for name, tensor in constants.items()})
    found = [
        f"opset {opset.version}"
        for opset in model.opset_import
        if opset.domain in _DOMAINS and opset.version > OPSET
    ]
    ports = [value.name for value in (*graph.input, *graph.output)]
    found += [f"{name}: not float32" for name in ports if types[name] != TensorProto.FLOAT]
    found += [f"{name}: no fixed shape" for name, tensor in tensors.items() if not _is_fixed(tensor)]
    found += [f"{name}: too large for INT32" for name, tensor in constants.items() if not _fits(tensor)]
    for node in graph.node:
        found += [f"{node.name}: {fault}" for fault in _faults_of(node, constants, types)]
        found += [f"{node.name}: {fault}" for fault in _shape_faults(node, constants, tensors)]
    return found


def _is_fixed(tensor):
    return all(size.dim_value > 0 for size in tensor.shape.dim)


def _fits(tensor):
    """Whether INT64 values fit into INT32."""
    return (
        tensor.data_type != TensorProto.INT64
        or not prod(tensor.dims)
        or (abs(numpy_helper.to_array(tensor).astype(float)).max() < 2**31)
    )


def _faults_of(node, constants, types):
    operator = node.op_type
    if operator not in TYPES or node.domain not in _DOMAINS:
        yield f"{operator} is unknown"
        return
    for place, name in enumerate(node.input):
        if name and place in _CONSTANT_INPUTS.get(operator, ()) and name not in constants:
            yield f"input {place} of {operator} is computed"
        # "Added native FP16 support for importing and manipulating FP16 initializers": 8.4
        if name in constants and types[name] == TensorProto.FLOAT16 and operator != "Cast":
            yield f"{operator} of a float16 constant"
    for attribute in node.attribute if operator == "Resize" else ():
        if attribute.s.decode() not in _RESIZE.get(attribute.name, ("",)):
            yield f"Resize with {attribute.name} {attribute.s.decode()}"
    for name in (*node.input, *node.output):
        # Integers beside the data, which are axes and shapes, have no row in the table.
        beside = name in constants and types[name] == TensorProto.INT64 and operator in _CONSTANT_INPUTS
        if name and not beside and _NAMES.get(types.get(name)) not in TYPES[operator]:
            yield f"{operator} of {TensorProto.DataType.Name(types.get(name, 0))}"


def _shape_faults(node, constants, tensors):
    ranks = [len(tensors[name].shape.dim) for name in node.input if name in tensors]
    ranks += [len(constants[name].dims) for name in node.input if name in constants]
    if node.op_type in ("Conv", "MaxPool", "AveragePool") and ranks[0] != 4:
        yield "2D or 3D convolutions and pooling only"
    if node.op_type == "MaxPool" and len(node.output) > 1:
        yield "Indices output tensor unsupported"
    if node.op_type == "Gemm" and not all(rank == 2 for rank in ranks[:2]):
        yield "GEMM must have 2D inputs"
