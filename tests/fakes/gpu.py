"""A fake GPU: its memory, contexts and streams are Python objects. It measures nothing.

It is stricter than a real GPU: a call that may crash a real one, or return garbage, is a :class:`Misuse`,
and is kept in ``Gpu.misuses``, so that no ``except Exception`` hides it.
"""

import threading
import time
import weakref
from collections import Counter

import numpy as np

POISON = 0xFF  # content of memory that was not written; NaN as a float


class Misuse(AssertionError):
    """A call that a real GPU may not survive, or may answer wrongly."""


# As in wrap_cudadrv.cpp of PyCUDA.
CudaError = type("Error", (Exception,), {})
CudaMemoryError, LogicError, LaunchError = (
    type(name, (CudaError,), {}) for name in ("MemoryError", "LogicError", "LaunchError")
)


class Block:
    """Memory of the device, or page-locked memory of the host: ``memory`` is (n,) uint8; None: freed."""

    def __init__(self, context, kind, memory, address):
        self.context, self.kind, self.memory, self.address = context, kind, memory, address
        self.size = memory.nbytes


class Context:
    """A CUDA context, made current in the thread that makes it."""

    def __init__(self, gpu):
        self.gpu, self.alive = gpu, True
        self.blocks = {}  # address → Block
        self.queues = {}  # handle of a stream → work that nobody waited for
        self.tensorrt = Counter()  # TensorRT's objects in it
        gpu.objects["context"] += 1
        gpu.stack().append(self)

    def pop(self):
        if self.gpu.current("cuCtxPopCurrent") is not self:
            raise self.gpu.misuse("a context was popped that is not current")
        self.gpu.stack().pop()

    def detach(self):
        gpu = self.gpu
        gpu.touch()
        if not self.alive:
            raise LogicError("context::detach failed: invalid device context")
        if any(self.tensorrt.values()):
            live = {kind: count for kind, count in self.tensorrt.items() if count}
            raise gpu.misuse(f"TensorRT's objects were alive when their context ended: {live}")
        for block in list(self.blocks.values()):
            gpu.free(block)
        gpu.objects["stream"] -= len(self.queues)
        self.queues.clear()
        self.alive = False
        gpu.objects["context"] -= 1


class Gpu:
    """The state of the fake device: faults for tests to set, traces for tests to read."""

    def __init__(self):
        self.name = "NVIDIA Tegra X2 (fake)"
        self.compute_capability = (6, 2)
        self.memory_free, self.memory_total = 6 << 30, 8 << 30  # bytes, shared by host and device

        # Faults.
        self.present = True
        self.fail_build = False  # build_serialized_network returns None
        self.fail_deserialize = False  # deserialize_cuda_engine returns None; 1: the next time only
        self.fail_context = False  # create_execution_context returns None
        self.fail_execute = False  # execute_async_* returns False
        self.fail_synchronize = False  # LaunchError
        self.half_precision_error = 0.0  # noise on FP16 results, relative to their size
        self.build_seconds = 0.0

        # Traces.
        self.threads = set()  # ids of the threads that called CUDA
        self.misuses = []  # the text of every Misuse
        self.builds = 0
        self.workspaces = []  # bytes, of each build
        self.timing_caches = []  # the argument of each create_timing_cache
        self.deserialized = []  # every plan that was to be deserialized
        self.executions = 0
        self.bytes = Counter()  # live: "device", "host"
        self.objects = Counter()  # live: "context", "stream", "ICudaEngine" and so on
        self._of_thread = threading.local()
        self._next_address = 1 << 32

    @property
    def live_bytes(self):
        """Of device and page-locked host memory."""
        return sum(self.bytes.values())

    @property
    def live_contexts(self):
        return self.objects["context"]

    @property
    def live_objects(self):
        """Streams and TensorRT's objects."""
        return sum(self.objects.values()) - self.live_contexts

    def check_empty(self):
        """Fail if anything is still alive, or was ever misused."""
        assert not self.misuses, "; ".join(self.misuses)
        live = {kind: count for kind, count in (self.objects + self.bytes).items() if count}
        assert not live, f"expected everything released. Received: {live}"

    # ---------------------------------------------------------------------- used by the fake modules

    def misuse(self, text):
        """Record a misuse; the caller raises the result."""
        self.misuses.append(text)
        return Misuse(text)

    def touch(self):
        """Record that the current thread calls CUDA."""
        self.threads.add(threading.get_ident())

    def stack(self):
        """The contexts of this thread, the current one last."""
        stack = self._of_thread.__dict__.setdefault("stack", [])
        stack[:] = [context for context in stack if context.alive]
        return stack

    def current(self, call):
        """The current context; ``call``: CUDA's name of the function that needs it."""
        self.touch()
        if not self.stack():
            raise LogicError(f"{call} failed: invalid device context")
        return self.stack()[-1]

    def new_address(self, size):
        self._next_address += size + 4096 & ~0xFF
        return self._next_address - (size + 4096 & ~0xFF)

    def allocate(self, call, kind, size, owner):
        """A Block that is freed when ``owner(block)``, which is returned, is collected."""
        context = self.current(call)
        if size > self.memory_free:
            raise CudaMemoryError(f"{call} failed: out of memory")
        memory = np.full(size, POISON, np.uint8)
        address = memory.__array_interface__["data"][0] if kind == "host" else self.new_address(size)
        block = context.blocks[address] = Block(context, kind, memory, address)
        self.memory_free -= size
        self.bytes[kind] += size
        owned = owner(block)
        weakref.finalize(owned, self.free, block).atexit = False
        return owned

    def free(self, block):
        if block.memory is None:
            return
        self.leave(block.context, f"{block.kind} memory")
        block.memory[:] = POISON
        block.memory = None
        self.memory_free += block.size
        self.bytes[block.kind] -= block.size
        del block.context.blocks[block.address]

    def new_stream(self, owner):
        context, handle = self.current("cuStreamCreate"), self.new_address(0)
        context.queues[handle] = []
        self.objects["stream"] += 1
        weakref.finalize(owner, self._free_stream, context, handle).atexit = False
        return handle

    def _free_stream(self, context, handle):
        if context.queues.pop(handle, None) is not None:
            self.objects["stream"] -= 1
            self.leave(context, "a stream")

    def leave(self, context, what):
        """An object of a context is released, which needs that context in this thread."""
        self.touch()
        if context.alive and context not in self.stack():
            self.misuses.append(f"{what} was released where its context is not current")

    def device_block(self, address):
        """The live device memory that starts at ``address``, in the current context."""
        block = self.current("cuPointerGetAttribute").blocks.get(address)
        if block is None or block.kind != "device":
            raise self.misuse(f"expected an address of live device memory. Received: {address}")
        return block

    def queue(self, handle):
        """The queue of a live stream of the current context."""
        queue = self.current("cuStreamQuery").queues.get(handle)
        if queue is None:
            raise self.misuse(f"expected the handle of a live stream. Received: {handle!r}")
        return queue

    def memory_of(self, block):
        """The memory of a block, when the stream reaches the work that uses it."""
        if block.memory is None:
            raise self.misuse(f"{block.kind} memory was freed before the stream had finished with it")
        return block.memory

    def synchronize(self, handle):
        """Do the work of a stream."""
        queue = self.queue(handle)
        work, queue[:] = list(queue), []
        if self.fail_synchronize:
            raise LaunchError("cuStreamSynchronize failed: unspecified launch failure")
        for step in work:
            step()

    def adopt(self, thing, kind):
        """Count an object of TensorRT in the current context until it is collected."""
        context = self.context_for_tensorrt(kind)
        self.objects[kind] += 1
        context.tensorrt[kind] += 1
        weakref.finalize(thing, self._release, context, kind).atexit = False
        return context

    def _release(self, context, kind):
        self.objects[kind] -= 1
        context.tensorrt[kind] -= 1
        self.touch()
        if context not in self.stack():
            self.misuses.append(f"TensorRT's {kind} was released where its context is not current")

    def context_for_tensorrt(self, what, expected=None):
        """The current context; without one, TensorRT would make its own beside PyCUDA's."""
        self.touch()
        context = self.stack()[-1] if self.stack() else None
        if context is None or (expected is not None and context is not expected):
            raise self.misuse(f"{what} was used where its CUDA context is not current")
        return context

    def refuses_plan(self):
        """Whether deserialize_cuda_engine has to fail."""
        refuses = bool(self.fail_deserialize)
        if self.fail_deserialize is not True:
            self.fail_deserialize = 0
        return refuses

    def build(self):
        self.builds += 1
        ended = time.monotonic() + self.build_seconds
        while time.monotonic() < ended:
            time.sleep(0.002)

    def round_to_half(self, result):
        """A float32 result as FP16 arithmetic gives it, with the error of a GPU that computes badly."""
        size = self.half_precision_error * np.sqrt(np.mean(np.square(result)))
        noise = np.random.RandomState(self.executions).standard_normal(result.shape)
        return (result + size * noise).astype(np.float16).astype(np.float32)
