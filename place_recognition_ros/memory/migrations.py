"""Maps of older schemas, brought to the present one.

One step for each schema, each in one transaction, after a copy of the file was made beside it. A damaged row
stays as it is: its CRC stays wrong.
"""

import os
import sqlite3
import struct
import subprocess
import uuid
import zlib
from typing import Any, Callable, Dict, List, Optional, Tuple

import numpy as np

from place_recognition_ros.errors import StoreError
from place_recognition_ros.memory.schema import LINKS, READ_ERRORS, SCHEMA, TABLES, TIES, crc_of, is_whole
from place_recognition_ros.memory.unfinished import discard_unfinished
from place_recognition_ros.types import FEATURE, FeatureKind

_Statement = Tuple[str, Tuple[Any, ...]]  # with its values


def unused_path(path: str, word: str) -> str:
    """``map.word.db`` for ``map.db``; a number follows where that exists."""
    stem, extension = os.path.splitext(path)
    target, number = f"{stem}.{word}{extension}", 2
    while os.path.lexists(target):
        target, number = f"{stem}.{word}-{number}{extension}", number + 1
    return target


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
    target = unused_path(path, f"schema{schema}")
    part = target + ".part"
    try:
        (mode,) = connection.execute("PRAGMA journal_mode=DELETE").fetchone()  # moves the log into the file
        if mode != "delete":
            raise OSError(f"its write-ahead log stays in use, journal mode {mode}")
        subprocess.run(["cp", "--", path, part], stderr=subprocess.PIPE, check=True)  # noqa: S603, S607
        with open(part, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(part, target)
    except (OSError, subprocess.CalledProcessError) as error:
        if os.path.lexists(part):
            os.remove(part)
        reason = getattr(error, "stderr", b"").decode("utf-8", "replace").strip() or error
        raise StoreError(
            f"expected to copy the map '{path}' before its migration. Received: {reason}"
        ) from error
    return target


def migrate(connection: Any, schema: int) -> None:
    """Bring a map to the present schema; where a step fails, it stays as the steps before have left it.

    Args:
        connection: the open map, not inside a transaction.
        schema: of the map, ``OLDEST`` or newer.
    """
    while schema != SCHEMA:
        # All is read before the first change: after a damaged page SQLite accepts none in a transaction.
        statements = _STEPS[schema](connection)
        schema += 1
        statements.append(("UPDATE meta SET value = ? WHERE key = 'schema'", (str(schema),)))
        while statements:
            statements = _apply(connection, statements)


def complete(execute: Callable[..., Any]) -> None:
    """Add what a map of the present schema may be without, and remove what a kill has left half done."""
    execute(LINKS)
    execute(TIES)
    discard_unfinished(execute)


def _apply(connection: Any, statements: List[_Statement]) -> List[_Statement]:
    """Execute all in one transaction, or none; returns those to try then, without that of a damaged view."""
    run = connection.execute
    done = 0
    run("BEGIN")
    try:
        for statement, values in statements:
            run(statement, values)
            done += 1
        run("COMMIT")
    except BaseException as error:
        if connection.in_transaction:
            run("ROLLBACK")
        is_damage = isinstance(error, sqlite3.DatabaseError) and not isinstance(
            error, sqlite3.OperationalError
        )
        if is_damage and done < len(statements) and statements[done][0].startswith("UPDATE views"):
            return statements[:done] + statements[done + 1 :]
        raise
    return []


def _from_1_to_2(connection: Any) -> List[_Statement]:
    """Sessions and cameras become tables; the poses' frames and the size of the images are not known."""
    tables = [each for each in TABLES.split(";") if "TABLE sessions" in each or "TABLE cameras" in each]
    columns = ("pose_frame TEXT NOT NULL DEFAULT ''", "camera INTEGER", "base_to_camera BLOB")
    statements: List[_Statement] = [(table, ()) for table in tables]
    statements += [("ALTER TABLE keyframes ADD COLUMN " + column, ()) for column in columns]
    starts: Dict[int, int] = {}
    for (number,) in connection.execute("SELECT id FROM keyframes ORDER BY id").fetchall():
        row = _whole_row(
            connection, "id, session, stamp, pose, descriptor", "keyframes", number, _crc_of_keyframe_1
        )
        if row is not None:
            _, session, stamp, pose, descriptor = row
            starts[session] = min(stamp, starts.get(session, stamp))
            crc = crc_of((number, session, stamp, pose, "", None, None, descriptor))
            statements.append(("UPDATE keyframes SET crc = ? WHERE id = ?", (crc, number)))
        row = _whole_row(connection, "id, features, thumbnail", "views", number, _crc_of_view_1)
        if row is not None:
            statements.append(("UPDATE views SET crc = ? WHERE id = ?", (crc_of(row), number)))
    for session, start in sorted(starts.items()):
        row = (session, str(uuid.uuid4()), "", start, "")
        statements.append(("INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?)", (*row, crc_of(row))))
    return [*statements, ("INSERT INTO meta VALUES ('map', ?)", (str(uuid.uuid4()),))]


def _from_2_to_3(connection: Any) -> List[_Statement]:
    """The map names its local features, which are ORB; where their orientation was, depth is: not known.

    SQLite calls the functions that change a row, so that the features of a large map never are in memory
    together.
    """
    connection.create_function("without_angle", 1, _without_angle)
    connection.create_function("crc_of", 3, lambda *row: crc_of(row))
    statements: List[_Statement] = []
    for (number,) in connection.execute("SELECT id FROM keyframes ORDER BY id").fetchall():
        row = _whole_row(connection, "id, features, thumbnail", "views", number, crc_of)
        if row is not None and len(row[1]) % FEATURE.itemsize == 0:
            statements.append((_FORGET_ANGLE, (number,)))
    return [*statements, ("INSERT INTO meta VALUES ('features', ?)", (FeatureKind.ORB.value,))]


_FORGET_ANGLE = (
    "UPDATE views SET features = without_angle(features), "
    "crc = crc_of(id, without_angle(features), thumbnail) WHERE id = ?"
)


def _without_angle(features: bytes) -> bytes:
    """Features of schema 2 as those of schema 3."""
    array = np.frombuffer(features, FEATURE).copy()
    array["depth"] = np.nan
    return array.tobytes()


def _whole_row(
    connection: Any, columns: str, table: str, number: int, crc_of_row: Callable[[Any], int]
) -> Optional[Tuple[Any, ...]]:
    """A row; None if it is missing or damaged, be it so that SQLite cannot read it."""
    query = f"SELECT {columns}, crc FROM {table} WHERE id = ?"  # noqa: S608
    try:
        rows = connection.execute(query, (number,)).fetchall()
    except sqlite3.OperationalError:  # not the file, but the disk or the memory
        raise
    except READ_ERRORS:
        return None
    return next((tuple(row) for *row, crc in rows if is_whole(row, crc, crc_of_row)), None)


def _crc_of_keyframe_1(row: Any) -> int:
    number, session, stamp, pose, vector = row
    head = struct.pack("<qqq?", number, session, stamp, pose is not None)
    return zlib.crc32(vector, zlib.crc32(pose or b"", zlib.crc32(head)))


def _crc_of_view_1(row: Any) -> int:
    number, features, thumbnail = row
    head = struct.pack("<qq", number, len(features))
    return zlib.crc32(thumbnail, zlib.crc32(features, zlib.crc32(head)))


_STEPS: Dict[int, Callable[[Any], List[_Statement]]] = {1: _from_1_to_2, 2: _from_2_to_3}
OLDEST = min(_STEPS)
"""The oldest schema that can be migrated."""
