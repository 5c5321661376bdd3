"""A network that is small enough to write byte by byte, and its card."""

import hashlib
import json
import types

import numpy as np
import pytest

HEIGHT, WIDTH, CHANNELS, SIZE = 2, 3, 3, 4
FLOAT, FLOAT16, DOUBLE = 1, 10, 11  # onnx.TensorProto.DataType


def field(number, value):
    """A field of a Protocol Buffers message: a varint for an int, length-delimited for anything else."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def varint(value):
    head = b""
    while value > 127:
        head += bytes([value & 127 | 128])
        value >>= 7
    return head + bytes([value])


def port(name, shape, kind=FLOAT):
    """ValueInfoProto"""
    dimensions = b"".join(field(1, field(1, size) if size else field(2, "N")) for size in shape)
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, dimensions)))


def tensor(name, array, external=""):
    """TensorProto, float16 or float32, its values in the message or in the file ``external``."""
    kind, form = (FLOAT16, "<f2") if array.dtype == np.float16 else (FLOAT, "<f4")
    head = b"".join(field(1, size) for size in array.shape) + field(2, kind) + field(8, name)
    if not external:
        return head + field(9, array.astype(form).tobytes())
    return head + field(13, field(1, "location") + field(2, external)) + field(14, 1)


def node(operator, inputs, outputs, **integers):
    """NodeProto, with attributes that are integers."""
    ports = b"".join(field(1, name) for name in inputs) + b"".join(field(2, name) for name in outputs)
    attributes = [field(1, name) + field(3, value) + field(20, 2) for name, value in integers.items()]
    return ports + field(4, operator) + b"".join(field(5, each) for each in attributes)


def model(weights, inputs=None, outputs=None, external="", nodes=None, stored="w"):
    """ModelProto of descriptor = flatten(image) · weights; ``stored``: name of the constant."""
    if inputs is None:
        inputs = [port("image", (1, HEIGHT, WIDTH, CHANNELS))]
    if outputs is None:
        outputs = [port("descriptor", (1, SIZE))]
    if nodes is None:
        nodes = [node("Flatten", ["image"], ["flat"]), node("MatMul", ["flat", "w"], ["descriptor"])]
    graph = b"".join(field(1, each) for each in nodes) + field(2, "graph")
    graph += field(5, tensor(stored, weights, external))
    graph += b"".join(field(11, each) for each in inputs) + b"".join(field(12, each) for each in outputs)
    return field(1, 7) + field(7, graph) + field(8, field(2, 13))


@pytest.fixture
def onnx():
    """The module's builders: ``onnx.model``, ``onnx.port`` and so on."""
    names = (
        "model",
        "port",
        "node",
        "field",
        "varint",
        "tensor",
        "HEIGHT",
        "WIDTH",
        "CHANNELS",
        "SIZE",
        "FLOAT16",
        "DOUBLE",
    )
    return types.SimpleNamespace(**{name: globals()[name] for name in names})


@pytest.fixture
def halved(weights):
    """``halved(weights=…)``: the small network, its weights stored as float16 with a Cast to float32."""

    def halved(weights=weights, nodes=(), to=FLOAT, **parts):
        cast = node("Cast", ["half"], ["w"], to=to)
        rest = [node("Flatten", ["image"], ["flat"]), node("MatMul", ["flat", "w"], ["descriptor"])]
        return model(weights.astype(np.float16), nodes=[cast, *rest, *nodes], stored="half", **parts)

    return halved


@pytest.fixture
def weights():
    """(18, 4) float32; each of the first four pixel values is one value of the descriptor."""
    return np.eye(HEIGHT * WIDTH * CHANNELS, SIZE, dtype=np.float32)


@pytest.fixture
def card_fields():
    """The fields of the small network's card, without its SHA-256."""
    return {
        "name": "small",
        "kind": "global_descriptor",
        "sha256": "",
        "input": {
            "height": HEIGHT,
            "width": WIDTH,
            "channels": CHANNELS,
            "color_order": "BGR",
            "layout": "NHWC",
            "mean": [-2.0, -2.0, -2.0],
            "std": [2.0, 2.0, 2.0],
        },
        "descriptor_size": SIZE,
        "min_similarity": 0.25,
        "made_by": "tests/descriptor/conftest.py",
        "trained_on": {},
        "recall_at_1": {},
    }


@pytest.fixture
def write_model(tmp_path, card_fields):
    """``write_model(onnx_bytes, **changes_to_the_card)`` → path of the ONNX file, the card beside it."""

    def write(content, **changes):
        path = tmp_path / "small.onnx"
        path.write_bytes(content)
        fields = dict(card_fields, sha256=hashlib.sha256(content).hexdigest(), **changes)
        (tmp_path / "small.json").write_text(json.dumps(fields), encoding="utf-8")
        return str(path)

    return write
