"""Eight robots and a server on this machine, each a process; links are cut, and the server is killed.

``python -m benchmarks.fleet`` drives for ten minutes and compares what the fleet found with what one robot
finds that has all images. The images are rendered, described and searched once, about an hour, to
.run/data/fleet. With another index of the server, which needs requirements/milvus.txt:
  .venv-milvus/bin/python3 -m benchmarks.fleet --index milvus-lite --rate RATE
"""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.fleet import town
from benchmarks.fleet.descriptions import describe
from benchmarks.fleet.judge import Verdict, judge, unindexed
from benchmarks.fleet.reference import load_found
from benchmarks.fleet.relay import Relay
from place_recognition_ros.config import Config
from place_recognition_ros.fleet.matching import Matching

CUT_S = (2.0, 15.0)  # seconds that a link is cut
DEAD_S = (0.5, 5.0)  # seconds until the server is started again
SETTLED_S = 15.0  # seconds without a new loop after which nothing more is expected
MARGIN = 0.05  # of the time: no fault right at the start or at the end
MAX_BYTES = 20e6
LITE = "milvus-lite"


class Event(NamedTuple):
    """A fault."""

    at: float  # seconds after the start
    what: str  # "cut", "restore", "kill", "start"
    robot: int = 0


def events(seconds: float, cuts: int, kills: int) -> list[Event]:
    """When something happens, in order; the same each time."""
    random = np.random.default_rng(0)
    times = (MARGIN * seconds, (1 - MARGIN) * seconds)
    planned = []
    for number, at in enumerate(np.sort(random.uniform(*times, cuts))):
        robot = number % town.ROBOTS
        planned += [Event(at, "cut", robot), Event(at + random.uniform(*CUT_S), "restore", robot)]
    for at in np.linspace(*times, kills + 2)[1:-1]:
        planned += [Event(at, "kill"), Event(at + random.uniform(*DEAD_S), "start")]
    return sorted(planned)


class Fleet:
    """The processes of a run.

    Args:
        folder: for maps, logs and loops.
        options: of the command line.
    """

    def __init__(self, folder: Path, options: argparse.Namespace) -> None:
        self._folder, self._options = folder, options
        self.index = str(folder / "index.db") if options.index == LITE else options.index
        """The server's parameter ``index_uri``."""
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self._port = int(probe.getsockname()[1])
        self.server = folder / "server.db"
        self.maps = [folder / f"robot{robot}.db" for robot in range(town.ROBOTS)]
        self.received = [folder / f"robot{robot}.jsonl" for robot in range(town.ROBOTS)]
        self.log = (folder / "server.log").open("a")
        self.relays = [Relay(self._port) for _ in range(town.ROBOTS)]
        self._server = self._start_server()
        self._robots = [self._start_robot(robot) for robot in range(town.ROBOTS)]

    def _start_server(self) -> subprocess.Popen:
        arguments = [str(self.server), str(self._port), str(self._options.feature_bytes), self.index]
        command = [sys.executable, "-m", "benchmarks.fleet.serve", *arguments]
        return subprocess.Popen(command, stdout=self.log, stderr=self.log)  # noqa: S603

    def _start_robot(self, robot: int) -> subprocess.Popen:
        uri = f"http://127.0.0.1:{self.relays[robot].port}"
        command = [sys.executable, "-m", "benchmarks.fleet.robot", str(robot), str(self.maps[robot]), uri]
        command += [str(self.received[robot]), "--seconds", str(self._options.seconds)]
        command += ["--rate", str(self._options.rate)]
        log = self._folder / f"robot{robot}.log"
        with log.open("w") as errors:
            return subprocess.Popen(  # noqa: S603
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
            )

    def do(self, event: Event) -> None:
        """Have a fault happen."""
        if event.what == "cut":
            self.relays[event.robot].cut()
        elif event.what == "restore":
            self.relays[event.robot].restore()
        elif event.what == "kill":
            self._server.send_signal(signal.SIGKILL)
            self._server.wait()
        else:
            self._server = self._start_server()

    def reports(self) -> list[dict]:
        """What each robot sent; waits until the server has everything."""
        lines = [each.stdout.readline() for each in self._robots if each.stdout is not None]
        return [json.loads(line) for line in lines]

    def settle(self) -> float:
        """Wait until no loop has come for a while; when the last one was seen, ``time.monotonic``."""
        before, since = -1, time.monotonic()
        while time.monotonic() - since < SETTLED_S:
            now = sum(path.stat().st_size for path in self.received)
            if now != before:
                before, since = now, time.monotonic()
            time.sleep(0.5)
        return since

    def close(self) -> None:
        """End all processes."""
        for each in self._robots:
            if each.stdin is not None:
                with contextlib.suppress(BrokenPipeError):
                    each.stdin.close()
        end = time.monotonic() + 30
        for each in (*self._robots, self._server):
            if each is self._server:
                each.terminate()
            try:
                each.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:  # the run failed, and it still drives
                each.kill()
                each.wait()
        for relay in self.relays:
            relay.close()
        self.log.close()


def drive(options: argparse.Namespace, folder: Path) -> tuple[Verdict, int]:
    """Drive, and judge; the verdict, and the bytes that were sent."""
    faults = events(options.seconds, options.cuts, options.kills)
    fleet = Fleet(folder, options)
    begun = time.monotonic()
    try:
        for event in faults:
            time.sleep(max(0.0, begun + event.at - time.monotonic()))
            fleet.do(event)
            print(
                f"{time.monotonic() - begun:6.1f} s  {event.what} {event.robot}", file=sys.stderr, flush=True
            )
        reports = fleet.reports()
        print(f"{time.monotonic() - begun:6.1f} s  the server has everything", file=sys.stderr, flush=True)
        last = fleet.settle()
        print(f"{last - begun:6.1f} s  the last loop came", file=sys.stderr, flush=True)
    finally:
        fleet.close()
    for robot, report in enumerate(reports):
        print(f"robot {robot}: {report}", file=sys.stderr)
    print((folder / "server.log").read_text(), end="", file=sys.stderr)
    sent = sum(relay.bytes for relay in fleet.relays)
    verdict = judge(fleet.server, fleet.maps, fleet.received, options.seconds)
    if fleet.index:
        size = Matching.of(Config()).models.descriptor_size
        verdict = verdict._replace(unindexed=unindexed(fleet.server, fleet.index, size))
    return verdict, sent


def main() -> int:
    """Print what was found; 1 if something is lost, doubled, wrong, missed or too long."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=600.0, help="how long the robots drive")
    parser.add_argument("--rate", type=float, default=town.RATE, help="keyframes a second of each robot")
    parser.add_argument("--index", default="", help=f"the server's index_uri, or {LITE}; default: FAISS")
    parser.add_argument("--cuts", type=int, default=20, help="how often a link is cut and restored")
    parser.add_argument("--kills", type=int, default=5, help="how often the server is killed")
    parser.add_argument("--feature-bytes", type=int, default=300, help="of local features for each keyframe")
    parser.add_argument("--prepare", action="store_true", help="only render, describe and search the images")
    options = parser.parse_args()
    if not 0 < options.rate <= town.RATE:
        parser.error(f"--rate: expected a number above 0, at most {town.RATE}. Received: {options.rate:g}")
    town.render()
    describe()
    for district in town.DISTRICTS:
        load_found(district)
    if options.prepare:
        return 0
    with tempfile.TemporaryDirectory() as folder:
        verdict, sent = drive(options, Path(folder))
    for name, value in verdict._asdict().items():
        print(f"{name.replace('_', ' ')}: {value}")
    each = sent / max(1, verdict.keyframes)
    print(f"sent: {sent / 1e6:.2f} MB, {each:.0f} bytes a keyframe, both directions, with everything")
    allowed = MAX_BYTES * options.seconds / 600.0
    return int(not verdict.is_good or sent > allowed)


if __name__ == "__main__":
    sys.exit(main())
