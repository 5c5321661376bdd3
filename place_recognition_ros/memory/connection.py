"""Connections to map files."""

import sqlite3
from typing import Any
from weakref import WeakSet


class Connection(sqlite3.Connection):
    """A connection that ends its statements when it is closed.

    An exception keeps the frames that it has left, and with them a statement whose rows were not read to the
    end. SQLite would keep the file open for it, and locked.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._cursors: WeakSet = WeakSet()
        super().__init__(*arguments, **options)

    def execute(self, *arguments: Any) -> Any:
        cursor = super().execute(*arguments)
        self._cursors.add(cursor)
        return cursor

    def close(self) -> None:
        for cursor in list(self._cursors):
            cursor.close()
        super().close()


def open_connection(path: str, **options: Any) -> Any:
    """A connection without transactions of its own.

    Args:
        path: of the file.
        options: of ``sqlite3.connect``.

    Raises:
        sqlite3.Error: if it cannot be opened.
    """
    connection = sqlite3.connect(path, timeout=0.5, isolation_level=None, factory=Connection, **options)
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")  # damaged rows too
    return connection
