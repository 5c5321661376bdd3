"""Keyframes whose content follows from their number, so that a map can be checked without a copy of it."""

import os

import numpy as np

from place_recognition_ros.memory.departure import Leaving
from place_recognition_ros.memory.keyframe_map import KeyframeMap
from place_recognition_ros.memory.store import KeyframeStore, Session
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import FEATURE, Camera, Keyframe

SIZE = 32
MODEL = "small-0123456789ab"
SECOND = 10**9


def open_store(path, model=MODEL, features="orb"):
    return KeyframeStore(path, model, SIZE, features)


def open_map(path):
    return KeyframeMap(open_store(path), SIZE, Leaving(5 * SECOND))


def arguments(number, features=20):
    """Of ``KeyframeStore.add``: session, keyframe, descriptor, features, thumbnail."""
    random = np.random.RandomState(number)
    vector = random.standard_normal(SIZE).astype(np.float32)
    pose = Pose(random.standard_normal(3), np.array([0.0, 0.0, 0.0, 1.0])) if number % 2 else None
    camera = Camera(640, 480, f"camera {number % 3}", "plumb_bob", np.eye(3), np.zeros(5))
    keyframe = Keyframe(None, number, pose, camera, "base_link", "odom", pose)
    local = np.frombuffer(random.bytes(FEATURE.itemsize * (number % features)), FEATURE)
    session = Session(1 + number // 100, f"session {number // 100}", "robot", 1, "odom")
    return session, keyframe, vector / np.linalg.norm(vector), local, random.bytes(500 + number % 7000)


def check(store, keyframe, number, or_lost=False):
    """Whether a ``StoredKeyframe`` and its view are exactly those of a number; the view may be lost."""
    _, expected, vector, local, thumbnail = arguments(number)
    assert keyframe.stamp == number
    assert keyframe.descriptor.tobytes() == vector.tobytes()
    assert (keyframe.pose is None) == (expected.pose is None)
    if keyframe.pose is not None:
        assert keyframe.pose.position.tobytes() == expected.pose.position.tobytes()
    found = store.view(keyframe.id).features.tobytes(), store.thumbnail(keyframe.id)
    assert found == (local.tobytes(), thumbnail) or (
        or_lost and all(each in (b"", right) for each, right in zip(found, (local.tobytes(), thumbnail)))
    )


def fill(path, count):
    """A closed map of the keyframes 0 to ``count`` − 1; returns number → id."""
    store = open_store(path)
    ids = {number: store.add(*arguments(number)) for number in range(count)}
    store.close()
    return ids


def wal_bytes(path):
    """Size of the write-ahead log of a map."""
    return os.path.getsize(path + "-wal") if os.path.exists(path + "-wal") else 0
