"""Stand-ins for NVIDIA's packages tensorrt (8.0 to 11) and tensorrt_rtx, on a pretend GPU. Not TensorRT.

They have the documented names and signatures of one version, those that a program of this package may use,
and no others; a plan holds the ONNX file, which ONNX Runtime executes. So they prove that the right calls are
made in the right order, and nothing about speed, or about what TensorRT makes of a network.
"""

import importlib.machinery
import types

from tests.fakes import tensorrt_basics, tensorrt_build, tensorrt_names, tensorrt_network, tensorrt_run
from tests.fakes.buffers import make_buffer
from tests.fakes.pybind import assemble, enumeration

_CLASSES = (
    *(
        tensorrt_basics.Dims,
        tensorrt_build.Builder,
        tensorrt_build.IBuilderConfig,
        tensorrt_build.ITimingCache,
    ),
    *(tensorrt_network.INetworkDefinition, tensorrt_network.ITensor, tensorrt_network.OnnxParser),
    *(
        tensorrt_network.ParserError,
        tensorrt_run.Runtime,
        tensorrt_run.ICudaEngine,
        tensorrt_run.IExecutionContext,
    ),
)


class _Module(types.ModuleType):
    """A module that knows its version, its GPU and how to speak to a logger."""

    _explicit, _typed = True, False  # how networks are, where no flag says

    def _identity(self):
        major, minor = self._gpu.compute_capability
        return {
            "tensorrt": f"{self.__name__} {self.__version__}",
            "device": f"{self._gpu.name}, compute {major}.{minor}",
        }

    def _say(self, logger, severity, text):
        logger.log(getattr(self.ILogger.Severity, severity), text)

    def _host_memory(self, content):
        memory = make_buffer(self.IHostMemory, len(content))
        memoryview(memory).cast("B")[:] = content
        return memory


def make_tensorrt(version, gpu, rtx=False):
    """A module with the API of a version.

    Args:
        version: such as "8.2.1.8"; becomes ``__version__``.
        gpu: a :class:`~tests.fakes.gpu.Gpu`.
        rtx: TensorRT for RTX: the name ``tensorrt_rtx`` and, whatever its version, the API of TensorRT 11.
    """
    trt = _Module("tensorrt_rtx" if rtx else "tensorrt")
    trt.__version__ = version
    trt.__spec__ = importlib.machinery.ModuleSpec(trt.__name__, None)
    api = (11, 0) if rtx else tuple(int(part) for part in version.split(".")[:2])
    if not (8, 0) <= api < (12,):
        raise ValueError(f"expected a version from 8.0 to 11. Received: {version}")
    trt._gpu, trt._version, trt._rtx, trt._typed = gpu, api, rtx, api >= (11,)
    tensorrt_names.add_names(trt, api, rtx)
    for template in _CLASSES:
        setattr(trt, template.__name__, assemble(template, object, trt, api, rtx))
    _add_loggers(trt, api, rtx)
    own = {"_trt": trt, "__module__": trt.__name__}
    trt.IHostMemory = type("IHostMemory", (tensorrt_basics.IHostMemory,), own)
    return trt


def _add_loggers(trt, api, rtx):
    trt.ILogger = assemble(tensorrt_basics.ILogger, object, trt, api, rtx)
    trt.Logger = assemble(tensorrt_basics.Logger, trt.ILogger, trt, api, rtx)
    numbers = {name: number for number, name in enumerate(tensorrt_names.SEVERITIES)}
    trt.ILogger.Severity = enumeration("Severity", numbers, trt, ordered=True)
    for name, severity in trt.ILogger.Severity.__members__.items():
        setattr(trt.ILogger, name, severity)
