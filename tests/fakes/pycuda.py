"""A fake of ``pycuda.driver``: the names that the package uses, with PyCUDA's arguments and errors.

Sources: PyCUDA's src/wrapper/wrap_cudadrv.cpp and src/cpp/cuda.hpp. There is no ``pycuda.autoinit``, which
would make a context in whichever thread imports it.
"""

import types

import numpy as np

from tests.fakes import gpu as fake


class _Allocation:
    """``DeviceAllocation``: freed when it is collected."""

    def __init__(self, block):
        self._block = block

    def __int__(self):
        return self._block.address


class _PagelockedMemory:
    """The owner of page-locked memory, and the base of every array in it."""

    def __init__(self, block):
        self.__array_interface__ = block.memory.__array_interface__


class _Device:
    def __init__(self, gpu, ordinal):
        if ordinal != 0 or not gpu.present:
            raise fake.LogicError("cuDeviceGet failed: invalid device ordinal")
        self._gpu = gpu

    def name(self):
        return self._gpu.name

    def compute_capability(self):
        return self._gpu.compute_capability

    def make_context(self, flags=0):
        assert flags == Driver.ctx_flags.SCHED_BLOCKING_SYNC, "the CPU would spin while it waits"
        self._gpu.touch()
        return fake.Context(self._gpu)


class _Stream:
    def __init__(self, gpu):
        self._gpu, self.handle = gpu, gpu.new_stream(self)

    def synchronize(self):
        self._gpu.synchronize(self.handle)


class Driver(types.ModuleType):
    """The module ``pycuda.driver`` of a fake GPU."""

    Error = fake.CudaError
    ctx_flags = types.SimpleNamespace(SCHED_BLOCKING_SYNC=4)

    def __init__(self, gpu):
        super().__init__("pycuda.driver")
        self._gpu, self._initialized = gpu, False

    def init(self):
        self._gpu.touch()
        self._initialized = True

    def Device(self, ordinal):  # noqa: N802  as PyCUDA's
        if not self._initialized:
            raise fake.LogicError("cuDeviceGet failed: initialization error")
        return _Device(self._gpu, ordinal)

    def Stream(self):  # noqa: N802
        return _Stream(self._gpu)

    def mem_get_info(self):
        self._gpu.current("cuMemGetInfo")
        return self._gpu.memory_free, self._gpu.memory_total

    def mem_alloc(self, size):
        if type(size) is not int:  # Boost.Python does not take NumPy's integers
            raise TypeError(f"Python argument types did not match C++ signature. Received: {type(size)}")
        return self._gpu.allocate("cuMemAlloc", "device", size, _Allocation)

    def pagelocked_empty(self, shape, dtype):
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        memory = self._gpu.allocate("cuMemHostAlloc", "host", size, _PagelockedMemory)
        return np.asarray(memory).view(dtype).reshape(shape)

    def memcpy_htod_async(self, dest, src, stream):
        self._copy(dest, src, stream, to_device=True)

    def memcpy_dtoh_async(self, dest, src, stream):
        self._copy(src, dest, stream, to_device=False)

    def _copy(self, allocation, array, stream, to_device):
        """Enqueue a copy. PyCUDA does not keep the array alive until the stream has finished with it."""
        gpu = self._gpu
        if not isinstance(stream, _Stream) or not isinstance(allocation, _Allocation):
            raise TypeError("Python argument types did not match C++ signature")
        if not array.flags.c_contiguous:
            raise ValueError("ndarray is not contiguous")
        device, queue = gpu.device_block(int(allocation)), gpu.queue(stream.handle)
        host, part = self._pagelocked(array)
        if device.size != array.nbytes:
            raise gpu.misuse(f"expected {device.size} bytes, as on the device. Received: {array.nbytes}")

        def copy():
            if to_device:
                gpu.memory_of(device)[:] = gpu.memory_of(host)[part]
            else:
                gpu.memory_of(host)[part] = gpu.memory_of(device)

        queue.append(copy)

    def _pagelocked(self, array):
        """The page-locked block of this context that contains an array, and where."""
        start = array.__array_interface__["data"][0]
        for address, block in self._gpu.current("cuMemHostGetDevicePointer").blocks.items():
            if block.kind == "host" and address <= start and start + array.nbytes <= address + block.size:
                return block, slice(start - address, start - address + array.nbytes)
        raise self._gpu.misuse("expected page-locked memory for an asynchronous copy. Received: other memory")
