"""Fixtures: a store, and random keyframes for it."""

import numpy as np
import pytest

from place_recognition_ros.memory.store import KeyframeStore, Session
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import FEATURE, Camera, Keyframe

SIZE = 8
MODEL = "small-0123456789ab"
SECOND = 10**9


@pytest.fixture
def path(tmp_path):
    """Path of the map."""
    return str(tmp_path / "map.db")


@pytest.fixture
def open_store(path):
    """``open_store(path, model, size)`` → a KeyframeStore, closed after the test."""
    opened = []

    def open_store(path=path, model=MODEL, size=SIZE):
        opened.append(KeyframeStore(path, model, size, "orb"))
        return opened[-1]

    yield open_store
    for store in opened:
        store.close()


@pytest.fixture
def unit(rng):
    """``unit(count, size)`` → (count, size) float32, random unit vectors."""

    def unit(count, size=SIZE):
        vectors = rng.standard_normal((count, size)).astype(np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    return unit


@pytest.fixture
def keyframe(rng, unit):
    """``keyframe(number)`` → arguments of ``KeyframeStore.add``; odd numbers have a pose and a camera."""

    def random_pose():
        return Pose(rng.standard_normal(3), rng.standard_normal(4))

    def keyframe(number):
        session = Session(1 + number // 20, f"session {number // 20}", "robot", 10**18, "odom")
        one = Keyframe(None, 10**18 + number)
        if number % 2:
            calibration = rng.standard_normal((3, 3)), rng.standard_normal(number % 7)
            camera = Camera(640, 480, "optical", "plumb_bob", *calibration)
            one = Keyframe(None, one.stamp, random_pose(), camera, "base_link", "odom", random_pose())
        features = np.frombuffer(rng.bytes(FEATURE.itemsize * (number % 5)), FEATURE)
        return session, one, unit(1)[0], features, rng.bytes(40 + number % 7)

    return keyframe
