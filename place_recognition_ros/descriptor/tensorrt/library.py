"""TensorRT and PyCUDA as installed on this machine: their version, the GPU, the logger."""

import importlib.util
import logging
import threading
from typing import Any, NamedTuple

from place_recognition_ros.errors import EngineError

_log = logging.getLogger(__name__)


class Library(NamedTuple):
    """The two modules, and the logger that all TensorRT objects of a process share."""

    trt: Any  # the module tensorrt or tensorrt_rtx
    cuda: Any  # the module pycuda.driver
    logger: Any  # a trt.ILogger with the attribute ``last_error``, a string

    @property
    def version(self) -> str:
        """Name and version, such as "tensorrt 8.2.1.8"; a plan belongs to one version."""
        return f"{self.trt.__name__} {self.trt.__version__}"

    @property
    def has_half_flag(self) -> bool:
        """Whether the builder has a flag for FP16; since TensorRT 11 the ONNX file decides."""
        return hasattr(self.trt.BuilderFlag, "FP16")


def is_installed() -> bool:
    """Whether a TensorRT package is installed. Imports nothing."""
    return any(importlib.util.find_spec(name) is not None for name in ("tensorrt", "tensorrt_rtx"))


def load_library() -> Library:
    """Import TensorRT and PyCUDA. Does not access the GPU.

    Raises:
        EngineError: if one of them is missing.
    """
    try:
        import pycuda.driver as cuda

        try:
            import tensorrt as trt
        except ImportError:
            import tensorrt_rtx as trt  # for the GPUs of PCs; the same calls
    except ImportError as error:
        raise EngineError(f"expected TensorRT and PyCUDA (docs/tx2.md). Received: {error}") from error
    return Library(trt, cuda, _logger_of(trt))


class _Shared(threading.local):
    """The CUDA context of a thread, which all its engines use: two of them could not both be current."""

    cuda: Any = None  # the module that made the context
    context: Any = None
    users = 0


_shared = _Shared()


class Gpu:
    """The CUDA context of this thread on the first GPU: made by its first user, ended by the last.

    A thread that waits for the GPU sleeps, which leaves the core to SLAM.

    Raises:
        EngineError: if there is no GPU, or no free memory on it.
    """

    def __init__(self, library: Library) -> None:
        cuda = library.cuda
        try:
            cuda.init()
            device = cuda.Device(0)
            self.name: str = device.name()
            self.compute_capability = "{}.{}".format(*device.compute_capability())
            if _shared.cuda is not cuda or not _shared.users:
                _shared.context = device.make_context(cuda.ctx_flags.SCHED_BLOCKING_SYNC)
                _shared.cuda, _shared.users = cuda, 0
        except cuda.Error as error:
            raise EngineError(f"expected a GPU that CUDA can use. Received: {error}") from error
        _shared.users += 1

    def close(self) -> None:
        """Stop using the context, in the thread that uses it."""
        _shared.users -= 1
        if not _shared.users:
            context, _shared.context = _shared.context, None
            context.pop()
            context.detach()


_loggers: dict = {}  # module → its logger


def _logger_of(trt: Any) -> Any:
    """The logger for a TensorRT module: forwards to Python's logging and stores the last error."""
    if trt not in _loggers:
        _loggers[trt] = _make_logger(trt)
    return _loggers[trt]


def _make_logger(trt: Any) -> Any:
    severity = trt.ILogger.Severity
    levels = {
        severity.INTERNAL_ERROR: logging.ERROR,
        severity.ERROR: logging.ERROR,
        severity.WARNING: logging.WARNING,
        severity.INFO: logging.DEBUG,  # one for each layer and allocation
    }

    class Logger(trt.ILogger):
        def __init__(self) -> None:
            trt.ILogger.__init__(self)  # pybind11 requires this call instead of super()
            self.last_error = ""

        def log(self, severity: Any, msg: str) -> None:
            level = levels.get(severity)
            if level == logging.ERROR:
                self.last_error = msg
            if level is not None:
                _log.log(level, "TensorRT: %s", msg)

    return Logger()
