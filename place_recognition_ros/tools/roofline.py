"""How fast a GPU could run a network at best: its arithmetic and its memory traffic, layer by layer.

A layer takes the longer of two times: its arithmetic at the GPU's peak, its weights and pictures at the
memory's bandwidth (Williams, Waterman and Patterson, "Roofline", CACM 52(4), 2009). Real engines reach a
part of it; what they take beyond is theirs, not the network's.
"""

from typing import Any, Dict, Iterator, List, NamedTuple, Set, Tuple, Union

import numpy as np

from place_recognition_ros.errors import EngineError

_BYTES = 2  # of a number in half precision

_FREE = {"Cast", "Constant", "Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze"}  # only new names
_FUSED = {"Clip", "Relu"}  # applied by the layer before to what it writes


class Device(NamedTuple):
    """A GPU in its fastest mode."""

    name: str
    flops: float  # FP16 operations per second; a multiply-add is two
    bandwidth: float  # bytes per second


DEVICES = {
    # 256 cores, two halves each, at 1.30 GHz in mode Max-N (Jetson Linux Developer Guide r32.7, "Power
    # Management for Jetson TX2 Series Devices"): the 1.33 TFLOPS of NVIDIA's table of Jetson modules. That
    # gives the 128-bit LPDDR4 58.3 GB/s; its clock of 1866 MHz (module data sheet) makes 59.7.
    "tx2": Device("Jetson TX2", 256 * 2 * 2 * 1.30e9, 58.3e9),
    # 48 tensor cores of 64 multiply-adds at 1.1 GHz; 128-bit LPDDR4x at 1866 MHz (module data sheet).
    "xavier-nx": Device("Jetson Xavier NX", 48 * 64 * 2 * 1.1e9, 59.7e9),
    # 32 tensor cores of 256 dense multiply-adds at 625 MHz; 128-bit LPDDR5 at 2133 MHz (module data sheet).
    "orin-nano": Device("Jetson Orin Nano 8 GB", 32 * 256 * 2 * 0.625e9, 68e9),
}


class Layer(NamedTuple):
    """What one picture costs in one layer."""

    operator: str
    multiply_adds: int  # of convolutions and matrix products; other arithmetic counts nothing
    numbers: int  # read and written, weights too

    def seconds(self, device: Device) -> float:
        return max(2 * self.multiply_adds / device.flops, _BYTES * self.numbers / device.bandwidth)


def roofline(layers: List[Layer], device: Device) -> float:
    """Seconds for a picture: the sum over :func:`read_layers`."""
    return sum(layer.seconds(device) for layer in layers)


def read_layers(onnx: bytes) -> List[Layer]:
    """What an engine has to do for a model: constants are folded, activations fused, reshapes free.

    The graph is read from the file's bytes: the package ``onnx`` is not on a robot.

    Args:
        onnx: a model of fixed shape, checked before.

    Raises:
        EngineError: if ONNX Runtime, which tells the shapes, is missing or cannot run the model.
    """
    graph = _read_graph(onnx)
    shapes = dict(graph.constants, **_run_for_shapes(onnx, graph))
    folded: Set[str] = set(graph.constants)
    layers = []
    for node in graph.nodes:
        inputs = [name for name in node.inputs if name]  # "": an optional one that is left out
        if all(name in folded for name in inputs):
            folded.update(node.outputs)
        elif node.operator not in _FREE | _FUSED:
            read, written = [shapes[name] for name in inputs], shapes[node.outputs[0]]
            numbers = sum(_size(shape) for shape in (*read, written))
            layers.append(Layer(node.operator, _multiply_adds(node.operator, read, written), numbers))
    return layers


_Shape = Tuple[int, ...]


def _multiply_adds(operator: str, read: List[_Shape], written: _Shape) -> int:
    if operator == "Conv":  # every number written sums over one kernel
        return _size(written) * _size(read[1][1:])
    if operator in ("MatMul", "Gemm"):  # … over one row of the first factor
        return _size(written) * _size(read[0]) // _size(written[:-1])
    return 0


def _size(shape: _Shape) -> int:
    return int(np.prod(shape, dtype=np.int64))


# ------------------------------------------------------------------ the file: Protocol Buffers, by hand


class _Node(NamedTuple):
    operator: str
    inputs: List[str]
    outputs: List[str]


class _Graph(NamedTuple):
    nodes: List[_Node]
    constants: Dict[str, _Shape]
    outputs: List[str]


def _read_graph(onnx: bytes) -> _Graph:
    """Of ModelProto (onnx.proto3), only what is needed."""
    graph = _Graph([], {}, [])
    for number, content in _fields(_only(onnx, 7)):
        if number == 1:  # NodeProto
            parts = list(_fields(content))
            names = [
                [bytes(text).decode() for field, text in parts if field == wanted] for wanted in (1, 2, 4)
            ]
            graph.nodes.append(_Node("".join(names[2]), names[0], names[1]))
        elif number == 5:  # TensorProto
            sizes = tuple(
                size for field, value in _fields(content) if field == 1 for size in _integers(value)
            )
            graph.constants[bytes(_only(content, 8)).decode()] = sizes
        elif number == 12:  # ValueInfoProto of an output
            graph.outputs.append(bytes(_only(content, 1)).decode())
    return graph


def _run_for_shapes(onnx: bytes, graph: _Graph) -> Dict[str, _Shape]:
    """The shape of each tensor that is no constant: all are made outputs, then the model runs once."""
    wanted = [name for node in graph.nodes for name in node.outputs if name and name not in graph.outputs]
    # Protocol Buffers merge what is appended: here, further outputs of the graph.
    further = _write(7, b"".join(_write(12, _write(1, name.encode())) for name in wanted))
    try:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(
            bytes(onnx) + further, options, providers=["CPUExecutionProvider"]
        )
        inputs: Dict[str, Any] = {
            port.name: np.zeros(port.shape, np.float32) for port in session.get_inputs()
        }
        names = [port.name for port in session.get_outputs()]
        arrays = dict(zip(names, session.run(names, inputs)), **inputs)
    except Exception as error:  # ImportError; ONNX Runtime's own have no common base but this
        raise EngineError(
            f"expected ONNX Runtime to tell the shapes of a model. Received: {error}"
        ) from error
    return {name: np.shape(array) for name, array in arrays.items()}


_Content = Union[bytes, memoryview]


def _fields(message: _Content) -> Iterator[Tuple[int, Any]]:
    """(number, value) of each field: an int for a varint, else its bytes."""
    message, position = memoryview(message), 0
    while position < len(message):
        key, position = _varint(message, position)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, position = _varint(message, position)
            yield number, value
            continue
        size = {1: 8, 5: 4}.get(kind, 0)
        if kind == 2:
            size, position = _varint(message, position)
        yield number, message[position : position + size]
        position += size


def _only(message: _Content, wanted: int) -> _Content:
    return next((value for number, value in _fields(message) if number == wanted), b"")


def _integers(value: Union[int, memoryview]) -> Iterator[int]:
    """A repeated integer: one field each, or packed into one."""
    if isinstance(value, int):
        yield value
        return
    position = 0
    while position < len(value):
        number, position = _varint(value, position)
        yield number


def _varint(message: memoryview, position: int) -> Tuple[int, int]:
    value, shift = 0, 0
    while True:
        byte = message[position]
        value |= (byte & 127) << shift
        position, shift = position + 1, shift + 7
        if byte < 128:
            return value, position


def _write(number: int, content: bytes) -> bytes:
    """One length-delimited field."""
    key, size = bytes([number << 3 | 2]), len(content)
    length = b""
    while size > 127:
        length, size = length + bytes([size & 127 | 128]), size >> 7
    return key + length + bytes([size]) + content
