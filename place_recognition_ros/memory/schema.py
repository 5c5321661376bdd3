"""The tables of a map file, and how their rows are written.

Every row has a CRC over its other columns, so that damage is noticed and never used.
"""

import sqlite3
import struct
import zlib
from typing import Any, Callable, Iterable, List, Optional, Tuple

import numpy as np

from place_recognition_ros.poses import Pose, compose
from place_recognition_ros.types import Camera

SCHEMA = 3

# Where damage hits a name that SQLite puts into its message, Python fails to decode the message.
READ_ERRORS = (sqlite3.DatabaseError, UnicodeDecodeError)

TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY,
    uuid TEXT NOT NULL,
    robot TEXT NOT NULL,         -- the name that the operator gave it
    start INTEGER NOT NULL,      -- stamp of the first keyframe, nanoseconds
    frame TEXT NOT NULL,         -- the world frame of its poses, empty: not known
    crc INTEGER NOT NULL
);
CREATE TABLE cameras (
    id INTEGER PRIMARY KEY,
    width INTEGER NOT NULL,      -- pixels
    height INTEGER NOT NULL,     -- pixels
    frame TEXT NOT NULL,         -- optical frame
    distortion_model TEXT NOT NULL,
    intrinsics BLOB,             -- 9 float64, K by rows, pixels
    distortion BLOB,             -- float64, D
    crc INTEGER NOT NULL
);
-- AUTOINCREMENT: an id is never used twice, not even after its keyframe was removed
CREATE TABLE keyframes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    session INTEGER NOT NULL,
    stamp INTEGER NOT NULL,      -- nanoseconds
    pose BLOB,                   -- 7 float64: x y z (metres), x y z w, of pose_frame in the session's frame
    pose_frame TEXT NOT NULL DEFAULT '',
    camera INTEGER,              -- NULL: not known
    base_to_camera BLOB,         -- 7 float64: the camera in pose_frame
    descriptor BLOB NOT NULL,    -- float32, unit norm
    crc INTEGER NOT NULL
);
-- a table of its own, so that reading all descriptors at the start does not read the images
CREATE TABLE views (
    id INTEGER PRIMARY KEY,
    features BLOB NOT NULL,      -- types.FEATURE, in pixels of the original image
    thumbnail BLOB NOT NULL,     -- JPEG
    crc INTEGER NOT NULL
);
"""
LINKS = """
-- learned: the keyframe shows the place of an earlier one
CREATE TABLE IF NOT EXISTS links (
    id INTEGER PRIMARY KEY,
    "match" INTEGER NOT NULL,
    crc INTEGER NOT NULL
)
"""
TIES = """
-- learned: a match connects two sessions; see memory/worlds.py
CREATE TABLE IF NOT EXISTS ties (
    session INTEGER NOT NULL,    -- of the query
    older INTEGER NOT NULL,      -- of the match
    query_stamp INTEGER NOT NULL,
    "match" INTEGER NOT NULL,
    transform BLOB,              -- 46 float64: pose of the world in the older one, point, covariance, or NULL
    crc INTEGER NOT NULL,
    PRIMARY KEY (session, query_stamp, "match")
)
"""

NEWEST_SESSION = "newest_session"  # row of meta: the largest id of a session that may have no row
NEWEST_SESSIONS = (
    "SELECT MAX(id) FROM sessions UNION ALL SELECT MAX(session) FROM keyframes "
    "UNION ALL SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'newest_session'"
)

SESSION_COLUMNS = ("id", "uuid", "robot", "start", "frame")
CAMERA_COLUMNS = ("id", "width", "height", "frame", "distortion_model", "intrinsics", "distortion")
KEYFRAME_COLUMNS = (
    "id",
    "session",
    "stamp",
    "pose",
    "pose_frame",
    "camera",
    "base_to_camera",
    "descriptor",
)
VIEW_COLUMNS = ("id", "features", "thumbnail")
TIE_COLUMNS = ("session", "older", "query_stamp", '"match"', "transform")


def create(connection: Any, model_id: str, feature_model: str, map_id: str) -> None:
    """Write the tables of an empty map."""
    for statement in TABLES.split(";")[:-1]:  # executescript would commit
        connection.execute(statement)
    rows = [("schema", str(SCHEMA)), ("model", model_id), ("features", feature_model), ("map", map_id)]
    connection.executemany("INSERT INTO meta VALUES (?, ?)", rows)


_HEAD = struct.Struct("<cq")  # the type of a value and its length
_INTEGER = struct.Struct("<cqq")
_NONE = _HEAD.pack(b"n", 0)


def crc_of(values: Iterable[Any]) -> int:
    """The CRC of a row: of each value, its type and its length.

    Raises:
        TypeError: if a value has a type that is never written; only damage does that.
    """
    parts: List[bytes] = []
    for value in values:
        if value is None:
            parts.append(_NONE)
        elif isinstance(value, int):
            parts.append(_INTEGER.pack(b"i", 8, value))
        elif isinstance(value, str):
            content = value.encode("utf-8", "surrogatepass")
            parts += (_HEAD.pack(b"s", len(content)), content)
        elif isinstance(value, bytes):
            parts += (_HEAD.pack(b"b", len(value)), value)
        else:
            raise TypeError(f"expected an integer, text, bytes or None. Received: {type(value).__name__}")
    return zlib.crc32(b"".join(parts))


def is_whole(row: Iterable[Any], crc: Any, crc_of_row: Callable[[Any], int] = crc_of) -> bool:
    """Whether ``crc`` is that of a row; damage may even change the types of its columns."""
    try:
        return bool(crc_of_row(row) == crc)
    except (TypeError, struct.error):
        return False


def pack_pose(pose: Optional[Pose]) -> Optional[bytes]:
    return None if pose is None else struct.pack("<7d", *pose.position, *pose.orientation)


def unpack_pose(blob: Optional[bytes]) -> Optional[Pose]:
    if blob is None:
        return None
    numbers = np.frombuffer(blob, "<f8")
    return Pose(numbers[:3], numbers[3:])


def pose_of_camera(columns: Tuple[Any, ...], camera: Camera) -> Optional[Pose]:
    """The pose of the camera in the world frame of its session; None: not known.

    Args:
        columns: ``KEYFRAME_COLUMNS`` of a keyframe.
        camera: of the keyframe.
    """
    return in_camera(unpack_pose(columns[3]), columns[4], unpack_pose(columns[6]), camera)


def in_camera(
    pose: Optional[Pose], pose_frame: str, mounting: Optional[Pose], camera: Optional[Camera]
) -> Optional[Pose]:
    """The pose of the camera, where that of the robot is known; None: it is not known.

    Args:
        pose: of ``pose_frame`` in a world frame.
        pose_frame: whose pose it is.
        mounting: the camera in ``pose_frame``.
        camera: the camera.
    """
    if pose is None or camera is None or not pose.is_rigid:  # older versions stored poses unchecked
        return None
    if pose_frame and pose_frame.lstrip("/") == camera.frame_id.lstrip("/"):  # tf had a leading slash
        return pose
    return None if mounting is None or not mounting.is_rigid else compose(pose, mounting)


def pack_camera(camera: Camera) -> Tuple[Any, ...]:
    """The columns of a camera without its id."""
    intrinsics, distortion = (
        None if array is None else np.asarray(array, "<f8").tobytes()
        for array in (camera.intrinsics, camera.distortion)
    )
    return (
        camera.width,
        camera.height,
        camera.frame_id,
        camera.distortion_model,
        intrinsics,
        distortion,
    )


def unpack_camera(columns: Tuple[Any, ...]) -> Camera:
    width, height, frame_id, distortion_model, intrinsics, distortion = columns
    return Camera(
        width,
        height,
        frame_id,
        distortion_model,
        None if intrinsics is None else np.frombuffer(intrinsics, "<f8").reshape(3, 3),
        None if distortion is None else np.frombuffer(distortion, "<f8"),
    )
