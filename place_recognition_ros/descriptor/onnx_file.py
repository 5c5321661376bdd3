"""The parts of an ONNX file that are needed before an engine opens it, read from its bytes.

An ONNX file is a Protocol Buffers message, ModelProto in onnx.proto3. The package ``onnx`` is not installed
on a robot. Damaged and hostile bytes raise ModelError; the time is linear in the file's size.
"""

from typing import Any, Dict, Iterator, List, NamedTuple, Tuple, Union

from place_recognition_ros.errors import ModelError

FLOAT, FLOAT16 = 1, 10  # TensorProto.DataType

Bytes = Union[bytes, memoryview]


class Node(NamedTuple):
    """NodeProto: one operation of the graph."""

    operator: str
    inputs: List[str]  # names of tensors; "": an optional input that is not used
    outputs: List[str]
    attributes: Dict[str, bytes]  # those that are strings, as UTF-8


class Tensor(NamedTuple):
    """TensorProto: a stored constant, without its values."""

    name: str
    data_type: int
    shape: Tuple[int, ...]


class Graph(NamedTuple):
    """GraphProto: a network."""

    nodes: List[Node]
    constants: List[Tensor]
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
    graph = Graph([], [], [])
    for section in _all(onnx, 7):
        for number, value in fields(_nested(section)):
            if number == 1:
                graph.nodes.append(_read_node(_nested(value)))
            elif number == 5:
                graph.constants.append(_read_tensor(_nested(value)))
            elif number == 12:  # ValueInfoProto
                graph.outputs.append("".join(_texts(_nested(value), 1)))
    return graph


def with_outputs(onnx: bytes, names: List[str]) -> bytes:
    """A model with additional outputs of its graph; Protocol Buffers merges what is appended."""
    return bytes(onnx) + _field(7, b"".join(_field(12, _field(1, name.encode())) for name in names))


def _read_node(message: Bytes) -> Node:
    attributes = {}
    for attribute in _all(message, 5):
        for value in _all(_nested(attribute), 4):
            attributes["".join(_texts(_nested(attribute), 1))] = bytes(_nested(value))
    return Node("".join(_texts(message, 4)), _texts(message, 1), _texts(message, 2), attributes)


def _read_tensor(message: Bytes) -> Tensor:
    sizes = tuple(size for value in _all(message, 1) for size in _integers(value))
    data_types = [value for value in _all(message, 2) if isinstance(value, int)]
    return Tensor("".join(_texts(message, 8)), data_types[-1] if data_types else 0, sizes)


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
    message, position = memoryview(message), 0
    while position < len(message):
        key, position = _varint(message, position)
        number, wire_type = key >> 3, key & 7
        if not 0 < number < 1 << 29:
            raise _malformed(f"field number {number}")
        if wire_type == 0:
            value, position = _varint(message, position)
            yield number, value
            continue
        if wire_type == 2:
            size, position = _varint(message, position)
        elif wire_type in _FIXED_SIZES:
            size = _FIXED_SIZES[wire_type]
        else:
            raise _malformed(f"wire type {wire_type}")
        if size > len(message) - position:
            raise _malformed("a field that ends after the end of the file")
        yield number, message[position : position + size]
        position += size


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
