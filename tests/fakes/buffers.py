"""Python objects that are a piece of memory, as classes in C can be: ``bytes(it)``, ``memoryview(it)``."""

import ctypes
import functools


@functools.lru_cache(maxsize=64)
def _sized(kind, size):
    fields = [("_memory", ctypes.c_ubyte * size)]
    return type(kind.__name__, (kind,), {"_fields_": fields, "__module__": kind.__module__})


def make_buffer(kind, size):
    """An instance of ``kind``, a ctypes.Structure without fields, of ``size`` bytes, all zero."""
    sized = _sized(kind, size)
    return sized.__new__(sized)
