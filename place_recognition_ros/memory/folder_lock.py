"""The lock of a folder of maps: a map that one node opens is not moved aside by another one meanwhile."""

import fcntl
import logging
import os
import time
from typing import Any

from place_recognition_ros.errors import StoreBusy

_WAIT_S = 0.5  # for another process, as SQLite waits for a map
_log = logging.getLogger(__name__)


class FolderLock:
    """Shared by the processes that open a map of a folder, until one moves a map; a context manager.

    Without effect where the file system has no locks.

    Args:
        path: of a map in the folder; not of a symbolic link.

    Raises:
        StoreBusy: if another process moves a map of the folder.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        try:
            self._descriptor = os.open(os.path.dirname(path), os.O_RDONLY)
        except OSError as error:  # a folder that this user may not list
            _log.debug("The folder of '%s' cannot be locked: %s", path, error)
            self._descriptor = -1

    def __enter__(self) -> "FolderLock":
        try:
            self._lock(fcntl.LOCK_SH)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: Any) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)

    def alone(self) -> None:
        """Wait until no other process has the lock.

        Another one that waits too may get it first: look again at what was found before.

        Raises:
            StoreBusy: if another process keeps it.
        """
        self._lock(fcntl.LOCK_EX)

    def flush(self) -> None:
        """Renamed files have their new names after a power loss too."""
        if self._descriptor >= 0:
            os.fsync(self._descriptor)

    def _lock(self, kind: int) -> None:
        until = time.monotonic() + _WAIT_S
        while self._descriptor >= 0:
            try:
                return fcntl.flock(self._descriptor, kind | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if time.monotonic() > until:
                    raise StoreBusy(
                        f"expected the map '{self._path}' for this process alone. Received: another process "
                        "opens a map of its folder"
                    ) from error
            except OSError as error:  # not every file system has locks
                return _log.debug("The folder of '%s' cannot be locked: %s", self._path, error)
            time.sleep(0.01)
        return None
