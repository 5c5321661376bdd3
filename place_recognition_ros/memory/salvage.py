"""What can still be read of a damaged map, copied into a new one."""

import sqlite3
from contextlib import suppress
from typing import Any, Iterator, Tuple
from urllib.parse import quote

from place_recognition_ros.errors import MapMismatch
from place_recognition_ros.memory import schema
from place_recognition_ros.memory.compatibility import checked_schema
from place_recognition_ros.memory.connection import open_connection

BATCH = 500  # rows in a transaction
FARTHEST = 1 << 40  # an id that no keyframe has

COLUMNS = (
    ("sessions", schema.SESSION_COLUMNS),
    ("cameras", schema.CAMERA_COLUMNS),
    ("keyframes", schema.KEYFRAME_COLUMNS),
    ("views", schema.VIEW_COLUMNS),
    ("links", ("id", '"match"')),
    ("ties", schema.TIE_COLUMNS),
)
"""Of each table, without the CRC."""


def copy_readable(path: str, target: Any, model_id: str, feature_model: str) -> int:
    """Copy the rows of a damaged map whose CRC is right; the damaged file is only read.

    Args:
        path: of the damaged map.
        target: connection to an empty map of the present schema, not inside a transaction.
        model_id: the model of the target's global descriptors.
        feature_model: that of its local features.

    Returns:
        How many keyframes were copied; 0 too if the damaged file is not a map of these models.

    Raises:
        sqlite3.Error: if the target cannot be written.
    """
    source = open_connection(f"file:{quote(path)}?mode=ro", uri=True)
    try:
        source.execute("PRAGMA writable_schema=ON")  # a file that is cut off is read as far as it goes
        meta = dict(source.execute("SELECT key, value FROM meta").fetchall())
        if checked_schema(meta, path, model_id, feature_model) != schema.SCHEMA:
            return 0
    except (MapMismatch, *schema.READ_ERRORS):
        source.close()
        return 0
    try:
        notes = [(key, value) for key, value in meta.items() if key != "map"]  # the copy is another map
        target.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", notes)
        for table, columns in COLUMNS:
            _copy(source, target, table, columns)
        _keep_ids(source, target)
    finally:
        source.close()
    (count,) = target.execute("SELECT COUNT(*) FROM keyframes").fetchone()
    return int(count)


def _copy(source: Any, target: Any, table: str, columns: Tuple[str, ...]) -> None:
    marks = ", ".join("?" * (len(columns) + 1))
    statement = f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}, crc) VALUES ({marks})"  # noqa: S608
    target.execute("BEGIN")
    for number, row in enumerate(_readable(source, table, columns), 1):
        target.execute(statement, row)
        if number % BATCH == 0:
            target.execute("COMMIT")
            target.execute("BEGIN")
    target.execute("COMMIT")


def _keep_ids(source: Any, target: Any) -> None:
    """No id of the damaged map is used again, as far as it is known."""
    known = target.execute("SELECT MAX(id) FROM views UNION ALL SELECT MAX(id) FROM keyframes").fetchall()
    with suppress(*schema.READ_ERRORS):
        known += source.execute("SELECT seq FROM sqlite_sequence WHERE name = 'keyframes'").fetchall()
    largest = max((each for (each,) in known if isinstance(each, int) and each < FARTHEST), default=0)
    target.execute("BEGIN")
    target.execute("DELETE FROM views WHERE id NOT IN (SELECT id FROM keyframes)")
    target.execute("DELETE FROM sqlite_sequence WHERE name = 'keyframes'")
    target.execute("INSERT INTO sqlite_sequence VALUES ('keyframes', ?)", (largest,))
    target.execute("COMMIT")


def _readable(source: Any, table: str, columns: Tuple[str, ...]) -> Iterator[Tuple[Any, ...]]:
    """The whole rows, by their numbers. Where SQLite cannot read on, some are skipped: 1, then 2, then 4."""
    query = f"SELECT rowid, {', '.join(columns)}, crc FROM {table} WHERE rowid >= ? ORDER BY rowid LIMIT 1"  # noqa: S608
    first, skipped = 0, 1
    while first < FARTHEST:
        try:
            found = source.execute(query, (first,)).fetchone()
            if found is not None and found[0] < first:
                raise sqlite3.DatabaseError("the rows are not in order")  # else this would never end
        except schema.READ_ERRORS:
            first, skipped = first + skipped, 2 * skipped
            continue
        if found is None:
            return
        number, *row, crc = found
        first, skipped = number + 1, 1
        if schema.is_whole(row, crc):
            yield (*row, crc)
