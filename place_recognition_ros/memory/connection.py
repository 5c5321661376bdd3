"""Connections to map files."""

import sqlite3
from contextlib import contextmanager, suppress
from typing import Any, Iterator, Sequence, Tuple
from weakref import WeakSet

from place_recognition_ros.errors import StoreError
from place_recognition_ros.memory.schema import READ_ERRORS


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


class MapFile:
    """The file of an open map, which is locked until it is closed. Use it in one thread.

    Args:
        path: of the file; empty: a temporary map.
        connection: to the file.
        map_id: which map this is, whatever its file is called: a UUID.
        moved_aside: where a damaged file is now that had this path; empty: there was none.
    """

    def __init__(self, path: str, connection: Any, map_id: str, moved_aside: str = "") -> None:
        self.path, self.connection = path, connection
        self.map_id, self.moved_aside = map_id, moved_aside

    @property
    def used_bytes(self) -> int:
        """Size of the file without the pages that are free, which are used before it grows."""
        values = ("page_count", "freelist_count", "page_size")
        pages, free, size = (next(self.read(f"PRAGMA {each}"))[0] for each in values)
        return int((pages - free) * size)

    def execute(self, statement: str, values: Sequence[Any] = ()) -> Any:
        """Execute a statement; ``sqlite3.Error`` if that failed."""
        return self.connection.execute(statement, values)

    def read(self, query: str, *values: Any) -> Iterator[Tuple[Any, ...]]:
        """The rows of a query.

        Raises:
            StoreError: if they cannot be read.
        """
        try:
            for row in self.connection.execute(query, values):  # yield from would close it once more
                yield row
        except READ_ERRORS as error:
            raise StoreError(f"expected to read the map '{self.path}'. Received: {error}") from error

    @contextmanager
    def transaction(self, what: str) -> Iterator[None]:
        """All statements in it, or none; what fails in SQLite is a StoreError, which names ``what``."""
        try:
            self._roll_back()
            self.execute("BEGIN")
            yield
            self.execute("COMMIT")
        except BaseException as error:
            with suppress(sqlite3.Error):  # the next transaction tries again
                self._roll_back()
            if isinstance(error, sqlite3.Error):
                raise StoreError(f"expected to {what} in '{self.path}'. Received: {error}") from error
            raise

    def _roll_back(self) -> None:
        if self.connection.in_transaction:
            self.execute("ROLLBACK")
