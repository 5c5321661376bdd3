"""A copy of a map in a file of its own, made while keyframes are added to the map.

The copy has another name, ``path.part``, until it is complete and on the disk.
"""

import fcntl
import os
import sqlite3
import uuid
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import Callable, Dict, Iterator, Optional, Tuple

from place_recognition_ros.errors import StoreBusy, StoreError
from place_recognition_ros.memory import schema
from place_recognition_ros.memory.job import Job, Work
from place_recognition_ros.memory.map_paths import checked_target
from place_recognition_ros.memory.map_reader import MapReader, MapRows, Row
from place_recognition_ros.memory.store import KeyframeStore
from place_recognition_ros.memory.transfer import insert, left_out, set_last_id, write_keyframe

Content = Tuple[Row, Optional[Row]]
"""``KEYFRAME_COLUMNS`` and ``VIEW_COLUMNS`` of a keyframe; None: the view is missing or damaged."""

Change = Callable[[Content], Optional[Content]]
"""Returns what the copy has of a keyframe; None: nothing. The id has to stay."""


def save_map(store: KeyframeStore, path: str) -> Job:
    """Copy a map as it is now; what is added meanwhile is not in the copy, what is removed may be.

    Args:
        store: the map.
        path: of the copy, absolute, ``~`` is expanded; a map there is replaced when the copy is complete.

    Raises:
        StoreBusy: if a node uses the file, or another copy is written there.
        StoreError: if it cannot be a path for a copy.
    """
    target = _Target(checked_target(path, store.file.path))
    store.save()
    rows = MapRows(store.file.read)
    return Job(_copy(rows, target, rows.meta, lambda content: content), target.publish)


def rewrite_map(source: MapReader, path: str, model_id: str, feature_model: str, change: Change) -> Job:
    """Write a map for other models, with the keyframes, sessions and links of another one.

    Args:
        source: the other map.
        path: as for :func:`save_map`.
        model_id: the model of the global descriptors.
        feature_model: the model of the local features; "orb" for ORB.
        change: describes a keyframe with these models.

    Raises:
        StoreBusy, StoreError: as above.
    """
    target = _Target(checked_target(path, source.path))
    meta = {
        "schema": str(schema.SCHEMA),
        "model": model_id,
        "features": feature_model,
        "map": str(uuid.uuid4()),
    }
    return Job(_copy(source, target, meta, change), target.publish)


def _copy(rows: MapRows, target: "_Target", meta: Dict[str, str], change: Change) -> Work:
    last, sessions, count, without = rows.last_id(), rows.sessions(), 0, 0
    try:
        copy = target.open()
        execute = copy.execute
        schema.create(copy, meta["model"], meta["features"], meta["map"])
        execute(schema.LINKS)
        execute(schema.TIES)
        copy.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", meta.items())
        for session in sessions.values():
            insert(execute, "sessions", schema.SESSION_COLUMNS, session)
        for camera in rows.cameras().values():
            insert(execute, "cameras", schema.CAMERA_COLUMNS, camera)
        for tie in rows.ties():
            insert(execute, "ties", schema.TIE_COLUMNS, tie)
        for number, keyframe in rows.keyframes(last):
            content = None if keyframe is None else change((keyframe, rows.view(number)))
            if content is None:
                without += 1
            else:
                write_keyframe(execute, *content, match=rows.link(number))
                count += 1
            yield count
        set_last_id(execute, last)
        execute("COMMIT")
        copy.close()
    except sqlite3.Error as error:
        target.discard()
        raise StoreError(f"expected to write the copy '{target.path}'. Received: {error}") from error
    except BaseException:
        target.discard()
        raise
    return f"{count} keyframes of {len(sessions)} sessions saved in '{target.path}'" + left_out(without)


class _Target:
    """The file of the copy.

    Args:
        path: that it gets at the end.
    """

    def __init__(self, path: str) -> None:
        self.path, self._part = path, path + ".part"
        self._open = ExitStack()  # a file descriptor with a lock, and the connection
        self._file = -1

    def open(self) -> sqlite3.Connection:
        """Begin an empty file."""
        try:
            self._file = self._locked()
        except OSError as error:
            raise StoreError(f"expected to write the copy '{self.path}'. Received: {error}") from error
        self._open.callback(os.close, self._file)
        connection = sqlite3.connect(self._part, isolation_level=None, check_same_thread=False)
        self._open.callback(connection.close)
        connection.execute("PRAGMA journal_mode=OFF")  # a copy that is not complete is never used
        connection.execute("PRAGMA synchronous=OFF")  # publish does that, in another thread
        connection.execute("BEGIN")
        return connection

    def _locked(self) -> int:
        """A descriptor of the part, which is empty; another process may write one to the same path."""
        file = os.open(self._part, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(file).st_ino != os.stat(self._part).st_ino:
                raise BlockingIOError  # the other process has given it its name since
            os.ftruncate(file, 0)
        except (BlockingIOError, FileNotFoundError) as error:
            os.close(file)
            raise StoreBusy(
                f"expected a path where no other copy is written now. Received: '{self.path}'"
            ) from error
        return file

    def publish(self) -> None:
        """Make the complete copy safe on disk and give it its name."""
        try:
            os.fsync(self._file)
            with _replaceable(self.path):
                os.replace(self._part, self.path)
            self._open.close()
            folder = os.open(os.path.dirname(self.path), os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except (OSError, sqlite3.Error) as error:
            self.discard()
            raise StoreError(f"expected to write the copy '{self.path}'. Received: {error}") from error

    def discard(self) -> None:
        """Remove what was written."""
        with suppress(OSError):
            if os.fstat(self._file).st_ino == os.stat(self._part).st_ino:
                os.remove(self._part)
        self._open.close()


@contextmanager
def _replaceable(path: str) -> Iterator[None]:
    """Nobody opens the map at a path, if there is one, and it has no write-ahead log.

    SQLite would take the log for that of the next map at this path.
    """
    if not os.path.lexists(path):
        for beside in ("-wal", "-shm", "-journal"):  # of a map that somebody removed
            with suppress(FileNotFoundError):
                os.remove(path + beside)
        yield
        return
    with closing(sqlite3.connect(path, timeout=0.5, isolation_level=None)) as replaced:
        replaced.execute("PRAGMA journal_mode=DELETE")
        replaced.execute("BEGIN EXCLUSIVE")
        yield
