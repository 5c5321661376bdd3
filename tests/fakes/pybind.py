"""What classes made by pybind11 do that Python's do not: check arguments, refuse to be made or changed.

Part of the stand-ins for TensorRT. The behaviour, and the words of the errors, were compared with NVIDIA's
own bindings (tensorrt_bindings 8.6.1, tensorrt_cu12_bindings 10.3.0 and 11.0.0, tensorrt_rtx_cu13_bindings
1.7.1).
"""

import functools
import inspect
import types
from typing import NamedTuple

import numpy as np

EVER = (99,)


_WORDS = ("size", "[int]", "int|str", "path", "buffer")  # of annotations


class _Life(NamedTuple):
    """In which versions a name exists: since ≤ version < until; ``rtx``: whether in TensorRT-RTX too."""

    since: tuple
    until: tuple
    rtx: bool

    def has(self, version, rtx):
        return self.since <= version < self.until and (self.rtx or not rtx)


def documented(since=(8,), until=EVER, rtx=True, name=""):
    """Mark a method as documented, and check its arguments as pybind11 does, by their annotations.

    An annotation is a type, the name of a class of the module, or one of the words of :func:`_fits`.
    """

    def mark(function):
        method = _checked(function, name or function.__name__)
        method.life = _Life(since, until, rtx)
        return method

    return mark


class Property(property):
    """A property that cannot be set."""

    def __init__(self, getter, setter=None, life=None):
        super().__init__(getter, setter)
        self.life = life

    def __set_name__(self, owner, name):
        self.name = name


def documented_property(since=(8,), until=EVER, rtx=True):
    return lambda getter: Property(getter, life=_Life(since, until, rtx))


class Setting(Property):
    """An attribute that can be set, to a value of one type."""

    def __init__(self, kind, default, since=(8,), until=EVER, rtx=True):
        super().__init__(self._get, self._set, _Life(since, until, rtx))
        self.kind, self.default = kind, default

    def _get(self, instance):
        default = self.default
        if self.kind not in _WORDS and isinstance(self.kind, str):  # a value of an enumeration
            default = getattr(_resolve(self.kind, instance._trt), default)
        return instance._state.setdefault(self.name, default)

    def _set(self, instance, value):
        if not _fits(value, self.kind, instance._trt):
            raise TypeError(
                f"{self.name}: incompatible function arguments. Invoked with: {instance!r}, {value!r}"
            )
        instance._state[self.name] = value


class _Meta(type):
    def __call__(cls, *args, **kwargs):
        if "__init__" not in dir(cls) or cls.__init__ is object.__init__:
            raise TypeError(f"{cls.__module__}.{cls.__name__}: No constructor defined!")
        instance = cls.__new__(cls)
        instance.__init__(*args, **kwargs)
        if not hasattr(instance, "_state"):
            raise TypeError(f"{cls.__name__}.__init__() must be called when overriding __init__")
        return instance


def bare(kind, **state):
    """An instance of a class that Python cannot construct."""
    instance = kind.__new__(kind)
    instance._state = state
    return instance


def assemble(template, base, module, version, rtx):
    """The class of ``template`` with the names that a version has, for a module."""
    slots = ("__weakref__", "_state") if base is object else ()
    members = {"__slots__": slots, "__module__": module.__name__, "__doc__": template.__doc__, "_trt": module}
    for name, member in vars(template).items():
        life, is_function = getattr(member, "life", None), isinstance(member, types.FunctionType)
        if life is not None and life.has(version, rtx):
            members[member.__name__ if is_function else name] = member
        elif life is None and (is_function or not name.startswith("__")):
            members[name] = member
    return _Meta(template.__name__, (base,), members)


def _checked(function, name):
    signature = inspect.signature(function)
    kinds = {
        each.name: each.annotation
        for each in signature.parameters.values()
        if each.annotation is not inspect.Parameter.empty
    }

    @functools.wraps(function)
    def method(self, *args, **kwargs):
        try:
            given = signature.bind(self, *args, **kwargs).arguments
            wrong = [
                key for key, kind in kinds.items() if key in given and not _fits(given[key], kind, self._trt)
            ]
        except TypeError:
            wrong = ["arguments"]
        if wrong:
            raise TypeError(
                f"{name}(): incompatible function arguments. The following argument types are supported:\n"
                f"    1. {name}{signature}\n\nInvoked with: {self!r}, {args}; kwargs: {kwargs}"
            )
        return function(self, *args, **kwargs)

    method.__name__ = name
    return method


def _fits(value, kind, module):
    """Whether pybind11 converts a value to a type."""
    if kind is int:  # what __int__ makes one: bool, numpy's integers, enumerations, PyCUDA's allocations
        return hasattr(value, "__int__") and not isinstance(value, (float, np.floating, str, bytes))
    if kind is bool:
        return isinstance(value, (bool, int))
    if kind == "size":
        return _fits(value, int, module) and int(value) >= 0
    if kind == "[int]":
        return isinstance(value, (list, tuple)) and all(_fits(each, "size", module) for each in value)
    if kind == "path":
        return value is None or isinstance(value, str)
    if kind == "int|str":
        return isinstance(value, str) or _fits(value, int, module)
    if kind == "buffer":
        try:
            memoryview(value)
        except TypeError:
            return False
        return True
    return isinstance(value, _resolve(kind, module) if isinstance(kind, str) else kind)


def _resolve(name, module):
    return functools.reduce(getattr, name.split("."), module)


class _EnumMeta(type):
    @property
    def __members__(cls):
        return {name: getattr(cls, name) for name in cls._numbers}


class _Enumeration(metaclass=_EnumMeta):  # noqa: PLW1641  it has __hash__
    __slots__ = ("_number",)
    _numbers = ()

    def __init__(self, value):
        if not isinstance(value, int):
            raise TypeError(f"__init__(): incompatible constructor arguments. Invoked with: {value!r}")
        self._number = value

    @property
    def name(self):
        return next((name for name, number in self._numbers.items() if number == self._number), "???")

    @property
    def value(self):
        return self._number

    def __int__(self):
        return self._number

    __index__ = __hash__ = __int__

    def __eq__(self, other):
        return type(other) is type(self) and other._number == self._number

    def __str__(self):
        return f"{type(self).__name__}.{self.name}"

    def __repr__(self):
        return f"<{self}: {self._number}>"


class _Ordered(_Enumeration):
    """py::arithmetic of an enum class: only values of one enumeration compare."""

    __slots__ = ()

    def __lt__(self, other):
        if type(other) is not type(self):
            raise TypeError("Expected an enumeration of matching type!")
        return self._number < other._number

    def __le__(self, other):
        return self == other or self < other

    __hash__ = _Enumeration.__hash__


def enumeration(name, members, module, ordered=False):
    """A class like one of py::enum_. ``members``: name ► number."""
    base = _Ordered if ordered else _Enumeration
    kind = type(base)(name, (base,), {"__slots__": (), "__module__": module.__name__, "_numbers": members})
    for member, number in members.items():
        setattr(kind, member, kind(number))
    return kind
