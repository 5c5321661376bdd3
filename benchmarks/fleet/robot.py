"""A robot of the fleet benchmark, a process of its own: ``python -m benchmarks.fleet.robot ROBOT MAP
SERVER …``.

It stores the keyframes of its visits in its map, at their times, whether the server can be reached or not,
and its link sends them. What it receives is written to a file, a loop a line. It ends when the server has
everything and its standard input is closed.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
import uuid
from functools import partial
from pathlib import Path

from benchmarks.fleet import town
from benchmarks.fleet.descriptions import load
from place_recognition_ros.config import Config
from place_recognition_ros.fleet.http import Client
from place_recognition_ros.fleet.link import Link
from place_recognition_ros.fleet.matching import Matching
from place_recognition_ros.fleet.messages import Loop, from_loop
from place_recognition_ros.fleet.source import StoreSource
from place_recognition_ros.memory.store import KeyframeStore, Session
from place_recognition_ros.types import Keyframe
from place_recognition_ros.worker import Worker

WAIT = 10.0  # seconds for the robot's own map
START = 10**9  # stamp of the first keyframe, nanoseconds


class Robot:
    """Records and sends.

    Args:
        robot: its number.
        path: of its map.
        server: URI.
        loops: file for the loops that it receives.
        seconds: how long it drives.
    """

    def __init__(self, robot: int, path: str, server: str, loops: Path, seconds: float) -> None:
        self._robot, self._name, self._seconds = robot, f"robot{robot}", seconds
        self._models = Matching.of(Config()).models
        self._loops = loops.open("a")
        model, size, features, kind = self._models
        self._worker: Worker = Worker(
            lambda: KeyframeStore(path, model, size, features), lambda *_: None, lambda _: None, print
        )
        self._worker.start()
        while not self._worker.is_open:
            time.sleep(0.01)
        source = StoreSource(self._call)
        self._link = Link(self._name, source, kind, Client(server, deadline=5.0).exchange, self._take)
        self._stored, self._done = 0, threading.Event()

    def _call(self, request):
        return self._worker.call(request, WAIT)

    def _take(self, loop: Loop) -> None:
        self._loops.write(json.dumps(from_loop(loop)) + "\n")
        self._loops.flush()

    def record(self) -> None:
        """Store the keyframes at their times."""
        begun, camera, count = time.monotonic(), town.camera(), 0
        for visit in town.visits(self._robot):
            described = load(visit)
            session = Session(0, str(uuid.uuid4()), self._name, START)
            session = session._replace(id=1 + count // town.KEYFRAMES)
            for descriptor, features in zip(described.descriptors, described.features):
                due = begun + count / town.RATE
                if due - begun >= self._seconds:
                    return
                time.sleep(max(0.0, due - time.monotonic()))
                keyframe = Keyframe(None, START + count * 10**9 // town.RATE, camera=camera)  # type: ignore[arg-type]
                given = {"session": session, "keyframe": keyframe, "descriptor": descriptor}
                self._stored = self._call(
                    partial(KeyframeStore.add, features=features, thumbnail=b"", **given)
                )
                count += 1

    def send(self) -> None:
        """Exchange messages until the end."""
        while not self._done.is_set():
            self._done.wait(self._link.step())

    def run(self) -> None:
        """Drive, and wait until the server has everything and nobody needs the robot any more."""
        sender = threading.Thread(target=self.send, daemon=True)
        sender.start()
        self.record()
        while self._link.status.position < self._stored:
            time.sleep(0.1)
        print(json.dumps({"stored": self._stored, **self._link.status._asdict()}), flush=True)
        sys.stdin.read()
        self._done.set()
        sender.join(10.0)
        self._worker.stop(WAIT)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("robot", type=int)
    parser.add_argument("map")
    parser.add_argument("server")
    parser.add_argument("loops", type=Path)
    parser.add_argument("--seconds", type=float, default=1e9)
    options = parser.parse_args()
    Robot(options.robot, options.map, options.server, options.loops, options.seconds).run()


if __name__ == "__main__":
    main()
