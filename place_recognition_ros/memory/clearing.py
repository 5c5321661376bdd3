"""A map becomes empty: what its file has beside keyframes that were removed."""

import sqlite3

from place_recognition_ros.memory import schema
from place_recognition_ros.memory.map_reader import MapRows
from place_recognition_ros.memory.store import KeyframeStore
from place_recognition_ros.memory.unfinished import TABLES

KEPT = ("schema", "model", "features", "map")  # rows of meta


def last_id(store: KeyframeStore) -> int:
    """The largest id that a keyframe ever had, a damaged or removed one too; 0: there was none."""
    return MapRows(store.file.read).last_id()


def clear(store: KeyframeStore, last: int, session: int) -> None:
    """Remove the damaged keyframes, what was learned, and what no keyframe needs any longer.

    Args:
        store: the map.
        last: id after which the keyframes remain.
        session: the first session that remains; no smaller number is used again.

    Raises:
        StoreError: if that failed; nothing was removed then.
    """
    execute, marks = store.file.execute, ", ".join("?" * len(KEPT))
    store.save()
    with store.file.transaction("empty the map"):
        for table in TABLES:
            execute(f"DELETE FROM {table} WHERE id <= ?", (last,))  # noqa: S608
        execute("DELETE FROM ties WHERE session < ? OR older < ?", (session, session))
        execute("DELETE FROM sessions WHERE id < ?", (session,))
        execute("DELETE FROM cameras WHERE id NOT IN (SELECT camera FROM keyframes WHERE camera IS NOT NULL)")
        execute(f"DELETE FROM meta WHERE key NOT IN ({marks})", KEPT)  # noqa: S608
        execute("INSERT INTO meta VALUES (?, ?)", (schema.NEWEST_SESSION, str(session - 1)))


def shrink(store: KeyframeStore) -> str:
    """Give the free space of the file back to the disk; returns why not, empty if it was."""
    try:
        store.file.execute("VACUUM")
        store.file.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except sqlite3.Error as error:
        return str(error)
    return ""
