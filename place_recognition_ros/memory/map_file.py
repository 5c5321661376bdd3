"""Opening the file of a map: locked for this process, verified, and migrated where it is older.

A file that is damaged or not SQLite is moved aside, never deleted, and a new map begins with what could be
read of it: a robot that cannot read its map must still start. A file that somebody can use is refused instead
and stays as it is: a map of another schema or model, the database of another program, a file without
permission to write.
"""

import logging
import os
import random
import sqlite3
import stat
import time
import uuid
from contextlib import suppress
from typing import Any, Tuple

from place_recognition_ros.errors import StoreBusy, StoreError
from place_recognition_ros.memory import schema
from place_recognition_ros.memory.compatibility import checked_schema
from place_recognition_ros.memory.connection import MapFile, open_connection
from place_recognition_ros.memory.folder_lock import FolderLock
from place_recognition_ros.memory.migrations import complete, copy_aside, migrate, unused_path
from place_recognition_ros.memory.salvage import COLUMNS, copy_readable

LOG_BYTES = 16 << 20
"""Of the write-ahead log, when it is moved into the file: often, that takes long; rarely, it grows."""

TRIES = 3  # two processes that open a map at the same moment may refuse each other
PAUSE_S = 0.02, 0.2  # between two tries, at random

_LOGS = ("-wal", "-shm", "-journal")  # of SQLite, beside the file
_log = logging.getLogger(__name__)


class _Damaged(Exception):
    """The file is not SQLite, or SQLite cannot read it."""


def open_map(path: str, model_id: str, feature_model: str) -> MapFile:
    """Open a map, or create it.

    Args:
        path: of the file; empty: a temporary map.
        model_id: the model of the global descriptors.
        feature_model: the model of the local features, or "orb".

    Raises:
        StoreBusy: if another process holds the file.
        MapMismatch: if the map is of another model, has other local features, or is of a newer schema.
        StoreError: if the file cannot be opened for writing or belongs to another program.
    """
    if not path:
        return MapFile(path, *_open(path, model_id, feature_model))
    for _ in range(TRIES - 1):
        with suppress(StoreBusy):
            return _open_file(path, model_id, feature_model)
        time.sleep(random.uniform(*PAUSE_S))  # noqa: S311
    return _open_file(path, model_id, feature_model)


def _open_file(path: str, model_id: str, feature_model: str) -> MapFile:
    real = _checked_path(path)
    with FolderLock(real) as folder:
        found = _identity(real)
        try:
            if found[1] == 0 and os.path.exists(real + "-wal") and os.path.getsize(real + "-wal"):
                raise _Damaged("it is empty, and its write-ahead log is not")  # which SQLite would delete
            return MapFile(path, *_open(path, model_id, feature_model))
        except _Damaged as error:
            moved = _replace(folder, real, found, str(error), model_id, feature_model)
        try:
            return MapFile(path, *_open(path, model_id, feature_model), moved)
        except _Damaged as error:
            raise StoreError(f"expected a map. Received: '{path}', which is damaged: {error}") from error


def _checked_path(path: str) -> str:
    """The path of the file itself, behind symbolic links."""
    try:
        real = os.path.realpath(path)
        try:
            is_file = stat.S_ISREG(os.stat(real).st_mode)
        except FileNotFoundError:
            is_file = os.path.isdir(os.path.dirname(real))  # that can be created
        if is_file:
            return real
    except (OSError, ValueError) as error:  # a loop of links, a path with a zero byte
        raise StoreError(f"expected a file as the map. Received: {path!r}: {error}") from error
    raise StoreError(f"expected a file in an existing folder as the map. Received: '{path}'")


def _identity(path: str) -> Tuple[int, int]:
    """Number and size of a file; zeros: there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return 0, 0
    return status.st_ino, status.st_size


def _open(path: str, model_id: str, feature_model: str) -> Tuple[Any, str]:
    """The connection, which holds the file's lock, and the id of the map."""
    try:
        connection = open_connection(path)
    except sqlite3.Error as error:
        raise StoreError(f"expected a map that opens for writing. Received: '{path}': {error}") from error
    try:
        map_id = _prepare(connection, path, model_id, feature_model)
        _check_readable(connection)
    except sqlite3.OperationalError as error:
        connection.close()
        if "locked" in str(error):
            raise StoreBusy(f"expected the map '{path}' for this process alone. Received: {error}") from error
        raise StoreError(f"expected a map that opens for writing. Received: '{path}': {error}") from error
    except schema.READ_ERRORS as error:
        connection.close()
        raise _Damaged(str(error)) from error
    except BaseException:
        connection.close()
        raise
    return connection, map_id


def _prepare(connection: Any, path: str, model_id: str, feature_model: str) -> str:
    run = connection.execute
    run("PRAGMA locking_mode=EXCLUSIVE")
    run("PRAGMA synchronous=FULL")
    run("PRAGMA secure_delete=OFF")  # else each removed keyframe is written once more, as zeros
    run("BEGIN EXCLUSIVE")
    tables = {name for (name,) in run("SELECT name FROM sqlite_master")}
    if not tables:
        schema.create(connection, model_id, feature_model, str(uuid.uuid4()))
    elif "meta" not in tables or tables.isdisjoint(("keyframes", "views")):
        raise StoreError(f"expected a map. Received: '{path}', a database of another program")
    run("COMMIT")
    meta = dict(run("SELECT key, value FROM meta"))
    found = checked_schema(meta, path, model_id, feature_model)
    if found < schema.SCHEMA:
        _migrate(connection, path, found)
        meta = dict(run("SELECT key, value FROM meta"))
    complete(run)
    run("PRAGMA journal_mode=WAL")  # last: the file of another program stays as it is
    (page,) = run("PRAGMA page_size").fetchone()
    run(f"PRAGMA wal_autocheckpoint={LOG_BYTES // page}")
    run(f"PRAGMA journal_size_limit={2 * LOG_BYTES}")  # after a large transaction
    return str(meta.get("map", ""))


def _migrate(connection: Any, path: str, found: int) -> None:
    _log.warning("Migrating the map '%s' from schema %d to %d …", path, found, schema.SCHEMA)
    copy = copy_aside(connection, path, found)
    try:
        migrate(connection, found)
    except BaseException:
        with suppress(sqlite3.Error):
            now = connection.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
            if now == (str(found),):
                os.remove(copy)  # the map is as it was
        raise
    _log.warning("The map is migrated. A copy of it as it was: '%s'", copy)


def _check_readable(connection: Any) -> None:
    """Read what is read at every start, and add a keyframe that is not kept: SQLite reports what is damaged.

    The views are not read: they are most of the file, and one that cannot be read does not harm the others.
    """
    run = connection.execute
    for table, columns in COLUMNS:
        try:
            run(f"SELECT {', '.join(columns)}, crc FROM {table} LIMIT 0")  # noqa: S608
        except sqlite3.OperationalError as error:
            if "no such" in str(error):  # a table or column; its name is in the file
                raise _Damaged(str(error)) from error
            raise
        if table != "views":
            run(f"SELECT TOTAL(crc) FROM {table}").fetchone()  # noqa: S608
    run("BEGIN")
    try:
        run("INSERT INTO keyframes (session, stamp, descriptor, crc) VALUES (0, 0, x'', 0)")
        run("INSERT OR REPLACE INTO views VALUES ((SELECT MAX(id) FROM keyframes), x'', x'', 0)")
        run("INSERT OR REPLACE INTO ties VALUES (0, 0, 0, 0, NULL, 0)")  # it has an index
    finally:
        run("ROLLBACK")


def _replace(
    folder: FolderLock, path: str, found: Tuple[int, int], damage: str, model_id: str, feature_model: str
) -> str:
    """Move a damaged map aside, and put what can be read of it into a new one.

    Args:
        folder: of the file.
        path: of the file itself, not of a symbolic link.
        found: its identity when it was opened.
        damage: what is wrong with it.
        model_id, feature_model: those of the new map.

    Returns:
        The new path of the damaged file, ``map.damaged.db`` for ``map.db``; a number follows where that
        exists. Empty: another process was faster.

    Raises:
        StoreBusy: if another process opens a map of the folder.
        StoreError: if the damaged file cannot be renamed.
    """
    part = path + ".part"
    folder.alone()
    if _identity(path)[0] != found[0]:
        return ""
    _log.error("expected a map. Received: '%s', which is damaged or not a map: %s", path, damage)
    saved = _recover(path, part, model_id, feature_model) if found[1] else 0
    try:
        target = unused_path(path, "damaged")
        for suffix in ("", *_LOGS):  # the map first: the new one must not get the logs of the old one
            if os.path.lexists(path + suffix):
                os.rename(path + suffix, target + suffix)
        if saved:
            os.rename(part, path)
        folder.flush()
    except OSError as error:
        raise StoreError(
            f"expected to move the damaged map '{path}' aside. Received: {error}; move it by hand"
        ) from error
    _log.error("The damaged map was moved to '%s'. The new one has %d keyframes of it", target, saved)
    return target


def _recover(path: str, part: str, model_id: str, feature_model: str) -> int:
    """Copy what can be read of a damaged map into another file; 0 keyframes: there is none."""
    _remove(part)
    saved = 0
    try:
        connection, _ = _open(part, model_id, feature_model)
        try:
            saved = copy_readable(path, connection, model_id, feature_model)
        finally:
            connection.close()
    except (StoreError, sqlite3.Error) as error:  # a full disk, for example: start without
        _log.error("What can be read of the map could not be copied: %s", error)
    if not saved:
        _remove(part)
    return saved


def _remove(path: str) -> None:
    """Remove a map that nobody uses, and its logs."""
    for suffix in ("", *_LOGS):
        with suppress(FileNotFoundError):
            os.remove(path + suffix)
