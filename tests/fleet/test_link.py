"""The robot's side by itself."""

import pytest

from place_recognition_ros.errors import FleetError
from place_recognition_ros.fleet.link import LONGEST_PAUSE, Link
from place_recognition_ros.fleet.messages import Reply, pack_reply, unpack_batch
from place_recognition_ros.fleet.source import StoreSource
from tests.fleet.conftest import Robot
from tests.fleet.world import MODELS


class Script:
    """A server that returns what a test says, and keeps what it received."""

    def __init__(self):
        self.replies, self.batches, self.bytes = [], [], []

    def exchange(self, sent):
        self.bytes.append(len(sent))
        self.batches.append(unpack_batch(sent, MODELS))
        reply = self.replies.pop(0) if self.replies else Reply("server", self.position())
        if isinstance(reply, Exception):
            raise reply
        return pack_reply(reply)

    def position(self):
        """As if everything was stored."""
        return max([0, *(number for batch in self.batches for number in batch.ids)])


@pytest.fixture
def script():
    return Script()


@pytest.fixture
def robot(script):
    robot = Robot("a", script.exchange)
    yield robot
    robot.store.close()


def test_the_first_message_asks_how_far_the_server_is(robot, script):
    robot.drive(range(10), 0)
    script.replies = [Reply("server", 4)]
    robot.send()
    assert [batch.ids for batch in script.batches[:2]] == [[], [5, 6, 7, 8, 9, 10]]
    assert (script.batches[1].after, script.batches[1].server) == (4, "server")


def test_after_an_error_a_short_message_comes_first(robot, script):
    robot.drive(range(60), 0)
    script.replies = [Reply("server", 0), FleetError("lost"), FleetError("lost"), Reply("server", 0)]
    pauses = [robot.link.step() for _ in range(4)]
    assert max(script.bytes[2:4]) < 300 < script.bytes[1]
    assert not robot.link.status.error
    assert pauses[1] > pauses[0]
    robot.send()
    assert robot.link.status.position == 60


def test_pauses_grow_and_have_an_end(robot, script):
    script.replies = [FleetError("away") for _ in range(20)]
    pauses = [robot.link.step() for _ in range(20)]
    assert LONGEST_PAUSE / 2 <= pauses[-1] <= LONGEST_PAUSE
    assert pauses[0] < 3.1
    assert (robot.link.status.connected, robot.link.status.error) == (False, "away")


def test_sessions_are_sent_one_after_the_other(robot, script):
    robot.drive(range(3), 0)
    robot.drive(range(3), 0, robot="another one")
    robot.drive(range(2), 0)
    robot.send()
    assert [(batch.session, batch.ids) for batch in script.batches if batch.ids] == [
        (1, [1, 2, 3]),
        (3, [7, 8]),
    ]


def test_a_session_that_the_server_knows_is_left_out(robot, script):
    robot.drive(range(100), 0)
    robot.drive(range(2), 0)
    script.replies = [Reply("server", 0), Reply("server", 64, known=True)]
    robot.send()
    assert [(batch.session, batch.ids[0]) for batch in script.batches if batch.ids] == [(1, 1), (2, 101)]


def test_features_are_sent_until_the_server_has_them(robot, script):
    robot.drive(range(10), 0)
    script.replies = [Reply("server", 0), Reply("server", 10, wanted=[3, 99]), FleetError("lost")]
    script.replies.append(Reply("server", 10, wanted=[3, 99]))
    robot.send()
    robot.send()  # after the pause
    views = [list(batch.views) for batch in script.batches]
    assert views == [[], [], [3, 99], [], [3, 99]]
    assert len(script.batches[-1].views[3]) > 100
    assert not len(script.batches[-1].views[99])


def test_another_map_begins_anew(robot, script):
    robot.drive(range(10), 0)
    robot.send()
    before = robot.store
    robot.store = Robot("a", script.exchange).store
    before.close()
    script.batches.clear()
    robot.drive(range(4), 0)
    robot.send()
    assert {batch.map_id for batch in script.batches} == {robot.store.file.map_id}
    assert [batch.ids for batch in script.batches if batch.ids] == [[1, 2, 3, 4]]


def test_a_robot_needs_a_name(robot):
    with pytest.raises(FleetError, match="name of the robot"):
        Link("", StoreSource(lambda request: request(robot.store)), MODELS.feature_kind, len, len)
