"""Files that took minutes to make, and what they were made for.

A plan of TensorRT is machine code: loading one that is damaged, or that another version or another GPU
made, crashes at best. So a file is read only if its note tells exactly what is expected and its SHA-256.
"""

import fcntl
import hashlib
import json
import logging
import os
from contextlib import contextmanager
from typing import Any, Dict, Iterator, NamedTuple, Optional

_log = logging.getLogger(__name__)


class Entry(NamedTuple):
    """What a cache gives back."""

    content: bytes
    facts: Dict[str, Any]  # whatever was noted beside it


class EngineCache:
    """A folder of files, each with a note ``FILE.json`` beside it.

    Args:
        folder: is made if it is not there; empty: ``place_recognition_ros`` in the user's cache folder.
    """

    def __init__(self, folder: str = "") -> None:
        self.folder = os.path.expanduser(folder) or default_folder()

    def read(self, name: str, fingerprint: Dict[str, Any]) -> Optional[Entry]:
        """A file, if it was made for the same; otherwise the log says why not.

        Args:
            name: of the file.
            fingerprint: JSON values that must all be as they were when it was written.
        """
        path = os.path.join(self.folder, name)
        try:
            with open(path + ".json", encoding="utf-8") as file:
                note = json.load(file)
            with open(path, "rb") as file:
                content = file.read()
            made_for, digest, facts = note["fingerprint"], note["sha256"], note["facts"]
            changed = [key for key in fingerprint if made_for.get(key) != fingerprint[key]]
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            _log.warning("expected '%s' with its note. Received: %r", path, error)
            return None
        if changed:
            key = changed[0]
            _log.warning(
                "'%s' was made for %s %r. Now it is %r", path, key, made_for.get(key), fingerprint[key]
            )
            return None
        found = hashlib.sha256(content).hexdigest()
        if found != digest:
            _log.warning("expected SHA-256 %s of '%s'. Received: %s: it is damaged", digest, path, found)
            return None
        return Entry(content, facts)

    def write(self, name: str, fingerprint: Dict[str, Any], content: bytes, **facts: Any) -> None:
        """Keep a file. One that cannot be kept (a full disk) is a warning: it will be made again."""
        path = os.path.join(self.folder, name)
        note = {"fingerprint": fingerprint, "sha256": hashlib.sha256(content).hexdigest(), "facts": facts}
        try:
            _replace(path, content)
            _replace(path + ".json", json.dumps(note, indent=1).encode())
        except OSError as error:
            _log.warning("'%s' is not kept, the next start makes it again: %s", path, error)

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Of several processes only one is in here for ``name``; the others wait for it."""
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
                _log.info("Another process makes '%s'; waiting for it", name)
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def default_folder() -> str:
    """``place_recognition_ros`` in the user's cache folder (XDG Base Directory Specification)."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "place_recognition_ros")


def _replace(path: str, content: bytes) -> None:
    """Write a whole file or none: a reader sees the old one or the new one."""
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
