"""A session that is loaded into a map does not count before all of its keyframes are there.

The ids that the keyframes of a load can have are a row of the table ``meta`` until they count: where a
process is killed, the next one that opens the map removes what has them.
"""

from typing import Any, Callable, Mapping

KEY = "loading"
TABLES = ("keyframes", "views", "links")  # whose rows are of keyframes

Execute = Callable[..., Any]
"""Runs a statement with its values."""


def set_unfinished(execute: Execute, ids: range) -> None:
    """Note that keyframes with these ids do not count; empty: none."""
    if ids:
        execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (KEY, f"{ids.start} {ids.stop}"))
    else:
        execute("DELETE FROM meta WHERE key = ?", (KEY,))


def unfinished(meta: Mapping[str, str]) -> range:
    """The ids of keyframes that do not count.

    Args:
        meta: the table of that name.
    """
    try:
        first, stop = map(int, meta.get(KEY, "0 0").split())
    except ValueError:  # damaged
        return range(0)
    return range(first, stop)


def discard_unfinished(execute: Execute) -> None:
    """Remove the keyframes that do not count.

    Not in a transaction: a kill leaves the rest for the next time.
    """
    ids = unfinished(dict(execute("SELECT key, value FROM meta")))
    if ids:
        for table in TABLES:
            execute(f"DELETE FROM {table} WHERE id >= ? AND id < ?", (ids.start, ids.stop))  # noqa: S608
        set_unfinished(execute, range(0))
