"""Fakes of NVIDIA's packages ``tensorrt`` (8.0 to 11) and ``tensorrt_rtx``, on a fake GPU.

They have the names that the package uses, with the documented arguments, each only in the versions that have
it; ONNX Runtime executes a plan. So they verify that the right calls are made in the right order, not what
TensorRT makes of a network, nor its speed.
"""

import enum
import types

from tests.fakes import tensorrt_build as build
from tests.fakes import tensorrt_run as run


class _Named(enum.Enum):
    """An enumeration of pybind11."""

    def __int__(self):
        return self.value


class _LoggerMeta(type):
    def __call__(cls, *args, **kwargs):
        logger = super().__call__(*args, **kwargs)
        if not hasattr(logger, "_constructed"):
            raise TypeError(f"{cls.__name__}.__init__() must be called when overriding __init__")
        return logger


class ILogger(metaclass=_LoggerMeta):
    """The base of loggers."""

    Severity = _Named("Severity", "INTERNAL_ERROR ERROR WARNING INFO VERBOSE", start=0)

    def __init__(self):
        self._constructed = True

    def log(self, severity, msg):
        raise NotImplementedError('Tried to call pure virtual function "ILogger::log"')


class TensorRT(types.ModuleType):
    """The module of a version.

    Args:
        version: such as "8.2.1.8"; becomes ``__version__``.
        gpu: a :class:`tests.fakes.gpu.Gpu`.
        is_rtx: TensorRT for RTX: the name ``tensorrt_rtx`` and, whatever its version, the API of TensorRT 11.
    """

    ILogger = ILogger

    def __init__(self, version, gpu, is_rtx=False):
        super().__init__("tensorrt_rtx" if is_rtx else "tensorrt")
        self.__version__, self.gpu, self.is_rtx = version, gpu, is_rtx
        api = self.api = (11, 0) if is_rtx else tuple(int(part) for part in version.split(".")[:2])
        assert (8, 0) <= api < (12,), version
        old, pools, names = api < (10,), api >= (8, 4), api >= (8, 5)
        self.DataType = _Named("DataType", {"FLOAT": 0, "HALF": 1})
        self.BuilderFlag = _Named("BuilderFlag", {"FP16": 0} if api < (11,) else {"TF32": 6})
        flags = {"EXPLICIT_BATCH": 0} if api < (11,) else {"STRONGLY_TYPED": 0}
        self.NetworkDefinitionCreationFlag = _Named("NetworkDefinitionCreationFlag", flags)
        if pools:
            self.MemoryPoolType = _Named("MemoryPoolType", {"WORKSPACE": 0})
        if names:
            self.TensorIOMode = _Named("TensorIOMode", {"NONE": 0, "INPUT": 1, "OUTPUT": 2})
        self.IBuilderConfig = _assemble(
            build.IBuilderConfig, [build.WorkspaceAttribute] * old + [build.MemoryPools] * pools
        )
        self.ICudaEngine = _assemble(run.ICudaEngine, [run.NumberedEngine] * old + [run.NamedEngine] * names)
        self.IExecutionContext = _assemble(
            run.IExecutionContext, [run.NumberedContext] * old + [run.NamedContext] * names
        )

    def Builder(self, logger):  # noqa: N802  as TensorRT's
        return build.Builder(self, logger)

    def OnnxParser(self, network, logger):  # noqa: N802
        return build.OnnxParser(self, network, logger)

    def Runtime(self, logger):  # noqa: N802
        return run.Runtime(self, logger)

    def identity(self):
        """A plan is for one version and one device."""
        device = f"{self.gpu.name}, {self.gpu.compute_capability}"
        return {"tensorrt": f"{self.__name__} {self.__version__}", "device": device}


def _assemble(base, parts):
    return type(base.__name__, (*parts, base), {"__slots__": ()})
