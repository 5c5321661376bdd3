"""The copies of the stand-in for PyCUDA: between host and device, now or on a stream."""

import numpy as np


class Copies:
    """memcpy_htod and its family, with the arguments of PyCUDA's."""

    def __init__(self, gpu, driver):
        self._gpu, self._driver = gpu, driver

    def memcpy_htod(self, dest, src):
        self._wait_for_streams("cuMemcpyHtoD")
        block, array = self._device(dest), self._contiguous(src)
        self._refuse_other_size(block, array)
        block.memory[:] = array.reshape(-1).view(np.uint8)
        block.dtype = array.dtype

    def memcpy_dtoh(self, dest, src):
        self._wait_for_streams("cuMemcpyDtoH")
        block, array = self._device(src), self._contiguous(dest, to_be_written=True)
        self._refuse_other_size(block, array)
        self._refuse_other_dtype(block, array.dtype)
        array.reshape(-1).view(np.uint8)[:] = block.memory

    def memcpy_htod_async(self, dest, src, stream=None):
        self._gpu.current("cuMemcpyHtoDAsync")
        queue = self._queue(stream)
        block, array = self._device(dest), self._contiguous(src)
        self._refuse_other_size(block, array)
        host, part, dtype = self._pagelocked(array)

        def copy():
            self._gpu.still(block).memory[:] = self._gpu.still(host).memory[part]
            block.dtype = dtype

        queue.append(copy)

    def memcpy_dtoh_async(self, dest, src, stream=None):
        self._gpu.current("cuMemcpyDtoHAsync")
        queue = self._queue(stream)
        block, array = self._device(src), self._contiguous(dest, to_be_written=True)
        self._refuse_other_size(block, array)
        host, part, dtype = self._pagelocked(array)

        def copy():
            self._refuse_other_dtype(block, dtype)
            self._gpu.still(host).memory[part] = self._gpu.still(block).memory

        queue.append(copy)

    def _wait_for_streams(self, call):
        """A copy that is not asynchronous waits for the streams of its context."""
        for stream in list(self._gpu.current(call).streams.values()):
            self._gpu.run(stream)

    def _queue(self, stream):
        if stream is None:
            raise self._gpu.misuse("expected a stream for an asynchronous copy. Received: None")
        if not isinstance(stream, self._driver.Stream):
            raise TypeError(f"expected a pycuda.driver.Stream. Received: {type(stream)}")
        return self._gpu.stream_at(stream.handle).queue

    def _device(self, pointer):
        if not isinstance(pointer, (int, self._driver.DeviceAllocation)):
            raise TypeError(f"Python argument types did not match C++ signature. Received: {type(pointer)}")
        return self._gpu.block_at(int(pointer))

    def _contiguous(self, array, to_be_written=False):
        if not isinstance(array, np.ndarray):
            memoryview(array)  # TypeError
            raise self._gpu.misuse(f"expected a numpy array. Received: {type(array)}")
        if not array.flags.forc:
            raise ValueError("ndarray is not contiguous")
        if not array.flags.c_contiguous:
            raise self._gpu.misuse("expected an array in C order. Received: Fortran order")
        if to_be_written and not array.flags.writeable:
            raise ValueError("buffer source array is read-only")
        return array

    def _pagelocked(self, array):
        """The page-locked block of this context that holds an array, where in it, and the array's type.

        Not the array: PyCUDA does not keep it alive until the stream is done with it.
        """
        start = array.__array_interface__["data"][0]
        for address, block in self._gpu.current("cuMemHostGetDevicePointer").blocks.items():
            if block.kind == "host" and address <= start and start + array.nbytes <= address + block.size:
                return block, slice(start - address, start - address + array.nbytes), array.dtype
        raise self._gpu.misuse(
            "expected page-locked memory of this context for an asynchronous copy. Received: other"
        )

    def _refuse_other_size(self, block, array):
        if block.size != array.nbytes:
            raise self._gpu.misuse(
                f"expected {block.size} bytes, as on the device. Received: {array.nbytes} bytes"
            )

    def _refuse_other_dtype(self, block, dtype):
        if block.dtype not in (None, dtype):
            raise self._gpu.misuse(f"expected an array of {block.dtype}, as was written. Received: {dtype}")
