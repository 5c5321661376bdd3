"""A recorded map of two sessions, the second with poses; its keyframe 4 shows a place of the first."""

import numpy as np
import pytest

from place_recognition_ros.memory.store import KeyframeStore, Session
from place_recognition_ros.memory.thumbnail import thumbnail
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import FEATURE, Camera, Keyframe
from tests.memory.conftest import MODEL, SECOND, SIZE

START = 1_600_000_000 * SECOND  # 2020-09-13 12:26:40 UTC
HALF_TURN = 2**-0.5


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "map.db")


@pytest.fixture
def write_map(paint):
    """``write_map(path, name)`` writes the map; sessions of another name are other sessions."""

    def write_map(path, name="one"):
        store = KeyframeStore(path, MODEL, SIZE, "orb")
        camera = Camera(640, 480, "optical", "plumb_bob", np.eye(3), np.zeros(5))
        for number in range(6):
            features = np.zeros(number, FEATURE)
            vector = np.eye(SIZE, dtype=np.float32)[number]
            small = thumbnail(paint(number + 1))
            keyframe = Keyframe(None, START + number * SECOND // 2)
            session = Session(1, name + " first", "r1", START)
            if number >= 3:
                turned = np.array([0.0, 0.0, HALF_TURN, HALF_TURN])  # 90° to the left
                pose = Pose(np.array([0.0, 2.0 * number, 0.0]), turned)
                keyframe = keyframe._replace(
                    pose=pose, camera=camera, pose_frame="base_link", world_frame="odom"
                )
                session = Session(2, name + " second", "r2", keyframe.stamp, "odom")
            store.add(session, keyframe, vector, features, small)
        store.learned.link(4, 1)
        store.close()
        return path

    return write_map


@pytest.fixture
def recorded(write_map, path):
    """Path of the map."""
    return write_map(path)
