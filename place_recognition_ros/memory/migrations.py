"""Maps of older schemas, brought to the present one.

One step for each schema, in one transaction, after a copy of the file was made beside it. A damaged row stays
as it is: its CRC stays wrong.
"""

import os
import struct
import uuid
import zlib
from typing import Any, Callable, Dict, List

from place_recognition_ros.errors import StoreError
from place_recognition_ros.memory.schema import SCHEMA, TABLES, crc_of


def copy_aside(connection: Any, path: str, schema: int) -> str:
    """Copy all tables into a new file beside the map.

    SQLite does the copying: a second file descriptor on an open database would release its locks when closed.

    Args:
        connection: the open map; not inside a transaction.
        path: of the map.
        schema: of the map; part of the copy's name.

    Returns:
        The path of the copy, ``map.schema1.db`` for ``map.db``; a number follows where that exists.
    """
    stem, extension = os.path.splitext(path)
    target, number = f"{stem}.schema{schema}{extension}", 2
    while os.path.lexists(target):
        target, number = f"{stem}.schema{schema}-{number}{extension}", number + 1
    run = connection.execute
    run("ATTACH ? AS copy", (target,))
    try:
        run("BEGIN")
        tables = run(
            "SELECT name, sql FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        ).fetchall()
        for name, statement in tables:
            run(statement.replace("CREATE TABLE ", "CREATE TABLE copy.", 1))
            run(f'INSERT INTO copy."{name}" SELECT * FROM main."{name}"')  # noqa: S608  the file's own names
        run("COMMIT")
    except Exception:
        if connection.in_transaction:
            run("ROLLBACK")
        raise
    finally:
        run("DETACH copy")
    return target


def migrate(connection: Any, schema: int) -> None:
    """Bring a map to the present schema; the caller opens and commits the transaction.

    Args:
        connection: the open map, inside a transaction.
        schema: of the map, older than ``SCHEMA``.

    Raises:
        StoreError: if nothing is known of that schema.
    """
    while schema != SCHEMA:
        if schema not in _STEPS:
            raise StoreError(f"expected a map of schema {min(_STEPS)} to {SCHEMA}. Received: schema {schema}")
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
    for number in _ids(connection, "keyframes"):  # one by one: a large map does not fit into memory
        *row, crc = run(
            "SELECT id, session, stamp, pose, descriptor, crc FROM keyframes WHERE id = ?", (number,)
        ).fetchone()
        if _is_whole(_crc_of_keyframe_1, row, crc):
            _, session, stamp, pose, descriptor = row
            starts[session] = min(stamp, starts.get(session, stamp))
            new_row = (number, session, stamp, pose, "", None, None, descriptor)
            run("UPDATE keyframes SET crc = ? WHERE id = ?", (crc_of(new_row), number))
    for number in _ids(connection, "views"):
        *row, crc = run("SELECT id, features, thumbnail, crc FROM views WHERE id = ?", (number,)).fetchone()
        if _is_whole(_crc_of_view_1, row, crc):
            run("UPDATE views SET crc = ? WHERE id = ?", (crc_of(row), number))
    for session, start in sorted(starts.items()):
        session_row = (session, str(uuid.uuid4()), "", start, "")
        run("INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?)", (*session_row, crc_of(session_row)))
    run("INSERT INTO meta VALUES ('map', ?)", (str(uuid.uuid4()),))


def _ids(connection: Any, table: str) -> List[int]:
    return [number for (number,) in connection.execute(f"SELECT id FROM {table} ORDER BY id")]  # noqa: S608


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
