"""Put the stand-ins where ``import tensorrt`` and ``import pycuda.driver`` find them, for one test."""

import sys

from tests.fakes.gpu import Gpu
from tests.fakes.pycuda_driver import RefuseAutoinit, make_pycuda
from tests.fakes.tensorrt import make_tensorrt


def install(monkeypatch, version, rtx=False):
    """Make a pretend machine with a GPU, PyCUDA and a version of TensorRT.

    Args:
        monkeypatch: pytest's fixture; it takes all away after the test.
        version: of TensorRT, such as "8.2.1.8"; see :func:`make_tensorrt`.
        rtx: the package ``tensorrt_rtx`` is there, and ``tensorrt`` is not.

    Returns:
        The Gpu: set its faults, look at its traces, end the test with its ``check_empty()``.
    """
    gpu = Gpu()
    modules = dict(make_pycuda(gpu), tensorrt=None, tensorrt_rtx=None)  # None: ImportError
    trt = make_tensorrt(version, gpu, rtx)
    modules[trt.__name__] = trt
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.delitem(sys.modules, "pycuda.autoinit", raising=False)
    monkeypatch.setattr(sys, "meta_path", [RefuseAutoinit(gpu)] + sys.meta_path)
    return gpu
