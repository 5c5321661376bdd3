"""A cache for files that take minutes to make.

A plan of TensorRT is machine code: loading a plan that is damaged, or made by another version or for another
GPU, can crash the process. A file is therefore read only if its record has the expected fingerprint and the
file's SHA-256.
"""

import fcntl
import hashlib
import json
import logging
import os
from contextlib import contextmanager
from typing import Any, Dict, Iterator, NamedTuple, Optional

from place_recognition_ros import folders

_log = logging.getLogger(__name__)


class Entry(NamedTuple):
    """A file from the cache."""

    content: bytes
    facts: Dict[str, Any]  # additional values of its record


class EngineCache:
    """A folder of files, each with a record ``FILE.json`` beside it.

    Args:
        folder: is created if it does not exist; empty: ``place_recognition_ros`` in the user's cache folder.
    """

    def __init__(self, folder: str = "") -> None:
        self.folder = os.path.expanduser(folder) or folders.cache()

    def read(self, name: str, fingerprint: Dict[str, Any]) -> Optional[Entry]:
        """Read a file, if its fingerprint and SHA-256 match; otherwise log why not and return None.

        Args:
            name: file name.
            fingerprint: JSON values, which must equal those with which the file was written.
        """
        path = os.path.join(self.folder, name)
        try:
            with open(path + ".json", encoding="utf-8") as file:
                record = json.load(file)
            with open(path, "rb") as file:
                content = file.read()
            made_for, digest, facts = record["fingerprint"], record["sha256"], record["facts"]
            changed = [key for key in fingerprint if made_for.get(key) != fingerprint[key]]
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            _log.warning("expected '%s' with its record. Received: %r", path, error)
            return None
        if changed:
            key = changed[0]
            _log.warning(
                "'%s' was made for %s %r, which is now %r", path, key, made_for.get(key), fingerprint[key]
            )
            return None
        found = hashlib.sha256(content).hexdigest()
        if found != digest:
            _log.warning(
                "expected SHA-256 %s of '%s'. Received: %s. The file is damaged", digest, path, found
            )
            return None
        return Entry(content, facts)

    def write(self, name: str, fingerprint: Dict[str, Any], content: bytes, **facts: Any) -> None:
        """Store a file. If that fails (disk full), log a warning: the file will be made again."""
        path = os.path.join(self.folder, name)
        record = {"fingerprint": fingerprint, "sha256": hashlib.sha256(content).hexdigest(), "facts": facts}
        try:
            _replace(path, content)
            _replace(path + ".json", json.dumps(record, indent=1).encode())
        except OSError as error:
            _log.warning("'%s' could not be stored and will be made again at the next start: %s", path, error)

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Let one process at a time work on ``name``; the others wait."""
        try:
            os.makedirs(self.folder, exist_ok=True)
            lock = open(os.path.join(self.folder, name + ".lock"), "w")  # noqa: SIM115  closed below
        except OSError as error:
            _log.warning("'%s' cannot be used as a cache: %s", self.folder, error)
            yield
            return
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                _log.info("Waiting for another process that makes '%s'", name)
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _replace(path: str, content: bytes) -> None:
    """Write a file completely or not at all: a reader sees the old or the new content."""
    part = f"{path}.{os.getpid()}.part"
    try:
        with open(part, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError:
        if os.path.exists(part):
            os.remove(part)
        raise
