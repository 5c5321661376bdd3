"""Map files that are only read: the whole rows of their tables."""

import os
import sqlite3
from types import TracebackType
from typing import Any, Dict, Iterator, List, Optional, Tuple, Type
from urllib.parse import quote

from place_recognition_ros.errors import MapMismatch, StoreBusy, StoreError
from place_recognition_ros.memory import schema
from place_recognition_ros.memory.connection import Connection, MapFile, open_connection
from place_recognition_ros.memory.learned import Read
from place_recognition_ros.memory.store import Session
from place_recognition_ros.memory.unfinished import unfinished
from place_recognition_ros.types import FeatureKind

Row = Tuple[Any, ...]

BATCH = 16  # keyframes that are read at once


class MapRows:
    """The rows of a map whose CRC fits their content.

    Args:
        read: reads the map's file.
    """

    def __init__(self, read: Read) -> None:
        self._read = read
        self.meta: Dict[str, str] = dict(read("SELECT key, value FROM meta"))
        """The table of that name, as it was at the start."""
        self._hidden = unfinished(self.meta)
        self._tables = {name for (name,) in read("SELECT name FROM sqlite_master")}

    def sessions(self) -> Dict[int, Session]:
        """The sessions by id."""
        return {row[0]: Session(*row) for row in self._whole("sessions", schema.SESSION_COLUMNS)}

    def cameras(self) -> Dict[int, Row]:
        """``CAMERA_COLUMNS`` by id."""
        return {row[0]: row for row in self._whole("cameras", schema.CAMERA_COLUMNS)}

    def count(self, table: str) -> int:
        """How many rows a table has, damaged ones too."""
        return int(next(self._read(f"SELECT COUNT(*) FROM {table}"))[0])  # noqa: S608

    def last_id(self) -> int:
        """The largest id that a keyframe ever had; 0: there was none."""
        used = self._read("SELECT seq FROM sqlite_sequence WHERE name = 'keyframes'")
        stored = self._read("SELECT MAX(id) FROM keyframes")
        return max([0, *(value for (value,) in (*used, *stored) if isinstance(value, int))])

    def keyframes(self, last: int) -> Iterator[Tuple[int, Optional[Row]]]:
        """The keyframes up to an id, oldest first; others may be added and removed meanwhile.

        Args:
            last: the largest id.

        Returns:
            The id and ``KEYFRAME_COLUMNS`` of each; None: the row is damaged.

        Raises:
            StoreError: if the file cannot be read.
        """
        after = 0
        columns = ", ".join(schema.KEYFRAME_COLUMNS)
        query = (
            f"SELECT {columns}, crc FROM keyframes WHERE id > ? AND id <= ? "  # noqa: S608
            "AND NOT (id >= ? AND id < ?) ORDER BY id LIMIT ?"
        )
        while True:
            rows = list(self._read(query, after, last, self._hidden.start, self._hidden.stop, BATCH))
            for *row, crc in rows:
                after = row[0]
                yield after, tuple(row) if schema.is_whole(row, crc) else None
            if not rows:
                return

    def whole_keyframes(self) -> Iterator[Row]:
        """``KEYFRAME_COLUMNS`` of all keyframes, oldest first, without damaged ones."""
        return (row for _, row in self.keyframes(self.last_id()) if row is not None)

    def view(self, keyframe_id: int) -> Optional[Row]:
        """``VIEW_COLUMNS`` of a keyframe; None if the row is missing or damaged, be it not readable."""
        return self._one("views", ", ".join(schema.VIEW_COLUMNS), keyframe_id)

    def link(self, keyframe_id: int) -> int:
        """The id of an earlier keyframe that shows the same place; 0: none is known."""
        row = self._one("links", 'id, "match"', keyframe_id) if "links" in self._tables else None
        return 0 if row is None else int(row[1])

    def ties(self) -> List[Row]:
        """``TIE_COLUMNS`` of the ties between sessions, the oldest first."""
        return self._whole("ties", schema.TIE_COLUMNS, "rowid") if "ties" in self._tables else []

    def _one(self, table: str, columns: str, number: int) -> Optional[Row]:
        try:
            rows = list(self._read(f"SELECT {columns}, crc FROM {table} WHERE id = ?", number))  # noqa: S608
        except StoreError:
            return None
        return next((tuple(row) for *row, crc in rows if schema.is_whole(row, crc)), None)

    def _whole(self, table: str, columns: Tuple[str, ...], order: str = "id") -> List[Row]:
        rows = self._read(f"SELECT {', '.join(columns)}, crc FROM {table} ORDER BY {order}")  # noqa: S608
        return [tuple(row) for *row, crc in rows if schema.is_whole(row, crc)]


class MapReader(MapRows):
    """A map file that is read and never changed; no node can open it meanwhile. Use it in a ``with``.

    Args:
        path: of the map.

    Raises:
        StoreBusy: if a node has the map open.
        MapMismatch: if its schema is not the present one.
        StoreError: if the file cannot be read or is not a map.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        found = read_meta(path).get("schema")
        if found != str(schema.SCHEMA):
            raise MapMismatch(
                f"expected a map of schema {schema.SCHEMA}. Received: '{path}' of schema {found}; "
                "a node whose map_path it is migrates it when it starts"
            )
        self._file = MapFile(path, connect(path), "")
        try:
            self._file.execute("BEGIN")  # the rows that are read are those of one moment
            super().__init__(self.read)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "MapReader":
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    def read(self, query: str, *values: Any) -> Iterator[Row]:
        """:meth:`MapFile.read`."""
        return self._file.read(query, *values)

    def close(self) -> None:
        self._file.connection.close()


def read_meta(path: str) -> Dict[str, str]:
    """The table of a map file that names its schema and its models.

    Raises:
        StoreBusy: if a node has the map open.
        StoreError: if the file cannot be read or is not a map.
    """
    connection = connect(path)
    try:
        return dict(connection.execute("SELECT key, value FROM meta"))
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise StoreBusy(
                f"expected a map that no node has open, because a node locks its map. Received: '{path}'; "
                "end the node first, everything is on disk then"
            ) from error
        raise StoreError(f"expected a map that can be read. Received: '{path}': {error}") from error
    except schema.READ_ERRORS as error:
        raise StoreError(
            f"expected a map. Received: '{path}', which is not a map or is damaged: {error}"
        ) from error
    finally:
        connection.close()


def feature_model_of(meta: Dict[str, str]) -> str:
    """The model of the local features of a map; maps of the first schemas, which do not name it, have ORB."""
    return meta.get("features", FeatureKind.ORB.value)


def connect(path: str) -> Connection:
    """A connection that reads a map file and never writes it.

    Raises:
        StoreError: if there is no file, or it cannot be opened.
    """
    if not os.path.isfile(path):
        raise StoreError(f"expected the file of a map. Received: '{path}', which is not a file")
    uri = f"file:{quote(os.fsencode(os.path.abspath(path)))}?mode=ro"
    try:
        connection = _connect_to(uri)
        try:
            connection.execute("SELECT 1 FROM sqlite_master").fetchone()
        except sqlite3.OperationalError as error:
            if "unable to open" not in str(error) or os.path.lexists(path + "-wal"):
                return connection  # the caller's statement fails, too
            connection.close()  # SQLite would write beside the file, which is in a folder that is read-only
            connection = _connect_to(uri + "&immutable=1")
        except schema.READ_ERRORS:
            pass  # the caller's statement fails, too
    except sqlite3.Error as error:
        raise StoreError(f"expected a map that can be read. Received: '{path}': {error}") from error
    return connection


def _connect_to(uri: str) -> Connection:
    # One thread at a time; it may be closed by another one.
    return open_connection(uri, check_same_thread=False, uri=True)
