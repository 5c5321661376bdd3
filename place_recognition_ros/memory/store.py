"""The map on disk: SQLite, and the truth. Everything else is rebuilt from it.

Each ``add`` is one transaction in a write-ahead log with full synchronisation: when it returns, the
keyframe survives a kill and a power cut. The connection holds the file's lock for its whole life,
so that two nodes can never write one map; the kernel releases it when the process ends, however it ends.
"""

import logging
import os
import sqlite3
import uuid
from contextlib import contextmanager
from typing import Any, Dict, Iterator, NamedTuple, Optional, Tuple

import numpy as np

from place_recognition_ros.errors import MapMismatch, StoreBusy, StoreError
from place_recognition_ros.memory import schema
from place_recognition_ros.memory.migrations import copy_aside, migrate
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import FEATURE, Camera, Keyframe, View

_log = logging.getLogger(__name__)

# Where damage hits a name that SQLite puts into its message, Python fails to decode the message.
_READ_ERRORS = (sqlite3.DatabaseError, UnicodeDecodeError)


class Session(NamedTuple):
    """One unbroken trajectory with its own world frame."""

    id: int
    uuid: str
    robot: str = ""
    start: int = 0  # stamp of its first keyframe, nanoseconds
    frame: str = ""  # the world frame of its poses; empty: not known


class StoredKeyframe(NamedTuple):
    """What is read of a keyframe when the map is opened."""

    id: int
    session: int
    stamp: int  # nanoseconds
    pose: Optional[Pose]
    descriptor: np.ndarray  # (D,) float32, unit norm


class KeyframeStore:
    """The keyframes of one map. Use it in the thread that opened it.

    Args:
        path: the map's file, created if it does not exist, migrated if it is of an older schema; empty: a
            temporary one that vanishes with the process.
        model_id: the model whose descriptors the map holds.
        descriptor_size: their length D.

    Raises:
        StoreBusy: if another process holds the file.
        MapMismatch: if the map is of another model or a newer schema.
        StoreError: if the file cannot be opened or is not a map.
    """

    def __init__(self, path: str, model_id: str, descriptor_size: int) -> None:
        self._path = path
        self._descriptor_bytes = 4 * descriptor_size
        self.damaged = 0
        """Keyframes left out because their CRC does not fit their content."""
        folder = os.path.dirname(os.path.abspath(path))
        if path and (os.path.isdir(path) or not os.path.isdir(folder)):
            raise StoreError(f"expected a file in an existing folder as the map. Received: '{path}'")
        try:
            self._connection = sqlite3.connect(path, timeout=0.5, isolation_level=None)
            self._connection.text_factory = lambda raw: raw.decode("utf-8", "replace")  # damaged rows too
        except sqlite3.Error as error:
            raise StoreError(f"expected a map that opens for writing. Received: '{path}': {error}") from error
        try:
            self.map_id = self._open(model_id)
            """Which map this is, whatever its file is called: a UUID."""
        except sqlite3.OperationalError as error:
            self.close()
            if "locked" in str(error):
                raise StoreBusy(
                    f"expected the map '{path}' for this process alone. Received: {error}"
                ) from error
            raise StoreError(f"expected a map that opens for writing. Received: '{path}': {error}") from error
        except _READ_ERRORS as error:
            self.close()
            raise StoreError(f"expected a map. Received: '{path}', which is not a map: {error}") from error
        except StoreError:
            self.close()
            raise

    def _open(self, model_id: str) -> str:
        run = self._connection.execute
        run("PRAGMA locking_mode=EXCLUSIVE")
        run("PRAGMA synchronous=FULL")
        run("BEGIN EXCLUSIVE")
        if not run("SELECT 1 FROM sqlite_master").fetchone():
            schema.create(self._connection, model_id, str(uuid.uuid4()))
        run("COMMIT")
        meta = dict(run("SELECT key, value FROM meta"))
        found = meta.get("schema") or ""
        if not found.isdigit() or int(found) > schema.SCHEMA:
            raise MapMismatch(
                f"expected a map of schema {schema.SCHEMA} or older. "
                f"Received: '{self._path}' of schema {found}"
            )
        if meta.get("model") != model_id:
            raise MapMismatch(
                f"expected a map of the model {model_id}. Received: '{self._path}' of {meta.get('model')}; "
                "descriptors of two models cannot be compared; use its own model or another map"
            )
        if int(found) < schema.SCHEMA:
            self._migrate(int(found))
            meta = dict(run("SELECT key, value FROM meta"))
        run("PRAGMA journal_mode=WAL")  # last: the file of another program stays as it is
        return str(meta.get("map", ""))

    def _migrate(self, found: int) -> None:
        copy = copy_aside(self._connection, self._path, found)
        with self._transaction("migrate the map"):
            migrate(self._connection, found)
        _log.warning(
            "The map '%s' was migrated from schema %d to %d; a copy of it as it was: '%s'",
            *(self._path, found, schema.SCHEMA, copy),
        )

    def add(
        self,
        session: Session,
        keyframe: Keyframe,
        descriptor: np.ndarray,
        features: np.ndarray,
        thumbnail: bytes,
    ) -> int:
        """Store a keyframe; it is safe on disk when this returns.

        Args:
            session: that it belongs to; stored with its first keyframe.
            keyframe: its stamp, pose, frames and camera; the image itself is not stored.
            descriptor: (D,) float32, unit norm.
            features: (N,) ``FEATURE``, in pixels of the original image.
            thumbnail: JPEG.

        Returns:
            Its id, 1 or more.

        Raises:
            StoreError: if it could not be stored; the map is as it was before.
        """
        run = self._connection.execute
        with self._transaction("store a keyframe"):
            self._add_session(session)
            camera = None if keyframe.camera is None else self._camera_id(keyframe.camera)
            row = (
                *(session.id, keyframe.stamp, schema.pack_pose(keyframe.pose), keyframe.pose_frame, camera),
                *(schema.pack_pose(keyframe.base_to_camera), descriptor.astype("<f4").tobytes()),
            )
            columns = ", ".join(schema.KEYFRAME_COLUMNS[1:])
            added = run(
                f"INSERT INTO keyframes ({columns}, crc) VALUES (?, ?, ?, ?, ?, ?, ?, 0)",  # noqa: S608
                row,
            )
            number = int(added.lastrowid or 0)
            run("UPDATE keyframes SET crc = ? WHERE id = ?", (schema.crc_of((number, *row)), number))
            view = (number, features.tobytes(), thumbnail)
            run("INSERT INTO views VALUES (?, ?, ?, ?)", (*view, schema.crc_of(view)))
        return number

    def _add_session(self, session: Session) -> None:
        crc = schema.crc_of(session)
        self._connection.execute("INSERT OR IGNORE INTO sessions VALUES (?, ?, ?, ?, ?, ?)", (*session, crc))

    def _camera_id(self, camera: Camera) -> int:
        """The row of a camera, written if there is none."""
        columns = schema.pack_camera(camera)
        found = self._connection.execute(
            "SELECT id FROM cameras WHERE width = ? AND height = ? AND frame = ? AND distortion_model = ? "
            "AND intrinsics IS ? AND distortion IS ?",
            columns,
        ).fetchone()
        if found is not None:
            return int(found[0])
        (number,) = self._connection.execute("SELECT COALESCE(MAX(id), 0) + 1 FROM cameras").fetchone()
        crc = schema.crc_of((number, *columns))
        self._connection.execute(
            "INSERT INTO cameras VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (number, *columns, crc)
        )
        return int(number)

    def remove(self, number: int) -> None:
        """Remove a keyframe, if it exists; its id is never used again.

        Raises:
            StoreError: if it could not be removed; the map is as it was before.
        """
        with self._transaction(f"remove keyframe {number}"):
            self._connection.execute("DELETE FROM keyframes WHERE id = ?", (number,))
            self._connection.execute("DELETE FROM views WHERE id = ?", (number,))

    @contextmanager
    def _transaction(self, what: str) -> Iterator[None]:
        """All statements in it, or none; what fails in SQLite is a StoreError."""
        run = self._connection.execute
        try:
            run("BEGIN")
            yield
            run("COMMIT")
        except BaseException as error:
            if self._connection.in_transaction:
                run("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                raise StoreError(f"expected to {what} in '{self._path}'. Received: {error}") from error
            raise

    def sessions(self) -> Dict[int, Session]:
        """The sessions by id, without damaged rows."""
        rows = self._read(f"SELECT {', '.join(schema.SESSION_COLUMNS)}, crc FROM sessions")  # noqa: S608
        return {row[0]: Session(*row) for *row, crc in rows if schema.is_whole(row, crc)}

    def keyframes(self) -> Iterator[StoredKeyframe]:
        """All whole keyframes, oldest first; damaged ones are counted in ``damaged``.

        Raises:
            StoreError: if the file cannot be read.
        """
        self.damaged = 0
        columns = ", ".join(schema.KEYFRAME_COLUMNS)
        for *row, crc in self._read(f"SELECT {columns}, crc FROM keyframes ORDER BY id"):  # noqa: S608
            number, session, stamp, pose, _, _, _, vector = row
            if schema.is_whole(row, crc) and len(vector) == self._descriptor_bytes:
                yield StoredKeyframe(
                    number, session, stamp, schema.unpack_pose(pose), np.frombuffer(vector, "<f4")
                )
            else:
                self.damaged += 1

    def view(self, number: int) -> View:
        """The local features of a keyframe and its camera; no features if its row is damaged or missing."""
        row = self._view(number)
        if row is None:
            return View(np.zeros(0, FEATURE))
        return View(np.frombuffer(row[1], FEATURE), self._camera(number))

    def thumbnail(self, number: int) -> bytes:
        """The keyframe's image, JPEG; empty if its row is damaged or missing."""
        row = self._view(number)
        return b"" if row is None else bytes(row[2])

    def _view(self, number: int) -> Optional[Tuple[Any, ...]]:
        columns = ", ".join(schema.VIEW_COLUMNS)
        query = f"SELECT {columns}, crc FROM views WHERE id = ?"  # noqa: S608
        return next(
            (tuple(row) for *row, crc in self._read(query, number) if schema.is_whole(row, crc)), None
        )

    def _camera(self, number: int) -> Optional[Camera]:
        columns = ", ".join("cameras." + name for name in schema.CAMERA_COLUMNS)
        rows = self._read(
            f"SELECT {columns}, cameras.crc FROM cameras JOIN keyframes "  # noqa: S608
            "ON keyframes.camera = cameras.id WHERE keyframes.id = ?",
            number,
        )
        whole = (row for *row, crc in rows if schema.is_whole(row, crc))
        return next((schema.unpack_camera(tuple(row[1:])) for row in whole), None)

    def _read(self, query: str, *values: Any) -> Iterator[Tuple[Any, ...]]:
        try:
            yield from self._connection.execute(query, values)
        except _READ_ERRORS as error:
            raise StoreError(f"expected to read the map '{self._path}'. Received: {error}") from error

    def close(self) -> None:
        self._connection.close()
