"""The classes of the stand-in for PyCUDA; :func:`make_pycuda` makes a subclass of each for a pretend GPU."""

import ctypes
import weakref

from tests.fakes import cuda_parts as pretend

ATTRIBUTES = {  # of a Jetson TX2; clocks in kHz
    "INTEGRATED": 1,
    "MULTIPROCESSOR_COUNT": 2,
    "CLOCK_RATE": 1300500,
    "MEMORY_CLOCK_RATE": 1600000,
    "GLOBAL_MEMORY_BUS_WIDTH": 128,  # bits
    "L2_CACHE_SIZE": 524288,  # bytes
    "WARP_SIZE": 32,
    "MAX_THREADS_PER_BLOCK": 1024,
    "CAN_MAP_HOST_MEMORY": 1,
    "UNIFIED_ADDRESSING": 1,
    "MANAGED_MEMORY": 1,
}


def whole(value):
    """Boost.Python takes Python's own int for a C integer, not numpy's."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"Python argument types did not match C++ signature. Received: {type(value)}")
    return value


def bare(kind, **attributes):
    """An instance of a class that cannot be made from Python."""
    instance = object.__new__(kind)
    for name, value in attributes.items():
        setattr(instance, name, value)
    return instance


class _NotMadeInPython:
    __slots__ = ()

    def __init__(self):
        raise RuntimeError("This class cannot be instantiated from Python")


class Device:
    __slots__ = ()
    _driver = None  # a subclass for each Gpu sets these two
    _gpu = None

    def __init__(self, _ordinal):
        self._gpu.touch()
        if not self._gpu.initialized:
            raise pretend.LogicError("cuDeviceGet failed: initialization error")
        if whole(_ordinal) != 0 or not self._gpu.present:
            raise pretend.LogicError("cuDeviceGet failed: invalid device ordinal")

    @classmethod
    def count(cls):
        return int(cls._gpu.present)

    def name(self):
        return self._gpu.name

    def compute_capability(self):
        return self._gpu.compute_capability

    def total_memory(self):
        return self._gpu.memory_total

    def get_attribute(self, _attribute):
        if not isinstance(_attribute, self._driver.device_attribute):
            raise TypeError(f"expected a device_attribute. Received: {_attribute!r}")
        return ATTRIBUTES[_attribute.name]

    def make_context(self, flags=0):
        gpu = self._gpu
        gpu.touch()
        core = pretend.Context(whole(flags))
        gpu.context_flags.append(int(flags))
        gpu.objects["context"] += 1
        gpu.stack().append(core)
        return bare(self._driver.Context, _core=core)

    def __eq__(self, other):
        return isinstance(other, type(self))

    def __hash__(self):
        return 0


class Context(_NotMadeInPython):
    __slots__ = ("_core",)
    _driver = None
    _gpu = None

    @classmethod
    def get_current(cls):
        stack = cls._gpu.stack()
        return bare(cls, _core=stack[-1]) if stack else None

    @classmethod
    def get_device(cls):
        cls._gpu.current("cuCtxGetDevice")
        return cls._driver.Device(0)

    @classmethod
    def pop(cls):
        cls._gpu.touch()
        stack = cls._gpu.stack()
        if not stack:
            raise pretend.LogicError(
                "context::pop failed: invalid device context - cannot pop non-current context"
            )
        stack.pop()

    @classmethod
    def synchronize(cls):
        for stream in list(cls._gpu.current("cuCtxSynchronize").streams.values()):
            cls._gpu.run(stream)

    @property
    def handle(self):
        return id(self._core)

    def push(self):
        self._gpu.touch()
        if not self._core.alive:
            raise pretend.LogicError(
                "context::push failed: invalid device context - cannot push dead context"
            )
        self._gpu.stack().append(self._core)

    def detach(self):
        self._gpu.touch()
        if not self._core.alive:
            raise pretend.LogicError(
                "context::detach failed: invalid device context - cannot detach from invalid context"
            )
        if self._core not in self._gpu.stack() and not self._core.is_of_this_thread():
            raise self._gpu.misuse("a context was detached in another thread than its own")
        self._gpu.detach(self._core)

    def __eq__(self, other):
        return isinstance(other, Context) and self._core is other._core

    def __hash__(self):
        return hash(self._core)


class Stream:
    __slots__ = ("__weakref__", "_core")
    _driver = None
    _gpu = None

    def __init__(self, flags=0):
        whole(flags)
        gpu, context = self._gpu, self._gpu.current("cuStreamCreate")
        core = self._core = pretend.Stream(context, gpu.new_address())
        context.streams[core.handle] = core
        gpu.objects["stream"] += 1
        weakref.finalize(self, gpu.free_stream, core).atexit = False

    @property
    def handle(self):
        return self._core.handle

    def synchronize(self):
        self._gpu.run(self._gpu.stream_at(self._core.handle, "cuStreamSynchronize"))

    def is_done(self):
        return not self._gpu.stream_at(self._core.handle).queue


class DeviceAllocation(_NotMadeInPython):
    __slots__ = ("__weakref__", "_block")
    _driver = None
    _gpu = None

    def free(self):
        self._gpu.free(self._block, "device_allocation::free")

    def __int__(self):
        return self._block.address

    __index__ = __int__


class PagelockedHostAllocation(ctypes.Structure):
    """The ``base`` of an array in page-locked memory, and the memory itself."""

    def free(self):
        self._gpu.free(self._block, "pagelocked_host_allocation::free")


CLASSES = (Device, Context, Stream, DeviceAllocation, PagelockedHostAllocation)
