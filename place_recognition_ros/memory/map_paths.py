"""Paths of other maps that a user gives."""

import os

from place_recognition_ros.errors import StoreError
from place_recognition_ros.memory.map_reader import read_meta


def checked_source(path: str, present: str = "") -> str:
    """The absolute path of a map that is to be read.

    Args:
        path: absolute; ``~`` is expanded.
        present: the file of the present map; empty: it has none.

    Raises:
        StoreError: if it is relative, or the file of the present map.
    """
    return _absolute(path, present)


def checked_target(path: str, present: str = "") -> str:
    """The absolute path of a file that is to become a map; a map that is there may be replaced.

    Args:
        path: absolute; ``~`` is expanded.
        present: the file of the present map; empty: it has none.

    Raises:
        StoreBusy: if a node uses the map there.
        StoreError: if it is relative or the file of the present map, its folder does not exist, or something
            that is not a map is there.
    """
    found = _absolute(path, present)
    if os.path.isdir(found) or not os.path.isdir(os.path.dirname(found)):
        raise StoreError(f"expected a file in an existing folder. Received: '{path}'")
    if os.path.lexists(found) and "model" not in read_meta(found):
        raise StoreError(
            f"expected a map, or a file that does not exist. Received: '{path}', which is not a map"
        )
    return found


def _absolute(path: str, present: str) -> str:
    found = os.path.expanduser(path)
    if "\0" in found:  # Python's functions differ in what they do about it
        raise StoreError(f"expected a path without null characters. Received: {path!r}")
    if not os.path.isabs(found):
        raise StoreError(f"expected an absolute path, or one that begins with ~/. Received: '{path}'")
    found = os.path.realpath(found)
    if present and _is_one_file(found, os.path.realpath(present)):
        raise StoreError(f"expected another file than that of the map in use. Received: '{path}'")
    return found


def _is_one_file(path: str, present: str) -> bool:
    """Whether a path is that of the present map, or of a file that SQLite has beside it."""
    if path in [present + suffix for suffix in ("", "-wal", "-shm", "-journal")]:
        return True
    return os.path.exists(path) and os.path.exists(present) and os.path.samefile(path, present)
