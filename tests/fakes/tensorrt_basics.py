"""The small classes of the stand-ins for TensorRT: loggers, memory, sizes (sources: tensorrt_build.py)."""

import ctypes
import sys

from tests.fakes.pybind import Setting, documented


class ILogger:
    @documented()
    def __init__(self):
        self._state = {}

    @documented()
    def log(self, severity: "ILogger.Severity", msg: str):
        print(
            '[ERROR] Exception caught in log(): Tried to call pure virtual function "ILogger::log"',
            file=sys.stderr,
        )


class Logger:
    min_severity = Setting("ILogger.Severity", "WARNING")

    @documented()
    def __init__(self, min_severity: "ILogger.Severity" = None):
        self._state = {"min_severity": min_severity or self._trt.ILogger.WARNING}

    @documented()
    def log(self, severity: "ILogger.Severity", msg: str):
        if severity <= self.min_severity:
            print(f"[TRT] [{severity.name[0]}] {msg}")


class IHostMemory(ctypes.Structure):
    """Bytes that TensorRT made; not through :func:`assemble`, which cannot make buffers."""

    def __init__(self):
        raise TypeError("tensorrt.IHostMemory: No constructor defined!")

    @property
    def nbytes(self):
        return ctypes.sizeof(self)

    @property
    def dtype(self):
        return self._trt.DataType.INT8


class Dims:  # noqa: PLW1641  as TensorRT's
    @documented()
    def __init__(self, shape: "[int]" = ()):
        self._state = {"shape": [int(size) for size in shape]}

    def __len__(self):
        return len(self._state["shape"])

    def __getitem__(self, index):
        sizes = self._state["shape"][index]
        return tuple(sizes) if isinstance(index, slice) else sizes

    def __eq__(self, other):
        if not isinstance(other, (list, tuple)):
            raise TypeError("__eq__(): incompatible function arguments")
        return self._state["shape"] == list(other)

    def __repr__(self):
        return str(tuple(self._state["shape"]))
