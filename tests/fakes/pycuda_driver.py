"""A stand-in for PyCUDA on a pretend GPU. It is not PyCUDA and needs no CUDA.

Names, arguments and errors are those of PyCUDA's src/wrapper/wrap_cudadrv.cpp and src/cpp/cuda.hpp (2026.1,
and much the same for ten years) and of https://documen.tician.de/pycuda/driver.html: the ones that a program
of this package may use, and no others. ``pycuda.autoinit`` is none of them: it makes a context in whichever
thread imports it.
"""

import ctypes
import importlib.machinery
import types
import weakref

import numpy as np

from tests.fakes import cuda_parts as pretend
from tests.fakes.buffers import make_buffer
from tests.fakes.pycuda_copies import Copies
from tests.fakes.pycuda_objects import ATTRIBUTES, CLASSES, bare, whole

_CONTEXT_FLAGS = {
    "SCHED_AUTO": 0,
    "SCHED_SPIN": 1,
    "SCHED_YIELD": 2,
    "BLOCKING_SYNC": 4,
    "SCHED_BLOCKING_SYNC": 4,
    "SCHED_MASK": 7,
    "MAP_HOST": 8,
    "LMEM_RESIZE_TO_MAX": 16,
    "FLAGS_MASK": 31,
}


class _Enum(int):
    """A value of a Boost.Python enumeration: an int with a name."""


def _enumeration(name, members):
    kind = type(name, (_Enum,), {"__module__": "pycuda._driver"})
    for member, number in members.items():
        value = kind(number)
        value.name = member
        setattr(kind, member, value)
    return kind


class _Functions:
    def __init__(self, gpu, driver):
        self._gpu, self._driver = gpu, driver

    def init(self, flags=0):
        self._gpu.touch()
        whole(flags)
        self._gpu.initialized = True

    def get_version(self):
        return (10, 2, 0)

    def get_driver_version(self):
        return 10020

    def mem_get_info(self):
        self._gpu.current("cuMemGetInfo")
        return self._gpu.memory_free, self._gpu.memory_total

    def mem_alloc(self, _bytes):
        gpu = self._gpu
        address = gpu.new_address(whole(_bytes))
        gpu.current("cuMemAlloc")
        if _bytes > gpu.memory_free:  # before numpy tries to make it
            raise pretend.CudaMemoryError("cuMemAlloc failed: out of memory")
        block = gpu.allocate("cuMemAlloc", "device", np.empty(_bytes, np.uint8), address)
        allocation = bare(self._driver.DeviceAllocation, _block=block)
        weakref.finalize(allocation, gpu.free, block).atexit = False
        return allocation

    def pagelocked_empty(self, shape, dtype, order="C", mem_flags=0):
        gpu, dtype = self._gpu, np.dtype(dtype)
        shape = tuple(whole(size) for size in ((shape,) if isinstance(shape, int) else shape))
        whole(mem_flags)
        allocation = make_buffer(self._driver.PagelockedHostAllocation, int(np.prod(shape)) * dtype.itemsize)
        address = ctypes.addressof(allocation)
        memory = np.frombuffer((ctypes.c_ubyte * ctypes.sizeof(allocation)).from_address(address), np.uint8)
        block = gpu.allocate("cuMemHostAlloc", "host", memory, address)  # does not keep the allocation alive
        allocation._block = block
        weakref.finalize(allocation, gpu.free, block).atexit = False
        return np.ndarray(shape, dtype, buffer=allocation, order=order)

    def pagelocked_zeros(self, shape, dtype, order="C", mem_flags=0):
        array = self.pagelocked_empty(shape, dtype, order, mem_flags)
        array.fill(0)
        return array


def make_pycuda(gpu):
    """The modules ``{"pycuda": …, "pycuda.driver": …}`` on a :class:`~tests.fakes.gpu.Gpu`."""
    package, driver = types.ModuleType("pycuda"), types.ModuleType("pycuda.driver")
    for module in (package, driver):
        module.__spec__ = importlib.machinery.ModuleSpec(module.__name__, None, is_package=module is package)
    package.__path__ = []
    package.VERSION, package.VERSION_STATUS, package.VERSION_TEXT = (2026, 1), "", "2026.1"
    package.driver = driver
    for error in (
        pretend.CudaError,
        pretend.CudaMemoryError,
        pretend.LogicError,
        pretend.LaunchError,
        pretend.CudaRuntimeError,
    ):
        setattr(driver, error.__name__, error)
    for kind in CLASSES:
        own = {"_gpu": gpu, "_driver": driver, "__module__": "pycuda._driver"}
        if kind is not CLASSES[-1]:
            own["__slots__"] = ()
        setattr(driver, kind.__name__, type(kind.__name__, (kind,), own))
    driver.HostAllocation = driver.PagelockedHostAllocation
    driver.ctx_flags = _enumeration("ctx_flags", _CONTEXT_FLAGS)
    driver.device_attribute = _enumeration("device_attribute", {name: i for i, name in enumerate(ATTRIBUTES)})
    for functions in (_Functions(gpu, driver), Copies(gpu, driver)):
        for name in dir(functions):
            if not name.startswith("_"):
                setattr(driver, name, getattr(functions, name))
    return {"pycuda": package, "pycuda.driver": driver}


class RefuseAutoinit:
    """A finder for sys.meta_path: ``import pycuda.autoinit`` is a misuse."""

    def __init__(self, gpu):
        self._gpu = gpu

    def find_spec(self, name, path=None, target=None):
        if name == "pycuda.autoinit":
            raise self._gpu.misuse(
                "pycuda.autoinit makes a context in the thread that imports it: do not use it"
            )
