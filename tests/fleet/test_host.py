"""The running server: many threads, one that owns the map."""

import threading
import time
from contextlib import suppress

import pytest

from place_recognition_ros.errors import ConfigError, FleetError, MapMismatch
from place_recognition_ros.fleet.host import Host
from place_recognition_ros.fleet.http import Client
from place_recognition_ros.fleet.messages import Batch, pack_batch, unpack_reply
from place_recognition_ros.memory.store import KeyframeStore
from tests.fleet.conftest import Robot
from tests.fleet.world import MODELS, SIZE, matching


@pytest.fixture
def start(tmp_path):
    """``start(path)`` → a Host that runs until the end of the test, and its errors."""
    hosts = []

    def start(path=str(tmp_path / "server.db"), **parameters):
        errors = []
        hosts.append(Host(matching(map_path=path, **parameters), 10**6, "127.0.0.1", 0, errors.append))
        hosts[-1].start()
        return hosts[-1], errors

    yield start
    for host in hosts:
        host.stop()


def hello(client):
    """The reply to a robot's first message; waits until the map is open."""
    sent = pack_batch(Batch("a", "map", MODELS.digest), MODELS.feature_kind)
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with suppress(FleetError):
            return unpack_reply(client.exchange(sent))
        time.sleep(0.05)
    raise AssertionError("expected the server to be ready within 20 s")


def ended(host):
    """Waits until the host has ended by itself, and raises why."""
    end = time.monotonic() + 20
    while host.is_alive and time.monotonic() < end:
        time.sleep(0.01)
    return host.status


def client_of(host):
    return Client(f"http://127.0.0.1:{host.port}")


def test_robots_connect_at_the_same_time(start):
    host, errors = start()
    hello(client_of(host))

    def drive(number):
        robot = Robot(f"r{number}", client_of(host).exchange)
        robot.drive(range(100 * number, 100 * number + 70), number)
        for _ in range(100):
            robot.link.step()
            if robot.link.status.position == 70:
                break
            time.sleep(0.02)
        robot.store.close()

    threads = [threading.Thread(target=drive, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert host.status.keyframes == 12 * 70
    assert not errors


def test_the_index_is_the_one_of_the_configuration(start, tmp_path):
    pytest.importorskip("milvus_lite", reason="requirements/milvus.txt is not installed")
    host, errors = start(index_uri=str(tmp_path / "index.db"))
    robot = Robot("a", client_of(host).exchange)
    hello(client_of(host))
    robot.drive(range(70), 0)
    robot.send()
    robot.store.close()
    assert host.stop()
    assert (tmp_path / "index.db").exists()
    assert not errors


def test_an_index_that_cannot_be_opened_is_named(start):
    host, _ = start(index_uri="ftp://nowhere")
    with pytest.raises(ConfigError, match="index_uri"):
        ended(host)


def test_a_map_of_other_models_is_refused_by_name(start, tmp_path):
    path = str(tmp_path / "other.db")
    KeyframeStore(path, "another model", SIZE, MODELS.feature_model).close()
    host, _ = start(path)
    with pytest.raises(MapMismatch, match="another model"):
        ended(host)


def test_a_fault_of_the_server_costs_one_message(start, monkeypatch):
    host, errors = start()
    client = client_of(host)
    hello(client)
    monkeypatch.setattr("place_recognition_ros.fleet.server.unpack_batch", lambda *_: 1 / 0)
    with pytest.raises(FleetError, match="a fault of the server"):
        client.exchange(b"x")
    monkeypatch.undo()
    assert hello(client).position == 0
    assert [type(each) for each in errors] == [ZeroDivisionError]
