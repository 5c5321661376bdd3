"""Keyframes that the node reported as stored are in the map, however the node ends."""

import os
import random
import signal
import time

import pytest

from tests.ros.camera import PARAMETERS, THERE, Camera, Stream, stored, to_image

SLOW_NODE = os.path.join(os.path.dirname(__file__), "slow_node.py")


def stream(camera):
    """Publishes images without pause in a thread, so that the node is always processing one."""

    def publish():
        camera.now += 1.0
        camera.publish(to_image(image_at(camera.now), camera.now))

    return Stream(publish, 0.005)


def image_at(seconds):
    """The image that a stream publishes with this stamp; the node does not process all of them."""
    return THERE[int(seconds) % len(THERE)]


@pytest.mark.parametrize("kills", [3, pytest.param(1000, marks=pytest.mark.stress)])
def test_stored_keyframes_are_in_the_map_after_a_kill(ros, start_node, tmp_path, kills):
    path = str(tmp_path / "map.db")
    acknowledged = set()
    start = 1000.0
    for _ in range(kills):
        node = start_node(map_path=path, **PARAMETERS)
        camera = Camera(ros, start)
        with stream(camera):
            camera.queries.wait(3)
            time.sleep(random.uniform(0, 0.3))
            node.kill()
        start = camera.now
        stamps = {result.query_id: result.header.stamp for result in camera.queries.messages}
        acknowledged |= set(stamps) - {0}
        camera.queries.close()
    assert len(acknowledged) >= 3 * kills

    start_node(map_path=path, **PARAMETERS)
    camera = Camera(ros, start)
    seen = image_at(stamps[max(acknowledged)].to_sec())
    found = camera.publish_and_wait(seen).candidates[0]
    assert found.similarity > 0.99, found
    assert image_at(found.match_stamp.to_sec()) is seen
    assert found.query_session == kills + 1
    assert acknowledged <= {number for number, *_ in stored_by_running_node(path)}


def stored_by_running_node(path):
    """``stored`` for a map that a node uses; a copy is read, because the file is locked."""
    for suffix in ("", "-wal"):
        with open(path + suffix, "rb") as file, open(path + ".copy" + suffix, "wb") as copy:
            copy.write(file.read())
    return stored(path + ".copy")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("program", [{}, {"program": SLOW_NODE}], ids=["fast", "slow"])
def test_the_node_stops_within_5_s_while_it_processes_images(ros, start_node, tmp_path, number, program):
    path = str(tmp_path / "map.db")
    node = start_node(map_path=path, **program, **PARAMETERS)
    camera = Camera(ros)
    with stream(camera):
        camera.queries.wait(2)
        assert node.stop(number, timeout=5) == 0
    assert {result.query_id for result in camera.queries.messages} <= {row for row, *_ in stored(path)}
