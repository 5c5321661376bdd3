"""What the fakes of TensorRT write: plans, which contain the ONNX file itself."""

import hashlib
import json

import numpy as np
import onnxruntime

_MAGIC = b"A FAKE PLAN, NOT TENSORRT'S\n"
_TYPES = {"tensor(float)": "FLOAT", "tensor(float16)": "HALF"}


class Tensor:
    """An input or output of a network."""

    def __init__(self, port, is_input):
        self.name, self.is_input, self.shape = port.name, is_input, tuple(port.shape)
        self.kind = _TYPES[port.type]  # name in trt.DataType
        self.dtype = np.dtype(np.float32 if self.kind == "FLOAT" else np.float16)
        self.nbytes = int(np.prod(self.shape)) * self.dtype.itemsize


class Network:
    """An ONNX file on ONNX Runtime. Raises ONNX Runtime's own exceptions if it cannot be loaded."""

    def __init__(self, onnx):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        self.onnx = onnx
        self.session = onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
        self.tensors = [Tensor(port, True) for port in self.session.get_inputs()]
        self.tensors += [Tensor(port, False) for port in self.session.get_outputs()]

    def run(self, feeds):
        """Output arrays by name."""
        names = [tensor.name for tensor in self.tensors if not tensor.is_input]
        return dict(zip(names, self.session.run(names, feeds)))


def write_plan(onnx, **header):
    """Bytes of a plan; ``header``: JSON values."""
    content = _MAGIC + json.dumps(header, sort_keys=True).encode() + b"\n" + onnx
    return content + hashlib.sha256(content).digest()


def read_plan(plan):
    """Header and ONNX file of a plan; None if it is not a plan, or is damaged."""
    content, digest = plan[:-32], plan[-32:]
    if not content.startswith(_MAGIC) or hashlib.sha256(content).digest() != digest:
        return None
    header, onnx = content[len(_MAGIC) :].split(b"\n", 1)
    return json.loads(header.decode()), onnx
