"""What is read from an ONNX file, or changed in it, before an engine opens it: all by its bytes.

An ONNX file is a Protocol Buffers message, ModelProto in onnx.proto3. The package ``onnx`` is not installed
on a robot. Damaged and hostile bytes raise ModelError; the time is linear in the file's size.
"""

from collections import Counter
from typing import Any, Dict, Iterator, List, NamedTuple, Tuple, Union

import numpy as np

from place_recognition_ros.errors import ModelError

FLOAT, FLOAT16 = 1, 10  # TensorProto.DataType

Bytes = Union[bytes, memoryview]


class Node(NamedTuple):
    """NodeProto: one operation of the graph."""

    operator: str
    inputs: List[str]  # names of tensors; "": an optional input that is not used
    outputs: List[str]
    attributes: Dict[str, bytes]  # those that are strings, as UTF-8
    integers: Dict[str, int]  # attributes that are integers


class Tensor(NamedTuple):
    """TensorProto: a stored constant."""

    name: str
    data_type: int
    shape: Tuple[int, ...]
    raw: Bytes  # the values, little-endian; empty if they are stored in another way


class Graph(NamedTuple):
    """GraphProto: a network."""

    nodes: List[Node]
    constants: List[Tensor]
    inputs: List[str]
    outputs: List[str]


# Message → its fields that are, or contain, tensors: {field number: message}.
_CONTAINERS: Dict[str, Dict[int, str]] = {
    "Model": {7: "Graph", 20: "TrainingInfo", 25: "Function"},
    "TrainingInfo": {1: "Graph", 2: "Graph"},
    "Function": {7: "Node", 11: "Attribute"},
    "Graph": {1: "Node", 5: "Tensor", 15: "SparseTensor"},
    "Node": {5: "Attribute"},
    "Attribute": {5: "Tensor", 6: "Graph", 10: "Tensor", 11: "Graph", 22: "SparseTensor", 23: "SparseTensor"},
    "SparseTensor": {1: "Tensor", 2: "Tensor"},
}
_DATA_LOCATION = 14  # of a Tensor; 0: in this file, 1: in another file


def has_external_data(onnx: bytes) -> bool:
    """Whether a tensor anywhere in a model keeps its values in another file.

    Raises:
        ModelError: if the bytes are malformed.
    """
    waiting: List[Tuple[str, Bytes]] = [("Model", onnx)]
    while waiting:
        kind, message = waiting.pop()
        contained = _CONTAINERS.get(kind, {})
        for number, value in fields(message):
            if number in contained:
                waiting.append((contained[number], _nested(value)))
            elif kind == "Tensor" and number == _DATA_LOCATION and value != 0:
                return True
    return False


def read_graph(onnx: bytes) -> Graph:
    """The main graph of a model; empty if there is none.

    Raises:
        ModelError: if the bytes are malformed.
    """
    graph = Graph([], [], [], [])
    for section in _all(onnx, 7):
        for number, value in fields(_nested(section)):
            if number == 1:
                graph.nodes.append(_read_node(_nested(value)))
            elif number == 5:
                graph.constants.append(_read_tensor(_nested(value)))
            elif number in (11, 12):  # ValueInfoProto
                ports = graph.inputs if number == 11 else graph.outputs
                ports.append("".join(_texts(_nested(value), 1)))
    return graph


def with_outputs(onnx: bytes, names: List[str]) -> bytes:
    """A model with additional outputs of its graph; Protocol Buffers merges what is appended."""
    return bytes(onnx) + _field(7, b"".join(_field(12, _field(1, name.encode())) for name in names))


def with_float32_weights(onnx: bytes) -> bytes:
    """A model with float32 constants instead of float16 constants that are cast to float32.

    ``training.export`` stores large weights as float16, with a Cast behind each. TensorRT 8.2 reads the
    weights of a convolution from a constant only. The values are the same. A constant that anything but one
    Cast uses stays as it is, and so does one whose values are not raw bytes.

    Raises:
        ModelError: if the bytes are malformed.
    """
    names = _cast_constants(read_graph(onnx))
    return b"".join(
        _field(7, b"".join(_with_float32(_nested(value), names))) if number == 7 else bytes(raw)
        for number, value, raw in _raw_fields(onnx)
    )


def _cast_constants(graph: Graph) -> Dict[str, str]:
    """Name of each float16 constant that only one Cast to float32 uses → name of the Cast's output."""
    names = [*graph.inputs, *graph.outputs]
    uses = Counter([*names, *(name for node in graph.nodes for name in node.inputs)])
    constants = {each.name for each in graph.constants if each.data_type == FLOAT16 and len(each.raw)}
    casts = [node for node in graph.nodes if _is_cast_to_float32(node)]
    return {
        node.inputs[0]: node.outputs[0]
        for node in casts
        if node.inputs[0] in constants and uses[node.inputs[0]] == 1
    }


def _is_cast_to_float32(node: Node) -> bool:
    is_cast = node.operator == "Cast" and len(node.inputs) == len(node.outputs) == 1
    return is_cast and node.integers.get("to") == FLOAT


def _with_float32(graph: Bytes, names: Dict[str, str]) -> Iterator[bytes]:
    """The fields of a graph, without the casts of the constants in ``names``, and these as float32."""
    for number, value, raw in _raw_fields(graph):
        if number == 1:
            node = _read_node(_nested(value))
            if _is_cast_to_float32(node) and node.inputs[0] in names:
                continue
        if number == 5:
            tensor = _read_tensor(_nested(value))
            if tensor.name in names:
                yield _field(5, _to_float32(_nested(value), tensor, names[tensor.name]))
                continue
        yield bytes(raw)


def _to_float32(message: Bytes, tensor: Tensor, name: str) -> bytes:
    """A float16 TensorProto as float32 under another name."""
    if len(tensor.raw) % 2:
        raise _malformed(f"{len(tensor.raw)} bytes of float16 values in '{tensor.name}'")
    values = np.frombuffer(tensor.raw, "<f2").astype("<f4").tobytes()
    kept = b"".join(bytes(raw) for number, _, raw in _raw_fields(message) if number not in (2, 8, 9))
    return kept + bytes([2 << 3, FLOAT]) + _field(8, name.encode()) + _field(9, values)


def _read_node(message: Bytes) -> Node:
    attributes: Dict[str, bytes] = {}
    integers: Dict[str, int] = {}
    for attribute in _all(message, 5):
        name = "".join(_texts(_nested(attribute), 1))
        for number, value in fields(_nested(attribute)):
            if number == 3 and isinstance(value, int):
                integers[name] = value
            elif number == 4:
                attributes[name] = bytes(_nested(value))
    return Node("".join(_texts(message, 4)), _texts(message, 1), _texts(message, 2), attributes, integers)


def _read_tensor(message: Bytes) -> Tensor:
    sizes = tuple(size for value in _all(message, 1) for size in _integers(value))
    data_types = [value for value in _all(message, 2) if isinstance(value, int)]
    raw = [_nested(value) for value in _all(message, 9)]
    return Tensor(
        "".join(_texts(message, 8)), data_types[-1] if data_types else 0, sizes, raw[-1] if raw else b""
    )


def _all(message: Bytes, wanted: int) -> Iterator[Any]:
    return (value for number, value in fields(message) if number == wanted)


def _texts(message: Bytes, wanted: int) -> List[str]:
    try:
        return [bytes(_nested(value)).decode() for value in _all(message, wanted)]
    except UnicodeDecodeError as error:
        raise _malformed(f"a name that is not UTF-8: {error}") from error


def _integers(value: Union[int, memoryview]) -> Iterator[int]:
    """A repeated integer: one field each, or all packed into one."""
    if isinstance(value, int):
        yield value
        return
    position = 0
    while position < len(value):
        number, position = _varint(value, position)
        yield number


# --------------------------------------------------------------------------------- Protocol Buffers


def fields(message: Bytes) -> Iterator[Tuple[int, Union[int, memoryview]]]:
    """(number, value) of each field of a message: an int for a varint, otherwise the bytes.

    Raises:
        ModelError: if the message is truncated or malformed.
    """
    return ((number, value) for number, value, _ in _raw_fields(message))


def _raw_fields(message: Bytes) -> Iterator[Tuple[int, Union[int, memoryview], memoryview]]:
    """(number, value, the field's bytes) of each field of a message."""
    message, position = memoryview(message), 0
    while position < len(message):
        start = position
        key, position = _varint(message, position)
        number, wire_type = key >> 3, key & 7
        if not 0 < number < 1 << 29:
            raise _malformed(f"field number {number}")
        if wire_type == 0:
            value, position = _varint(message, position)
            yield number, value, message[start:position]
            continue
        if wire_type == 2:
            size, position = _varint(message, position)
        elif wire_type in _FIXED_SIZES:
            size = _FIXED_SIZES[wire_type]
        else:
            raise _malformed(f"wire type {wire_type}")
        if size > len(message) - position:
            raise _malformed("a field that ends after the end of the file")
        content, position = message[position : position + size], position + size
        yield number, content, message[start:position]


_FIXED_SIZES = {1: 8, 5: 4}


def _varint(message: memoryview, position: int) -> Tuple[int, int]:
    """An unsigned integer of up to 64 bits, and the position after it."""
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(message):
            raise _malformed("a number that ends after the end of the file")
        byte = message[position]
        value |= (byte & 127) << shift
        position += 1
        if byte < 128:
            return value & (1 << 64) - 1, position
    raise _malformed("a number of more than 64 bits")


def _nested(value: Union[int, memoryview]) -> memoryview:
    if isinstance(value, int):
        raise _malformed("a number where a message was expected")
    return value


def _malformed(received: str) -> ModelError:
    return ModelError(f"expected an ONNX model. Received: {received}")


def _field(number: int, content: bytes) -> bytes:
    """One length-delimited field; ``number`` up to 15."""
    size, length = len(content), b""
    while size > 127:
        length, size = length + bytes([size & 127 | 128]), size >> 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + content
