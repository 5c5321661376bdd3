"""Puts the fakes where ``import tensorrt`` and ``import pycuda.driver`` find them, for one test."""

import importlib.machinery
import sys
import types

from tests.fakes.gpu import Gpu
from tests.fakes.pycuda import Driver
from tests.fakes.tensorrt import TensorRT


def install(monkeypatch, version, rtx=False):
    """Make a fake machine with a GPU, PyCUDA and a version of TensorRT.

    Args:
        monkeypatch: pytest's fixture, which removes everything after the test.
        version: of TensorRT, such as "8.2.1.8".
        rtx: install the package ``tensorrt_rtx`` and not ``tensorrt``.

    Returns:
        The Gpu.
    """
    gpu = Gpu()
    package, driver, trt = types.ModuleType("pycuda"), Driver(gpu), TensorRT(version, gpu, rtx)
    package.__path__, package.driver = [], driver
    modules = {"pycuda": package, "pycuda.driver": driver, "tensorrt": None, "tensorrt_rtx": None}
    modules[trt.__name__] = trt
    for name, module in modules.items():
        if module is not None:
            module.__spec__ = importlib.machinery.ModuleSpec(name, None, is_package=module is package)
        monkeypatch.setitem(sys.modules, name, module)
    return gpu
