"""The parts of a pretend GPU: contexts, memory, streams, and the errors of PyCUDA. No CUDA."""

import threading
from collections import Counter

POISON = 0xFF  # memory that nobody wrote; as a float it is NaN


class Misuse(AssertionError):
    """A call that a real GPU does not promise to survive, or to answer rightly."""


def _error(name, base):
    return type(name, (base,), {"__module__": "pycuda._driver"})


# As wrap_cudadrv.cpp of PyCUDA declares them; MemoryError and RuntimeError are not Python's.
CudaError = _error("Error", Exception)
CudaMemoryError = _error("MemoryError", CudaError)
LogicError = _error("LogicError", CudaError)
LaunchError = _error("LaunchError", CudaError)
CudaRuntimeError = _error("RuntimeError", CudaError)


class Context:
    """What a CUDA context holds."""

    def __init__(self, flags):
        self.flags, self.thread = flags, threading.get_ident()
        self.alive = True
        self.blocks = {}  # address ► Block
        self.streams = {}  # handle ► Stream
        self.tensorrt = Counter()  # TensorRT's objects in it, by kind

    def is_of_this_thread(self):
        return self.thread == threading.get_ident()


class Block:
    """A piece of memory of the device, or a page-locked one of the host."""

    def __init__(self, context, kind, memory, address):
        self.context, self.kind, self.memory, self.address = context, kind, memory, address
        self.size = memory.nbytes
        self.dtype = None  # of what was last written here
        self.alive = True


class Stream:
    """Work in order; nothing is done before somebody waits for it."""

    def __init__(self, context, handle):
        self.context, self.handle = context, handle
        self.queue = []
        self.alive = True
