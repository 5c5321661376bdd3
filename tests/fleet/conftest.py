"""Fixtures: a server without a network, and robots with maps of their own."""

import numpy as np
import pytest

from place_recognition_ros.errors import FleetError
from place_recognition_ros.fleet.link import Link
from place_recognition_ros.fleet.server import FleetServer
from place_recognition_ros.fleet.source import StoreSource
from place_recognition_ros.memory.store import KeyframeStore, Session
from place_recognition_ros.types import Keyframe
from tests.fleet.world import CAMERA, MODELS, SIZE, describe, matching

PLENTY = 100000  # bytes of features for each keyframe


class Robot:
    """A robot with a map in memory or in a file, and a link.

    Attributes:
        loops: what it has received.
        up: whether the server can be reached.
        lose: whether the next reply is lost.
    """

    def __init__(self, name, exchange, path=""):
        self.name, self.loops, self.up, self.lose = name, [], True, False
        self.store = KeyframeStore(path, MODELS.model_id, SIZE, MODELS.feature_model)
        self._exchange = exchange
        self.link = Link(
            name,
            StoreSource(lambda request: request(self.store)),
            MODELS.feature_kind,
            self.exchange,
            self.loops.append,
        )
        self.sessions = 0
        self.stamp = 10**9

    def exchange(self, sent):
        if not self.up:
            raise FleetError("cut")
        received = self._exchange(sent)
        if self.lose:
            self.lose = False
            raise FleetError("the reply was lost")
        return received

    def drive(self, places, seen_by, robot=None):
        """Store a session of keyframes of these places, as another robot number sees them."""
        self.sessions += 1
        uuid = f"{self.name} {id(self.store)} {self.sessions}"
        session = Session(self.sessions, uuid, self.name if robot is None else robot, self.stamp)
        for place in places:
            self.stamp += 10**9
            descriptor, features = describe(place, seen_by)
            keyframe = Keyframe(np.zeros((0, 0), np.uint8), self.stamp, camera=CAMERA)
            self.store.add(session, keyframe, descriptor, features, b"")

    def send(self, most=100):
        """Exchange messages until there is nothing more to say."""
        for _ in range(most):
            if self.link.step() >= 0.5:
                return
        raise AssertionError("the link does not come to an end")


class Fleet:
    """A server that can be killed, and its robots."""

    def __init__(self, path, feature_bytes, **parameters):
        self._path, self._feature_bytes, self._parameters = path, feature_bytes, parameters
        self.server = self._open()
        self.robots = []

    def _open(self):
        store = KeyframeStore(self._path, MODELS.model_id, SIZE, MODELS.feature_model)
        return FleetServer(store, matching(**self._parameters), self._feature_bytes)

    def robot(self, name, path=""):
        self.robots.append(Robot(name, self.exchange, path))
        return self.robots[-1]

    def exchange(self, sent):
        return self.server.exchange(sent)

    def kill(self):
        """Close the file without a word to the server, and start another one."""
        self.server.memory.map.store.file.connection.close()
        self.server = self._open()

    def work(self):
        """All that the server can do now."""
        self.server._planned = -1e9
        for _ in range(1000):
            if not self.server.work():
                return
        raise AssertionError("the server does not come to an end")

    def settle(self, rounds=12):
        """Robots and server exchange what they have."""
        for session in self.server.memory.ledger.sessions:
            self.server._grown[session] = -1e9
        for _ in range(rounds):
            for robot in self.robots:
                robot.send()
            self.work()

    def keyframes(self):
        """(robot, session UUID, stamp) of the keyframes in the server's map, in any order."""
        query = "SELECT robot, uuid, stamp FROM keyframes JOIN sessions ON sessions.id = keyframes.session"
        return sorted(self.server.memory.map.store.file.read(query))

    def close(self):
        self.server.close()
        for robot in self.robots:
            robot.store.close()


def stored(robot):
    """The same of a robot's map."""
    query = "SELECT robot, uuid, stamp FROM keyframes JOIN sessions ON sessions.id = keyframes.session"
    return sorted(robot.store.file.read(query))


@pytest.fixture
def make_fleet(tmp_path):
    """``make_fleet(feature_bytes, **parameters)`` → a Fleet, closed after the test."""
    made = []

    def make(feature_bytes=PLENTY, **parameters):
        made.append(Fleet(str(tmp_path / f"server-{len(made)}.db"), feature_bytes, **parameters))
        return made[-1]

    yield make
    for fleet in made:
        fleet.close()
