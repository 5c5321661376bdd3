"""Exceptions at any call that a piece of code makes."""

import inspect
import os
import sys
from contextlib import contextmanager

from place_recognition_ros import detector

PACKAGE = os.path.dirname(os.path.abspath(detector.__file__))
LIBRARIES = ("cv2", "sqlite3", "faiss", "numpy")


class Injected(Exception):
    """An exception that no code expects."""


@contextmanager
def failing_call(number):
    """Inside of it, one call of the package's functions, or of its libraries by them, raises ``Injected``.

    Args:
        number: which call of this thread, from 1; 0: none.

    Yields:
        A list, to which the name of each call is added.
    """
    calls = []

    def note(frame, event, function):
        code = frame.f_code
        if event not in ("call", "c_call") or not code.co_filename.startswith(PACKAGE):
            return
        if code.co_flags & inspect.CO_GENERATOR:
            return  # its end is a call, too, where no exception can be raised
        if event == "c_call":
            module = getattr(function, "__module__", "") or type(function.__self__).__module__
            if module.split(".")[0] not in LIBRARIES:
                return
        calls.append(function.__name__ if event == "c_call" else code.co_name)
        if len(calls) == number:
            raise Injected(calls[-1])

    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(None)
