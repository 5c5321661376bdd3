"""What the stand-ins for TensorRT write: plans, which hold the ONNX file itself, and timing caches."""

import hashlib
import json

import numpy as np
import onnxruntime

_PLAN = b"A STAND-IN'S PLAN, NOT TENSORRT'S\n"
_TIMINGS = b"A STAND-IN'S TIMING CACHE, NOT TENSORRT'S\n"
_TYPES = {
    "tensor(float)": ("FLOAT", np.float32),
    "tensor(float16)": ("HALF", np.float16),
    "tensor(int8)": ("INT8", np.int8),
    "tensor(int32)": ("INT32", np.int32),
    "tensor(int64)": ("INT64", np.int64),
    "tensor(bool)": ("BOOL", np.bool_),
    "tensor(uint8)": ("UINT8", np.uint8),
}


class Tensor:
    """An input or output of a network."""

    def __init__(self, port, is_input):
        self.name, self.is_input = port.name, is_input
        self.shape = tuple(size if isinstance(size, int) else -1 for size in port.shape)
        self.kind, self.dtype = _TYPES.get(port.type, (port.type, None))  # name in trt.DataType, numpy's

    @property
    def nbytes(self):
        return int(np.prod(self.shape)) * np.dtype(self.dtype).itemsize


class Network:
    """An ONNX file on ONNX Runtime, one CPU thread.

    Raises:
        Exception: ONNX Runtime's own, if it cannot load the file.
    """

    def __init__(self, onnx):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        self.session = onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
        self.inputs = [Tensor(port, True) for port in self.session.get_inputs()]
        self.outputs = [Tensor(port, False) for port in self.session.get_outputs()]

    def run(self, feeds):
        return self.session.run(None, feeds)


def write_plan(onnx, **header):
    """A plan; ``header``: JSON values."""
    content = _PLAN + json.dumps(header, sort_keys=True).encode() + b"\n" + onnx
    return content + hashlib.sha256(content).digest()


def read_plan(plan):
    """Header and ONNX file of a plan, or None if it is none, or damaged."""
    content, digest = plan[:-32], plan[-32:]
    if not content.startswith(_PLAN) or hashlib.sha256(content).digest() != digest:
        return None
    header, onnx = content[len(_PLAN) :].split(b"\n", 1)
    return json.loads(header.decode()), onnx


def write_timings(tensorrt, device, keys):
    """A timing cache; ``keys``: what was measured."""
    timings = dict.fromkeys(sorted(keys), "0" * 64)
    return _TIMINGS + json.dumps({"tensorrt": tensorrt, "device": device, "timings": timings}).encode()


def read_timings(content):
    """Version of TensorRT, device and keys of a timing cache, or None if it is none."""
    if not content.startswith(_TIMINGS):
        return None
    try:
        fields = json.loads(content[len(_TIMINGS) :].decode())
        return fields["tensorrt"], fields["device"], set(fields["timings"])
    except (ValueError, KeyError):
        return None
