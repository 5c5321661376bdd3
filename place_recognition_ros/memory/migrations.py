"""Maps of older schemas, brought to the present one.

One step for each schema, in one transaction, after a copy of the file was made beside it. A damaged row stays
as it is: its CRC stays wrong.
"""

import os
import sqlite3
import struct
import subprocess
import uuid
import zlib
from typing import Any, Callable, Dict

from place_recognition_ros.errors import StoreError
from place_recognition_ros.memory.schema import SCHEMA, TABLES, crc_of


def copy_aside(connection: Any, path: str, schema: int) -> str:
    """Copy the file of a map, its damaged pages too.

    Another process copies it: a second file descriptor of this one would release SQLite's locks when closed.

    Args:
        connection: the open map, locked, not inside a transaction.
        path: of the map.
        schema: of the map; part of the copy's name.

    Returns:
        The path of the copy, ``map.schema1.db`` for ``map.db``; a number follows where that exists.

    Raises:
        StoreError: if it could not be copied.
    """
    stem, extension = os.path.splitext(path)
    target, number = f"{stem}.schema{schema}{extension}", 2
    while os.path.lexists(target):
        target, number = f"{stem}.schema{schema}-{number}{extension}", number + 1
    connection.execute("PRAGMA journal_mode=DELETE")  # moves the write-ahead log into the file
    part = target + ".part"
    copied = subprocess.run(["cp", "--", path, part], stderr=subprocess.PIPE, check=False)  # noqa: S603, S607
    if copied.returncode:
        if os.path.lexists(part):
            os.remove(part)
        reason = copied.stderr.decode("utf-8", "replace").strip()
        raise StoreError(f"expected to copy the map '{path}' before its migration. Received: {reason}")
    with open(part, "rb+") as file:
        os.fsync(file.fileno())
    os.replace(part, target)
    return target


def migrate(connection: Any, schema: int) -> None:
    """Bring a map to the present schema; the caller opens and commits the transaction.

    Args:
        connection: the open map, inside a transaction.
        schema: of the map, ``OLDEST`` or newer.
    """
    while schema != SCHEMA:
        _STEPS[schema](connection)
        schema += 1
        connection.execute("UPDATE meta SET value = ? WHERE key = 'schema'", (str(schema),))


def _from_1_to_2(connection: Any) -> None:
    """Sessions and cameras become tables; the poses' frames and the size of the images are not known."""
    run = connection.execute
    for statement in TABLES.split(";"):
        if "CREATE TABLE sessions" in statement or "CREATE TABLE cameras" in statement:
            run(statement)
    run("ALTER TABLE keyframes ADD COLUMN pose_frame TEXT NOT NULL DEFAULT ''")
    run("ALTER TABLE keyframes ADD COLUMN camera INTEGER")
    run("ALTER TABLE keyframes ADD COLUMN base_to_camera BLOB")
    starts: Dict[int, int] = {}
    numbers = [number for (number,) in run("SELECT id FROM keyframes ORDER BY id")]
    for number in numbers:  # one by one: a large map does not fit into memory
        query = "SELECT id, session, stamp, pose, descriptor, crc FROM keyframes WHERE id = ?"
        for *row, crc in run(query, (number,)).fetchall():
            if _is_whole(_crc_of_keyframe_1, row, crc):
                _, session, stamp, pose, descriptor = row
                starts[session] = min(stamp, starts.get(session, stamp))
                new_row = (number, session, stamp, pose, "", None, None, descriptor)
                run("UPDATE keyframes SET crc = ? WHERE id = ?", (crc_of(new_row), number))
        _update_view(connection, number)
    for session, start in sorted(starts.items()):
        session_row = (session, str(uuid.uuid4()), "", start, "")
        run("INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?)", (*session_row, crc_of(session_row)))
    run("INSERT INTO meta VALUES ('map', ?)", (str(uuid.uuid4()),))


def _update_view(connection: Any, number: int) -> None:
    query = "SELECT id, features, thumbnail, crc FROM views WHERE id = ?"
    try:
        for *row, crc in connection.execute(query, (number,)).fetchall():
            if _is_whole(_crc_of_view_1, row, crc):
                connection.execute("UPDATE views SET crc = ? WHERE id = ?", (crc_of(row), number))
    except sqlite3.OperationalError:  # a full disk, for example
        raise
    except (
        sqlite3.DatabaseError,
        UnicodeDecodeError,
    ):  # a damaged page: this view is lost, the others are not
        pass


def _crc_of_keyframe_1(number: int, session: int, stamp: int, pose: Any, vector: bytes) -> int:
    head = struct.pack("<qqq?", number, session, stamp, pose is not None)
    return zlib.crc32(vector, zlib.crc32(pose or b"", zlib.crc32(head)))


def _crc_of_view_1(number: int, features: bytes, thumbnail: bytes) -> int:
    head = struct.pack("<qq", number, len(features))
    return zlib.crc32(thumbnail, zlib.crc32(features, zlib.crc32(head)))


def _is_whole(crc: Callable[..., int], row: Any, expected: Any) -> bool:
    try:
        return crc(*row) == expected
    except (TypeError, struct.error):
        return False


_STEPS: Dict[int, Callable[[Any], None]] = {1: _from_1_to_2}
OLDEST = min(_STEPS)
"""The oldest schema that can be migrated."""
