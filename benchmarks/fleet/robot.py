"""A robot of a fleet, a process of its own: ``python -m benchmarks.fleet.robot ROBOT MAP SERVER LOOPS``.

It stores keyframes in its map, at their times, whether the server can be reached or not, and its link sends
them. What it receives is written to a file, a loop a line. It ends when the server has everything and its
standard input is closed.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from place_recognition_ros.config import Config
from place_recognition_ros.fleet.http import Client
from place_recognition_ros.fleet.link import Link
from place_recognition_ros.fleet.matching import Matching
from place_recognition_ros.fleet.messages import Loop, Models, from_loop
from place_recognition_ros.fleet.source import StoreSource
from place_recognition_ros.memory.store import KeyframeStore, Session
from place_recognition_ros.types import Camera, Keyframe
from place_recognition_ros.worker import Worker

WAIT = 30.0  # seconds for the robot's own map
START = 10**9  # stamp of the first keyframe, nanoseconds
DEADLINE = 5.0  # seconds for an exchange with the server


class Recorded(NamedTuple):
    """A keyframe that is described already."""

    session: int
    camera: Camera
    descriptor: np.ndarray
    features: np.ndarray


class Robot:
    """Records and sends.

    Args:
        name: of the robot.
        models: that its keyframes are described with.
        path: of its map.
        server: URI.
        loops: file for the loops that it receives.
        period: seconds between two messages.
    """

    def __init__(
        self, name: str, models: Models, path: str, server: str, loops: Path, period: float = 2.0
    ) -> None:
        self._name, self._loops = name, loops.open("a")
        model, size, features, kind = models
        self._worker: Worker = Worker(
            lambda: KeyframeStore(path, model, size, features), lambda *_: None, lambda _: None, print
        )
        self._worker.start()
        while not self._worker.is_open:
            time.sleep(0.01)
        source, client = StoreSource(self._call), Client(server, DEADLINE)
        self._link = Link(name, source, kind, client.exchange, self._take, period)
        self._stored, self._done = 0, threading.Event()

    def _call(self, request: Callable[[KeyframeStore], Any]) -> Any:
        return self._worker.call(request, WAIT)

    def _take(self, loop: Loop) -> None:
        self._loops.write(json.dumps(from_loop(loop)) + "\n")
        self._loops.flush()

    def record(self, keyframes: Iterable[Recorded], rate: float) -> None:
        """Store keyframes, so many a second."""
        begun = time.monotonic()
        for count, (session, camera, descriptor, features) in enumerate(keyframes):
            time.sleep(max(0.0, begun + count / rate - time.monotonic()))
            stamp = START + round(count * 1e9 / rate)
            keyframe = Keyframe(np.zeros((0, 0), np.uint8), stamp, camera=camera)
            owner = Session(session, f"{self._name} session {session}", self._name, START)
            row = (owner, keyframe, descriptor, features, b"")
            self._stored = self._call(partial(_add, row=row))

    def _send(self) -> None:
        while not self._done.is_set():
            self._done.wait(self._link.step())

    def run(self, keyframes: Iterable[Recorded], rate: float) -> None:
        """Drive, and wait until the server has everything and nobody needs the robot any more."""
        sender = threading.Thread(target=self._send, daemon=True)
        sender.start()
        self.record(keyframes, rate)
        while self._link.status.position < self._stored:
            time.sleep(0.1)
        print(json.dumps({"stored": self._stored, **self._link.status._asdict()}), flush=True)
        sys.stdin.read()
        self._done.set()
        sender.join(DEADLINE + 1.0)
        self._worker.stop(WAIT)


def _add(store: KeyframeStore, row: tuple) -> int:
    return store.add(*row)


def _drive(robot: int, seconds: float, rate: float) -> Iterator[Recorded]:
    """The keyframes of a robot in the rendered town, so many a second."""
    from benchmarks.fleet import town  # only here: the tests have another world
    from benchmarks.fleet.descriptions import load

    visits, camera = town.visits(robot), town.camera()
    for place, numbers in groupby(town.taken(seconds, rate), lambda number: number // town.KEYFRAMES):
        descriptors, features = load(visits[place])
        for row in (number % town.KEYFRAMES for number in numbers):
            yield Recorded(place + 1, camera, descriptors[row], features[row])


def main() -> None:
    from benchmarks.fleet.town import RATE

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("robot", type=int)
    parser.add_argument("map")
    parser.add_argument("server")
    parser.add_argument("loops", type=Path)
    parser.add_argument("--seconds", type=float, default=1e6)
    parser.add_argument("--rate", type=float, default=RATE)
    given = parser.parse_args()
    models = Matching.of(Config()).models
    robot = Robot(f"robot{given.robot}", models, given.map, given.server, given.loops)
    robot.run(_drive(given.robot, given.seconds, given.rate), given.rate)


if __name__ == "__main__":
    main()
