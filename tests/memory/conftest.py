"""Keyframes to store, and a store to keep them."""

import numpy as np
import pytest

from place_recognition_ros.keyframes.store import KeyframeStore
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import FEATURE

SIZE = 8
MODEL = "small-0123456789ab"


@pytest.fixture
def path(tmp_path):
    """Where the map is."""
    return str(tmp_path / "map.db")


@pytest.fixture
def open_store(path):
    """``open_store(path, model, size)`` ► a KeyframeStore, closed after the test."""
    opened = []

    def open_store(path=path, model=MODEL, size=SIZE):
        opened.append(KeyframeStore(path, model, size))
        return opened[-1]

    yield open_store
    for store in opened:
        store.close()


@pytest.fixture
def unit(rng):
    """``unit(count)`` ► (count, SIZE) float32 random unit vectors."""

    def unit(count, size=SIZE):
        vectors = rng.standard_normal((count, size)).astype(np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    return unit


@pytest.fixture
def keyframe(rng, unit):
    """``keyframe(number)`` ► the arguments of ``KeyframeStore.add``; every other one has a pose."""

    def keyframe(number):
        pose = Pose(rng.standard_normal(3), rng.standard_normal(4)) if number % 2 else None
        features = np.frombuffer(rng.bytes(FEATURE.itemsize * (number % 5)), FEATURE)
        return 1 + number // 20, 10**18 + number, pose, unit(1)[0], features, rng.bytes(40 + number % 7)

    return keyframe
