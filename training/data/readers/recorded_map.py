"""Training images from a map that the node recorded, labelled by odometry and verified loops.

The images are the thumbnails of the map. With odometry they get positions, corrected for drift by verified
loops; without it, numbers of places (see :mod:`training.data.readers.loops`). Poses are in a frame whose z
axis points up (REP 103), of an optical frame (z forward) or of a body frame (x forward).
"""

import shutil
import sqlite3
import tempfile
from pathlib import Path

import numpy as np

from place_recognition_ros.errors import StoreError
from place_recognition_ros.memory.store import KeyframeStore
from place_recognition_ros.types import FeatureKind
from training.data.manifest import Record
from training.data.readers.loops import Trajectories, correct_drift, name_places, verified_loops
from training.files import write_atomically

EXTENT_SECONDS = 0.5  # extent of a place in time, in maps without odometry
GUARD_SECONDS = 10.0  # between two places


def read_recorded_map(path, images, origin=None, guard_seconds=GUARD_SECONDS):
    """Read the keyframes of a map and write their thumbnails as files.

    Args:
        path: of the map. It is copied first; keyframes that a running node adds meanwhile may be missing.
        images: folder to which the thumbnails are written.
        origin: a :class:`Record` with the split and licence of all images.
        guard_seconds: minimum time between two keyframes of a session that form a loop.

    Returns:
        list of :class:`Record`; each session is a sequence, the map is a region.

    Raises:
        ValueError: naming the map, if it is not a map or contains no valid keyframe.
    """
    path = Path(path)
    kind, (keyframes, views, thumbnails) = _read(path)
    trajectories = _trajectories(keyframes)
    descriptors = np.stack([keyframe.descriptor for keyframe in keyframes])
    loops = verified_loops(trajectories, descriptors, views, kind, guard_seconds)
    places = np.full(len(keyframes), -1)
    if np.isnan(trajectories.position).all():
        places = name_places(trajectories, loops, EXTENT_SECONDS, guard_seconds)
    trajectories = correct_drift(trajectories, loops)
    origin = origin or Record(path)
    records = []
    for row, keyframe in enumerate(keyframes):
        image = Path(images) / f"{keyframe.id:08d}.jpg"
        write_atomically(image, thumbnails[row])
        records.append(
            origin._replace(
                image=image,
                place=f"place {places[row]}" if places[row] >= 0 else "",
                x=float(trajectories.position[row].real),
                y=float(trajectories.position[row].imag),
                heading=float(trajectories.heading[row]),
                sequence=f"session {keyframe.session}",
                time=float(trajectories.seconds[row]),
                region=path.stem,
            )
        )
    return records


def _read(path):
    """The kind of the local features; StoredKeyframes that have thumbnails, their views, their JPEGs."""
    if not path.is_file():
        raise ValueError(f"expected a map. Received: '{path}', missing")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "map"
        for suffix in ("", "-wal"):  # write-ahead log
            if path.with_name(path.name + suffix).is_file():
                shutil.copyfile(path.with_name(path.name + suffix), f"{copy}{suffix}")
        try:
            model, size, features = _model_of(copy)
            store = KeyframeStore(str(copy), model, size, features)
            try:
                whole = [(k, store.view(k.id), store.thumbnail(k.id)) for k in store.keyframes()]
            finally:
                store.close()
        except (StoreError, sqlite3.Error, UnicodeDecodeError) as error:
            reason = str(error).replace(str(copy), str(path))
            raise ValueError(f"expected a map of this package. Received: '{path}': {reason}") from error
    whole = [row for row in whole if row[2]]
    if not whole:
        raise ValueError(f"expected keyframes in the map '{path}'. Received: no valid one")
    is_orb = features == FeatureKind.ORB.value
    return FeatureKind.ORB if is_orb else FeatureKind.NETWORK, tuple(zip(*whole))


def _model_of(path):
    """The arguments of KeyframeStore that a map needs: its model, descriptor length and feature model."""
    connection = sqlite3.connect(str(path))
    try:
        meta = dict(connection.execute("SELECT key, value FROM meta"))
        size = connection.execute(
            "SELECT length(descriptor) AS size FROM keyframes GROUP BY size ORDER BY count(*) DESC"
        ).fetchone()
    finally:
        connection.close()
    return (
        str(meta.get("model", "")),
        size[0] // 4 if size else 0,
        str(meta.get("features", FeatureKind.ORB.value)),
    )


def _trajectories(keyframes):
    session = np.array([keyframe.session for keyframe in keyframes])
    stamp = np.array([keyframe.stamp for keyframe in keyframes])
    first = {number: stamp[session == number].min() for number in np.unique(session).tolist()}
    seconds = 1e-9 * (stamp - np.array([first[number] for number in session.tolist()]))
    position = np.full((len(keyframes), 2), np.nan)
    turn = np.full((len(keyframes), 4), np.nan)
    for row, keyframe in enumerate(keyframes):
        if keyframe.pose is not None:
            position[row], turn[row] = keyframe.pose.position[:2], keyframe.pose.orientation
    return Trajectories(session, seconds, position @ (1.0, 1j), _headings(turn))


def _headings(turn):
    """(N, 4) unit quaternions x, y, z, w → (N,) heading, radians, of the forward axis."""
    x, y, z, w = turn.T
    optical = 2 * (x * z + y * w) + 2j * (y * z - x * w)  # horizontal part of the z axis
    body = 1 - 2 * (y * y + z * z) + 2j * (x * y + z * w)  # horizontal part of the x axis
    known = ~np.isnan(w)
    upright = known.any() and np.median(np.abs(optical[known])) < 0.5
    return np.angle(body if upright else optical)
