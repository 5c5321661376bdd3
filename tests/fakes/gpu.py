"""A pretend GPU for tests: its memory, contexts and streams are Python's. It is no CUDA and measures nothing.

It is stricter than a real GPU: what a real one would answer with rubbish or a crash, some day, is an error
here and now (:class:`Misuse`), and is kept in ``Gpu.misuses``, so that no ``except Exception`` hides it.
"""

import hashlib
import threading
import time
import weakref
from collections import Counter

import numpy as np

from tests.fakes.cuda_parts import POISON, Block, CudaMemoryError, LaunchError, LogicError, Misuse


class Gpu:
    """The state of the pretend device: faults to set, traces to look at."""

    def __init__(self):
        self.name = "NVIDIA Tegra X2 (stand-in)"
        self.compute_capability = (6, 2)
        self.memory_total = 8 << 30  # bytes
        self.memory_free = 6 << 30  # bytes, shared by host and device as on a Jetson
        self.activation_bytes = 1 << 20  # what an execution context takes

        # Faults.
        self.present = True  # False: no device, Device(0) fails
        self.fail_build = False  # build_serialized_network gives None
        self.fail_deserialize = False  # deserialize_cuda_engine gives None; 1: the next time only
        self.fail_execute = False  # execute_* gives False
        self.fail_synchronize = False  # LaunchError
        self.half_precision_error = 0.0  # noise on FP16's answers, as a part of their size
        self.hang = 0.0  # seconds in synchronize; set it to 0 and it goes on
        self.build_seconds = 0.0

        # Traces.
        self.threads = set()  # ids of those that called CUDA or what calls CUDA
        self.misuses = []  # every text of a Misuse
        self.builds = 0
        self.workspaces = []  # bytes, of each build
        self.timing_caches = []  # what each create_timing_cache was given
        self.known_timings = 0  # builds that found what they need in the timing cache
        self.deserialized = []  # SHA-256 of each plan, also of those that are then refused
        self.executions = 0
        self.context_flags = []
        self.bytes = Counter()  # live, by "device" and "host"
        self.objects = Counter()  # live, by kind: "context", "stream", "ICudaEngine", …
        self.initialized = False
        self._of_thread = threading.local()
        self._next = 1 << 32

    # ------------------------------------------------------------------------------- for the tests

    @property
    def live_bytes(self):
        """Of device and page-locked host memory, TensorRT's too."""
        return sum(self.bytes.values())

    @property
    def live_contexts(self):
        return self.objects["context"]

    @property
    def live_objects(self):
        """Streams and TensorRT's objects."""
        return sum(self.objects.values()) - self.live_contexts

    def check(self):
        """Fail if anything was misused, also where the error got lost."""
        assert not self.misuses, "; ".join(self.misuses)

    def check_empty(self):
        """Fail if anything still lives, or was misused."""
        self.check()
        live = {kind: count for kind, count in (self.objects + self.bytes).items() if count}
        assert not live, f"expected everything freed. Received: {live}"

    # ------------------------------------------------------------------- for the stand-ins' modules

    def misuse(self, text):
        """Note a misuse; to be raised."""
        self.misuses.append(text)
        return Misuse(text)

    def touch(self):
        """Somebody calls CUDA."""
        self.threads.add(threading.get_ident())

    def stack(self):
        """The contexts of this thread, the current one last."""
        stack = self._of_thread.__dict__.setdefault("stack", [])
        stack[:] = [context for context in stack if context.alive]
        return stack

    def current(self, call):
        """The context of this thread; ``call`` is CUDA's name for what needs it."""
        self.touch()
        stack = self.stack()
        if not stack:
            raise LogicError(f"{call} failed: invalid device context")
        return stack[-1]

    def new_address(self, size=256):
        address, self._next = self._next, self._next + max(size, 1) + 4096 & ~0xFF
        return address

    def allocate(self, call, kind, memory, address):
        """Take ``memory`` (n,) uint8 from what is free."""
        context = self.current(call)
        if memory.nbytes == 0:
            raise LogicError(f"{call} failed: invalid argument")
        if memory.nbytes > self.memory_free:
            raise CudaMemoryError(f"{call} failed: out of memory")
        memory[:] = POISON
        self.memory_free -= memory.nbytes
        self.bytes[kind] += memory.nbytes
        block = context.blocks[address] = Block(context, kind, memory, address)
        return block

    def free(self, block, call=""):
        """Give memory back; ``call`` is empty where Python's garbage collection does it."""
        if not block.alive:
            if call:
                raise LogicError(f"{call} failed: invalid resource handle")
            return
        block.alive = False
        block.memory[:] = POISON
        block.memory = None
        self.memory_free += block.size
        self.bytes[block.kind] -= block.size
        block.context.blocks.pop(block.address, None)
        self.left(block.context, f"{block.kind} memory")

    def free_stream(self, stream):
        if stream.alive:
            stream.alive = False
            stream.context.streams.pop(stream.handle, None)
            self.objects["stream"] -= 1
            self.left(stream.context, "a stream")

    def left(self, context, what):
        """Something of a context goes; PyCUDA manages in the context's own thread, others leak."""
        if context.alive:
            self.touch()
            if not context.is_of_this_thread() and context not in self.stack():
                self.misuses.append(f"{what} was freed in a thread where its context is not current")

    def block_at(self, address, kind="device"):
        """The live block that starts at ``address`` in the current context."""
        context = self.current("cuPointerGetAttribute")
        block = context.blocks.get(address)
        if block is None or block.kind != kind:
            raise self.misuse(
                f"expected an address of live {kind} memory in this context. Received: {address}"
            )
        return block

    def stream_at(self, handle, call="cuStreamQuery"):
        """The live stream of this handle in the current context."""
        stream = self.current(call).streams.get(handle)
        if stream is None:
            raise self.misuse(f"expected the handle of a live stream of this context. Received: {handle!r}")
        return stream

    def still(self, block):
        """``block``, if it was not freed between the call and its execution."""
        if not block.alive:
            raise self.misuse(f"{block.kind} memory was freed before the stream was done with it")
        return block

    def run(self, stream):
        """Do what is queued."""
        self.wait("hang")
        if self.fail_synchronize:
            stream.queue.clear()
            raise LaunchError("cuStreamSynchronize failed: unspecified launch failure")
        queue, stream.queue = stream.queue, []
        for work in queue:
            work()

    def detach(self, context):
        """The context ends, and all memory in it."""
        if context.tensorrt:
            live = ", ".join(f"{count} {kind}" for kind, count in sorted(context.tensorrt.items()))
            raise self.misuse(f"TensorRT's objects outlive the context that they were made in: {live}")
        for block in list(context.blocks.values()):
            self.free(block)
        for stream in context.streams.values():
            stream.alive, stream.queue = False, []
        self.objects["stream"] -= len(context.streams)
        context.streams.clear()
        context.alive = False
        self.objects["context"] -= 1

    # -------------------------------------------------------------------------------- for TensorRT

    def adopt(self, thing, kind, memory=0):
        """Follow one of TensorRT's objects, which takes ``memory`` bytes, until it is collected."""
        context = self.context_for(kind)
        thing._state["cuda"] = context
        self.memory_free -= memory
        self.bytes["device"] += memory
        self.objects[kind] += 1
        context.tensorrt[kind] += 1
        weakref.finalize(thing, self._collected, context, kind, memory).atexit = False

    def context_for(self, what):
        """The current context; without one TensorRT would make one of its own, beside PyCUDA's."""
        self.touch()
        if not self.stack():
            raise self.misuse(
                f"expected a current CUDA context for TensorRT's {what}. Received: none in this thread"
            )
        return self.stack()[-1]

    def context_of(self, thing):
        """The current context, which must be the one that one of TensorRT's objects was made in."""
        context = self.context_for(type(thing).__name__)
        if context is not thing._state["cuda"]:
            raise self.misuse(f"{type(thing).__name__} was used in another CUDA context than it was made in")
        return context

    def count(self, thing, kind):
        """Count an object that needs no context to end (a Builder: parser and network keep each other)."""
        self.objects[kind] += 1
        weakref.finalize(thing, self.objects.subtract, {kind: 1}).atexit = False

    def _collected(self, context, kind, memory):
        self.memory_free += memory
        self.bytes["device"] -= memory
        self.objects[kind] -= 1
        context.tensorrt[kind] -= 1
        context.tensorrt += Counter()  # without the zeros
        self.touch()
        if context not in self.stack():
            self.misuses.append(f"TensorRT's {kind} was destroyed where its context is not current")

    def refuses_plan(self):
        """Whether deserialize_cuda_engine has to fail."""
        refuses = bool(self.fail_deserialize)
        if self.fail_deserialize is not True:
            self.fail_deserialize = max(self.fail_deserialize - 1, 0)
        return refuses

    def note_plan(self, plan):
        self.deserialized.append(hashlib.sha256(plan).hexdigest())

    def wait(self, attribute):
        """Spend as many seconds as ``attribute`` says, or fewer if it is lowered meanwhile."""
        began = time.monotonic()
        while time.monotonic() - began < getattr(self, attribute):
            time.sleep(0.002)

    def has_fast_half(self):
        """5.3, 6.0, 6.2, 7.0 and later (CUDA C++ Programming Guide, arithmetic instructions)."""
        return self.compute_capability >= (7, 0) or self.compute_capability in ((5, 3), (6, 0), (6, 2))

    def noise(self, answer):
        """What half precision adds to ``answer`` in a GPU that computes badly."""
        size = self.half_precision_error * np.sqrt(np.mean(np.square(answer)))
        return size * np.random.default_rng(self.executions).standard_normal(answer.shape)
