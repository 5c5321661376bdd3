"""However the node ends, what it has said to be stored is stored."""

import os
import random
import signal
import threading
import time

import pytest

from place_recognition_ros.msg import LoopCandidate
from tests.ros.camera import PARAMETERS, THERE, Camera, stored, to_image

SLOW_NODE = os.path.join(os.path.dirname(__file__), "slow_node.py")


class Stream:
    """Shows pictures without end or pause, so that the node is always in the middle of one."""

    def __init__(self, camera):
        self._camera = camera
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()

    def _run(self):
        while not self._ended.wait(0.005):
            self._camera.now += 1.0
            self._camera.send(to_image(shown_at(self._camera.now), self._camera.now))


def shown_at(seconds):
    """The picture that a stream shows at a stamp; the node takes in the newest only, so not every one."""
    return THERE[int(seconds) % len(THERE)]


@pytest.mark.parametrize("kills", [3, pytest.param(1000, marks=pytest.mark.stress)])
def test_nothing_stored_is_lost_by_a_kill(ros, start_node, tmp_path, kills):
    path = str(tmp_path / "map.db")
    acknowledged = set()
    start = 1000.0
    for _ in range(kills):
        node = start_node(map_path=path, **PARAMETERS)
        camera = Camera(ros, start)
        with Stream(camera):
            camera.queries.wait(3)
            time.sleep(random.uniform(0, 0.3))
            node.kill()
        start = camera.now
        answers = {answer.query_id: answer.header.stamp for answer in camera.queries.messages}
        acknowledged |= set(answers) - {0}
        camera.queries.close()
    assert len(acknowledged) >= 3 * kills

    start_node(map_path=path, **PARAMETERS)
    camera = Camera(ros, start)
    found = camera.show(shown_at(answers[max(answers)].to_sec())).candidates[0]
    assert (found.kind, found.status) == (LoopCandidate.KIND_INTER_SESSION, LoopCandidate.STATUS_VERIFIED), (
        found
    )
    assert found.query_session == kills + 1
    assert acknowledged <= {number for number, *_ in stored_of_a_running_node(path)}


def stored_of_a_running_node(path):
    """The rows of a map whose file a node holds: of a copy, as the file is locked."""
    for suffix in ("", "-wal"):
        with open(path + suffix, "rb") as file, open(path + ".copy" + suffix, "wb") as copy:
            copy.write(file.read())
    return stored(path + ".copy")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("program", [{}, {"program": SLOW_NODE}], ids=["fast", "slow"])
def test_ends_in_time_in_the_middle_of_work(ros, start_node, tmp_path, number, program):
    path = str(tmp_path / "map.db")
    node = start_node(map_path=path, **program, **PARAMETERS)
    camera = Camera(ros)
    with Stream(camera):
        camera.queries.wait(2)
        assert node.stop(number, timeout=5) == 0
    assert {answer.query_id for answer in camera.queries.messages} <= {row for row, *_ in stored(path)}
