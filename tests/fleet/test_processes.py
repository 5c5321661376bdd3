"""Three robots and a server as processes: links are cut, the server is killed twice.

The long form, with the rendered town, is ``python -m benchmarks.fleet``.
"""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from place_recognition_ros.memory.map_reader import MapReader
from tests.conftest import ROOT
from tests.fleet.world import SIZE

pytestmark = pytest.mark.skipif(sys.version_info < (3, 9), reason="benchmarks need Python 3.9")

ROBOTS, COUNT, RATE = 3, 80, 8
STARTS = (0, 30, 60)  # places at which they begin: each shares a stretch with the next one


@pytest.fixture
def start(tmp_path):
    """``start(module, *arguments)`` → a process, killed after the test."""
    processes = []
    environment = {**os.environ, "PYTHONPATH": ROOT, "OPENBLAS_NUM_THREADS": "1"}

    def start(module, *arguments):
        with open(str(tmp_path / f"{module}-{len(processes)}.log"), "w") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", f"tests.fleet.{module}", *map(str, arguments)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment,
                cwd=ROOT,
            )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait()


def identities(path):
    """(session UUID, stamp) of the keyframes of a map, sorted."""
    with MapReader(str(path)) as reader:
        sessions = reader.sessions()
        return sorted((sessions[row[1]].uuid, row[2]) for row in reader.whole_keyframes())


def settle(received):
    """Wait until robots have received nothing new for 15 s: the last keyframes are compared after 10 s."""
    end, before = time.monotonic() + 60, None
    while time.monotonic() < end:
        now = [path.read_text() for path in received]
        if now != before:
            before, since = now, time.monotonic()
        elif time.monotonic() - since > 15:
            return
        time.sleep(0.2)


@pytest.mark.parametrize("index", ["FAISS", "milvus-lite"])
def test_nothing_is_lost_and_nothing_doubled(index, start, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(ROOT)  # pyarrow 17 installs another package of this name
    from benchmarks.fleet.relay import Relay
    from tests.ros.process import free_port

    uri = "" if index == "FAISS" else tmp_path / "index.db"
    if uri:
        pytest.importorskip("milvus_lite", reason="requirements/milvus.txt is not installed")
    port, server_map = free_port(), tmp_path / "server.db"
    server = start("server_process", server_map, port, uri)
    relays = [Relay(port) for _ in range(ROBOTS)]
    maps = [tmp_path / f"robot{number}.db" for number in range(ROBOTS)]
    received = [tmp_path / f"robot{number}.jsonl" for number in range(ROBOTS)]
    robots = [
        start("robot_process", number, maps[number], f"http://127.0.0.1:{relays[number].port}",
              received[number], STARTS[number], COUNT, RATE)
        for number in range(ROBOTS)
    ]  # fmt: skip
    for fault in range(4):
        time.sleep(1.5)
        relays[fault % ROBOTS].cut()
        if fault % 2:
            server.send_signal(signal.SIGKILL)
            server.wait()
            server = start("server_process", server_map, port, uri)
        time.sleep(0.5)
        relays[fault % ROBOTS].restore()
    reports = [json.loads(robot.stdout.readline()) for robot in robots]
    assert [each["stored"] for each in reports] == [COUNT] * ROBOTS
    settle(received)
    for robot in robots:
        robot.stdin.close()
        assert robot.wait(30) == 0
    server.kill()
    server.wait()
    assert identities(server_map) == sorted(each for path in maps for each in identities(path))
    if uri:
        from benchmarks.fleet.judge import unindexed

        assert unindexed(server_map, str(uri), SIZE) == 0
    loops = [[json.loads(line) for line in path.read_text().splitlines()] for path in received]
    numbers = [[each["number"] for each in found] for found in loops]
    assert all(len(set(found)) == len(found) > 0 for found in numbers)
    pairs = {}
    for robot, found in enumerate(loops):
        for each in found:
            assert f"robot{robot}" in (each["query_robot"], each["match_robot"])
            pairs.setdefault(each["number"], []).append(robot)
            places = [
                STARTS[int(each[name][-1])] + number
                for name, number in zip(("query_robot", "match_robot"), each["ids"])
            ]
            assert abs(places[0] - places[1]) <= 2
    assert {tuple(found) for found in pairs.values()} == {(0, 1), (1, 2), (0, 2)}
