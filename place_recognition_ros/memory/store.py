"""The map on disk: SQLite, and the truth. Everything else is rebuilt from it.

Each ``add`` is one transaction in a write-ahead log with full synchronisation: when it returns, the
keyframe survives a kill and a power cut. The connection holds the file's lock for its whole life,
so that two nodes can never write one map; the kernel releases it when the process ends, however it ends.
"""

from contextlib import suppress
from typing import Any, Callable, Dict, Iterator, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from place_recognition_ros.errors import StoreError
from place_recognition_ros.memory import schema
from place_recognition_ros.memory.learned import Learned
from place_recognition_ros.memory.map_file import open_map
from place_recognition_ros.memory.progress import Progress, reported
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import FEATURE, Camera, Keyframe, View


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
        path: the map's file, created or migrated where that is needed; empty: lost with the process. A
            damaged file is moved aside, see ``file``.
        model_id: the model whose descriptors the map holds.
        descriptor_size: their length D.
        feature_model: the model whose local features the map holds; "orb" for ORB.

    Raises:
        StoreBusy: if another process holds the file.
        MapMismatch: if the map is of another model, has other local features, or is of a newer schema.
        StoreError: if the file cannot be opened for writing, or belongs to another program.
    """

    def __init__(self, path: str, model_id: str, descriptor_size: int, feature_model: str) -> None:
        self._descriptor_bytes = 4 * descriptor_size
        self._session: Optional[Session] = None  # as it was stored last
        self.damaged = 0
        """Keyframes left out because their CRC does not fit their content."""
        self.file = open_map(path, model_id, feature_model)
        """Which map this is, and whether a damaged one was moved aside for it."""
        self.learned = Learned(self.file.read)
        """Written with the next keyframe, by :meth:`save` and by :meth:`close`."""

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
        run = self.file.execute
        with self.file.transaction("store a keyframe"):
            self._add_session(session)
            camera = None if keyframe.camera is None else camera_id(run, keyframe.camera)
            row = (
                *(session.id, keyframe.stamp, schema.pack_pose(keyframe.pose), keyframe.pose_frame, camera),
                *(schema.pack_pose(keyframe.base_to_camera), descriptor.astype("<f4").tobytes()),
            )
            columns = ", ".join(schema.KEYFRAME_COLUMNS[1:])
            added = run(
                f"INSERT INTO keyframes ({columns}, crc) VALUES (?, ?, ?, ?, ?, ?, ?, 0)",  # noqa: S608
                row,
            )
            keyframe_id = int(added.lastrowid or 0)
            run(
                "UPDATE keyframes SET crc = ? WHERE id = ?", (schema.crc_of((keyframe_id, *row)), keyframe_id)
            )
            view = (keyframe_id, features.tobytes(), thumbnail)
            # Replace: damage to the id of a view must not refuse a keyframe later.
            run("INSERT OR REPLACE INTO views VALUES (?, ?, ?, ?)", (*view, schema.crc_of(view)))
            self.learned.write(run)
        self.learned.written()
        self._session = session
        return keyframe_id

    def _add_session(self, session: Session) -> None:
        """Write the row of a session with its first keyframe, and again when its frame becomes known."""
        if session != self._session:
            row = (*session, schema.crc_of(session))
            self.file.execute("INSERT OR REPLACE INTO sessions VALUES (?, ?, ?, ?, ?, ?)", row)

    def remove(self, keyframe_ids: Sequence[int]) -> None:
        """Remove keyframes, if they exist; their ids are never used again.

        Raises:
            StoreError: if they could not be removed; the map is as it was before.
        """
        rows = [(int(each),) for each in keyframe_ids]  # SQLite would take NumPy's integers for blobs
        with self.file.transaction(f"remove {len(rows)} keyframes"):
            self.learned.write(self.file.execute)  # else their links would be written later
            for table in ("keyframes", "views", "links"):  # a link to one of them still names a place
                self.file.connection.executemany(f"DELETE FROM {table} WHERE id = ?", rows)  # noqa: S608
        self.learned.written()

    def save(self) -> None:
        """Store what was learned; StoreError if that failed."""
        if len(self.learned):
            with self.file.transaction("store what was learned"):
                self.learned.write(self.file.execute)
            self.learned.written()

    def sessions(self) -> Dict[int, Session]:
        """The sessions by id, without damaged rows."""
        rows = self.file.read(f"SELECT {', '.join(schema.SESSION_COLUMNS)}, crc FROM sessions")  # noqa: S608
        return {row[0]: Session(*row) for *row, crc in rows if schema.is_whole(row, crc)}

    def newest_session(self) -> int:
        """The largest id of a session that was ever used, that of a damaged row too; 0: none."""
        rows = self.file.read(schema.NEWEST_SESSIONS)
        return max([0, *(value for (value,) in rows if isinstance(value, int))])

    def keyframes(self, progress: Optional[Progress] = None) -> Iterator[StoredKeyframe]:
        """All whole keyframes, oldest first; damaged ones are counted in ``damaged``.

        Args:
            progress: gets how many keyframes have been read, and of how many, as the log does.

        Raises:
            StoreError: if the file cannot be read.
        """
        self.damaged = 0
        columns = ", ".join(schema.KEYFRAME_COLUMNS)
        count = next(int(count) for (count,) in self.file.read("SELECT COUNT(*) FROM keyframes"))
        rows = self.file.read(f"SELECT {columns}, crc FROM keyframes ORDER BY id")  # noqa: S608
        for *row, crc in reported(rows, count, progress):
            keyframe_id, session, stamp, pose, _, _, _, vector = row
            if schema.is_whole(row, crc) and len(vector) == self._descriptor_bytes:
                yield StoredKeyframe(
                    keyframe_id, session, stamp, schema.unpack_pose(pose), np.frombuffer(vector, "<f4")
                )
            else:
                self.damaged += 1

    def view(self, keyframe_id: int) -> View:
        """What geometric verification needs of a keyframe; no features if a row is damaged or missing."""
        view = self._row("views", schema.VIEW_COLUMNS, keyframe_id)
        keyframe = self._row("keyframes", schema.KEYFRAME_COLUMNS, keyframe_id)
        if view is not None and keyframe is not None:
            features, camera_id = np.frombuffer(view[1], FEATURE), keyframe[5]
            if camera_id is None:
                return View(features)
            row = self._row("cameras", schema.CAMERA_COLUMNS, camera_id)
            if row is not None:
                camera = schema.unpack_camera(row[1:])
                return View(features, camera, schema.pose_of_camera(keyframe, camera))
        return View(np.zeros(0, FEATURE))

    def thumbnail(self, keyframe_id: int) -> bytes:
        """The keyframe's image, JPEG; empty if its row is damaged or missing."""
        view = self._row("views", schema.VIEW_COLUMNS, keyframe_id)
        return b"" if view is None else bytes(view[2])

    def _row(self, table: str, columns: Tuple[str, ...], number: int) -> Optional[Tuple[Any, ...]]:
        """A whole row; None if it is missing or damaged, be it so that SQLite cannot read it."""
        query = f"SELECT {', '.join(columns)}, crc FROM {table} WHERE id = ?"  # noqa: S608
        try:
            rows = list(self.file.read(query, number))
        except StoreError:
            return None
        return next((tuple(row) for *row, crc in rows if schema.is_whole(row, crc)), None)

    def close(self) -> None:
        """Store what was learned, if possible."""
        with suppress(StoreError):
            self.save()
        self.file.connection.close()


def camera_id(execute: Callable[..., Any], camera: Camera) -> int:
    """The id of a camera in a map; its row is written if there is none."""
    columns = schema.pack_camera(camera)
    found = execute(
        "SELECT id FROM cameras WHERE width = ? AND height = ? AND frame = ? AND distortion_model = ? "
        "AND intrinsics IS ? AND distortion IS ?",
        columns,
    ).fetchone()
    if found is not None:
        return int(found[0])
    (number,) = execute("SELECT COALESCE(MAX(id), 0) + 1 FROM cameras").fetchone()
    row = (int(number), *columns)
    execute("INSERT INTO cameras VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*row, schema.crc_of(row)))
    return int(number)
