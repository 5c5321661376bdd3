"""The map on disk: SQLite, and the truth. Everything else is rebuilt from it.

Each ``add`` is one transaction in a write-ahead log with full synchronisation: when it returns, the
keyframe survives a kill and a power cut. The connection holds the file's lock for its whole life,
so that two nodes can never write one map; the kernel frees it when the process ends, however it ends.
"""

import os
import sqlite3
import struct
import zlib
from typing import Iterator, NamedTuple, Optional

import numpy as np

from place_recognition_ros.errors import MapMismatch, StoreBusy, StoreError
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import FEATURE

SCHEMA = 1

_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
-- AUTOINCREMENT: an id is never given twice, not even after its keyframe was removed
CREATE TABLE keyframes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    session INTEGER NOT NULL,
    stamp INTEGER NOT NULL,      -- nanoseconds
    pose BLOB,                   -- 7 float64: x y z (metres), x y z w
    descriptor BLOB NOT NULL,    -- float32, unit norm
    crc INTEGER NOT NULL         -- of the columns above
);
-- apart, so that reading all descriptors at start does not walk over the pictures
CREATE TABLE views (
    id INTEGER PRIMARY KEY,
    features BLOB NOT NULL,      -- types.FEATURE
    thumbnail BLOB NOT NULL,     -- JPEG
    crc INTEGER NOT NULL
);
"""

# Where the damage hits a name that SQLite puts into its message, Python fails to decode the message.
_READ_ERRORS = (sqlite3.DatabaseError, UnicodeDecodeError)


class StoredKeyframe(NamedTuple):
    """What is kept in memory of a stored keyframe while the map is read."""

    id: int
    session: int
    stamp: int  # nanoseconds
    pose: Optional[Pose]
    descriptor: np.ndarray  # (D,) float32, unit norm


class KeyframeStore:
    """The keyframes of one map. Use it in the thread that opened it.

    Args:
        path: the map's file, made if it is missing; empty: a temporary one that vanishes with the process.
        model_id: the model whose descriptors the map holds.
        descriptor_size: their length D.

    Raises:
        StoreBusy: if another process holds the file.
        MapMismatch: if the map is of another model or another schema.
        StoreError: if the file cannot be opened or is no map.
    """

    def __init__(self, path: str, model_id: str, descriptor_size: int) -> None:
        self._path = path
        self._descriptor_bytes = 4 * descriptor_size
        self.damaged = 0
        """Rows left out because their CRC is not that of their content."""
        folder = os.path.dirname(os.path.abspath(path))
        if path and (os.path.isdir(path) or not os.path.isdir(folder)):
            raise StoreError(f"expected a file in an existing folder as the map. Received: '{path}'")
        try:
            self._connection = sqlite3.connect(path, timeout=0.5, isolation_level=None)
            self._connection.text_factory = lambda raw: raw.decode("utf-8", "replace")  # damaged rows too
        except sqlite3.Error as error:
            raise StoreError(f"expected a map that opens for writing. Received: '{path}': {error}") from error
        try:
            self._lock_and_check(model_id)
        except sqlite3.OperationalError as error:
            self.close()
            if "locked" in str(error):
                raise StoreBusy(
                    f"expected the map '{path}' for this process alone. Received: {error}"
                ) from error
            raise StoreError(f"expected a map that opens for writing. Received: '{path}': {error}") from error
        except _READ_ERRORS as error:
            self.close()
            raise StoreError(f"expected a map. Received: '{path}', which is none: {error}") from error
        except MapMismatch:
            self.close()
            raise

    def _lock_and_check(self, model_id: str) -> None:
        run = self._connection.execute
        run("PRAGMA locking_mode=EXCLUSIVE")
        run("PRAGMA synchronous=FULL")
        run("BEGIN EXCLUSIVE")
        if not run("SELECT 1 FROM sqlite_master").fetchone():
            for statement in _TABLES.split(";")[:-1]:
                run(statement)
            run("INSERT INTO meta VALUES ('schema', ?), ('model', ?)", (str(SCHEMA), model_id))
        run("COMMIT")
        meta = dict(run("SELECT key, value FROM meta"))
        if meta.get("schema") != str(SCHEMA):
            raise MapMismatch(
                f"expected a map of schema {SCHEMA}. Received: '{self._path}' of {meta.get('schema')}"
            )
        if meta.get("model") != model_id:
            raise MapMismatch(
                f"expected a map of the model {model_id}. Received: '{self._path}' of {meta.get('model')}; "
                "descriptors of two models cannot be compared; use its own model or another map"
            )
        run("PRAGMA journal_mode=WAL")  # last: the file of another program stays as it is

    def add(
        self,
        session: int,
        stamp: int,
        pose: Optional[Pose],
        descriptor: np.ndarray,
        features: np.ndarray,
        thumbnail: bytes,
    ) -> int:
        """Store a keyframe; it is safe on disk when this returns.

        Args:
            session: the unbroken trajectory that it belongs to.
            stamp: nanoseconds.
            pose: in the session's world frame, where known.
            descriptor: (D,) float32, unit norm.
            features: (N,) ``FEATURE``.
            thumbnail: JPEG.

        Returns:
            Its id, 1 or more.

        Raises:
            StoreError: if it could not be stored; the map is as it was before.
        """
        pose_bytes = None if pose is None else struct.pack("<7d", *pose.position, *pose.orientation)
        vector = descriptor.astype("<f4").tobytes()
        view = (features.tobytes(), thumbnail)
        run = self._connection.execute
        try:
            run("BEGIN")
            row = (session, stamp, pose_bytes, vector)
            added = run(
                "INSERT INTO keyframes (session, stamp, pose, descriptor, crc) VALUES (?, ?, ?, ?, 0)", row
            )
            number = int(added.lastrowid or 0)
            run("UPDATE keyframes SET crc = ? WHERE id = ?", (_crc_of_keyframe(number, *row), number))
            run("INSERT INTO views VALUES (?, ?, ?, ?)", (number, *view, _crc_of_view(number, *view)))
            run("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                run("ROLLBACK")
            raise StoreError(f"expected to store a keyframe in '{self._path}'. Received: {error}") from error
        return number

    def keyframes(self) -> Iterator[StoredKeyframe]:
        """All whole keyframes, oldest first; damaged ones are counted in ``damaged``.

        Raises:
            StoreError: if the file cannot be read.
        """
        self.damaged = 0
        query = "SELECT id, session, stamp, pose, descriptor, crc FROM keyframes ORDER BY id"
        try:
            for *row, crc in self._connection.execute(query):
                keyframe = self._whole(row, crc)
                if keyframe is None:
                    self.damaged += 1
                else:
                    yield keyframe
        except _READ_ERRORS as error:
            raise StoreError(f"expected to read the map '{self._path}'. Received: {error}") from error

    def _whole(self, row: list, crc: object) -> Optional[StoredKeyframe]:
        """The keyframe in a row; None if the row is damaged, which may change even the columns' types."""
        try:
            if crc != _crc_of_keyframe(*row):
                return None
        except (TypeError, struct.error):
            return None
        number, session, stamp, pose, vector = row
        if len(vector) != self._descriptor_bytes:
            return None
        return StoredKeyframe(number, session, stamp, _pose(pose), np.frombuffer(vector, "<f4"))

    def features(self, number: int) -> np.ndarray:
        """(N,) ``FEATURE`` of a keyframe; none if its row is damaged or missing."""
        row = self._view(number)
        return np.zeros(0, FEATURE) if row is None else np.frombuffer(row[0], FEATURE)

    def thumbnail(self, number: int) -> bytes:
        """The keyframe's picture, JPEG; empty if its row is damaged or missing."""
        row = self._view(number)
        return b"" if row is None else bytes(row[1])

    def _view(self, number: int) -> Optional[tuple]:
        query = "SELECT features, thumbnail, crc FROM views WHERE id = ?"
        try:
            row = self._connection.execute(query, (number,)).fetchone()
        except _READ_ERRORS as error:
            raise StoreError(
                f"expected to read keyframe {number} of '{self._path}'. Received: {error}"
            ) from error
        try:
            return row[:2] if row is not None and row[2] == _crc_of_view(number, *row[:2]) else None
        except TypeError:  # damage may change the columns' types
            return None

    def close(self) -> None:
        self._connection.close()


def _pose(blob: Optional[bytes]) -> Optional[Pose]:
    if blob is None:
        return None
    numbers = np.frombuffer(blob, "<f8")
    return Pose(numbers[:3], numbers[3:])


def _crc(*parts: bytes) -> int:
    crc = 0
    for part in parts:
        crc = zlib.crc32(part, crc)
    return crc


def _crc_of_keyframe(number: int, session: int, stamp: int, pose: Optional[bytes], vector: bytes) -> int:
    return _crc(struct.pack("<qqq?", number, session, stamp, pose is not None), pose or b"", vector)


def _crc_of_view(number: int, features: bytes, thumbnail: bytes) -> int:
    return _crc(struct.pack("<qq", number, len(features)), features, thumbnail)
