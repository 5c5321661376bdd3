"""Robots and a server in one process: nothing is lost, nothing doubled, and both robots get each loop."""

import numpy as np
import pytest

from place_recognition_ros.errors import StoreError
from place_recognition_ros.fleet import server
from place_recognition_ros.fleet.messages import MAX_KEYFRAMES
from place_recognition_ros.types import FEATURE, Keyframe, Kind, Status
from tests.fleet.conftest import stored


@pytest.fixture
def fleet(make_fleet):
    return make_fleet()


def names(loops):
    return [(each.candidate.query_robot, each.candidate.match_robot, each.number) for each in loops]


def test_both_robots_get_the_loops_of_a_road_that_both_have_driven(fleet):
    a, b, c = (fleet.robot(name) for name in "abc")
    a.drive(range(40), 0)
    b.drive(range(100, 140), 1)
    c.drive([*range(200, 220), *range(20, 40)], 2)
    fleet.settle()
    assert names(a.loops) == names(c.loops)
    assert len({each.number for each in a.loops}) == len(a.loops) > 0
    assert not b.loops
    for loop in a.loops:
        found = loop.candidate
        assert found.query_id == found.match_id  # of both robots, the second half of the drive is one place
        assert (found.kind, found.status) == (Kind.INTER_SESSION, Status.VERIFIED)
        assert {loop.query_map, loop.match_map} == {a.store.file.map_id, c.store.file.map_id}
        assert found.pose is not None
        assert found.confidence >= 0.99


def test_the_server_has_every_keyframe_once_whatever_fails(fleet):
    a, b = fleet.robot("a"), fleet.robot("b")
    a.drive(range(MAX_KEYFRAMES + 10), 0)
    b.drive(range(30), 1)
    a.link.step()
    a.lose = True
    a.link.step()  # stored, and the robot does not know
    fleet.kill()
    a.up = False
    assert a.link.step() > 0.5
    a.drive(range(200, 230), 0)
    a.up = True
    fleet.settle()
    fleet.kill()
    fleet.settle()
    assert fleet.keyframes() == sorted(stored(a) + stored(b))
    assert [each.number for each in a.loops] == sorted({each.number for each in b.loops})


def test_a_killed_server_finds_and_delivers_what_it_would_have(make_fleet):
    plain, killed = make_fleet(), make_fleet()
    for fleet in (plain, killed):
        a, b = fleet.robot("a"), fleet.robot("b")
        a.drive(range(60), 0)
        b.drive(range(10, 50), 1)
    plain.settle()
    for _ in range(5):
        killed.settle(3)
        killed.kill()
    found = [{each.candidate[3:9] for each in fleet.robots[0].loops} for fleet in (plain, killed)]
    assert found[0] == found[1]
    assert found[0]


def test_a_robot_whose_link_is_started_again_gets_no_loop_twice(fleet):
    a, b = fleet.robot("a"), fleet.robot("b")
    a.drive(range(40), 0)
    b.drive(range(40), 1)
    fleet.settle()
    first = names(b.loops)
    again = fleet.robot("b")
    again.store.close()
    again.store = b.store
    again.send()
    assert first
    assert not again.loops
    assert fleet.keyframes() == sorted(stored(a) + stored(b))


def test_a_server_with_an_empty_map_gets_everything_again(fleet, make_fleet):
    a = fleet.robot("a")
    a.drive(range(30), 0)
    fleet.settle()
    other = make_fleet()
    a._exchange = other.server.exchange
    a.drive(range(50, 60), 0)
    a.send()
    assert other.keyframes() == stored(a)


def test_robots_with_copies_of_one_map_send_it_once(fleet):
    a, b = fleet.robot("a"), fleet.robot("b")
    for robot in (a, b):  # the map was recorded by a and copied to b
        robot.sessions = 0
        robot.drive(range(70), 0, robot="a")
        execute = robot.store.file.connection.execute
        execute("UPDATE meta SET value = 'one map' WHERE key = 'map'")
        robot.store.file.map_id = "one map"
    b.drive(range(300, 310), 1)
    fleet.settle()
    own = [each for each in stored(b) if each[0] == "b"]
    assert fleet.keyframes() == sorted(stored(a) + own)


def test_a_session_that_was_loaded_into_another_map_of_the_robot_is_not_stored_twice(fleet):
    a, again = fleet.robot("a"), fleet.robot("a")
    a.drive(range(70), 0)
    fleet.settle(2)
    for keyframe in a.store.keyframes():
        session = a.store.sessions()[keyframe.session]
        again.stamp = keyframe.stamp
        one = Keyframe(np.zeros((0, 0), np.uint8), keyframe.stamp)
        again.store.add(session, one, keyframe.descriptor, np.zeros(0, FEATURE), b"")
    again.sessions = 1
    again.drive(range(80, 90), 0)
    fleet.settle(2)
    assert fleet.keyframes() == sorted(set(stored(a)) | set(stored(again)))


def test_keyframes_that_were_removed_have_no_features_and_hold_nobody_up(fleet):
    a, b, c = (fleet.robot(name) for name in "abc")
    a.drive(range(40), 0)
    a.send()
    a.store.remove(list(range(1, 41)))
    b.drive(range(40), 1)
    c.drive(range(40), 2)
    fleet.settle()
    assert not a.loops
    assert b.loops
    assert names(b.loops) == names(c.loops)


def test_a_robot_sends_no_more_features_than_its_budget(make_fleet):
    sent = []
    for feature_bytes in (0, 150, 4000):
        fleet = make_fleet(feature_bytes)
        a, b = fleet.robot("a"), fleet.robot("b")
        a.drive(range(60), 0)
        b.drive(range(60), 1)
        fleet.settle()
        members = fleet.server.memory.ledger.members.values()
        assert all(each.spent <= 60 * feature_bytes for each in members)
        sent.append(a.link.status.views + b.link.status.views)
    assert sent[0] == 0
    assert sent[1] < sent[2]


def full_fleet(make_fleet, most):
    """A fleet, and its two robots, which have sent 100 keyframes; the server keeps ``most``."""
    fleet = make_fleet(max_keyframes=most)
    a, b = fleet.robot("a"), fleet.robot("b")
    a.drive(range(60), 0)
    b.drive(range(20, 60), 1)
    fleet.settle()
    return fleet, a, b


def test_a_full_map_is_thinned_and_nothing_comes_back(make_fleet):
    fleet, a, b = full_fleet(make_fleet, 50)
    kept = fleet.keyframes()
    assert len(kept) == 50
    fleet.kill()
    fleet.settle()
    assert fleet.keyframes() == kept
    assert names(a.loops) == names(b.loops)


def test_views_of_one_stretch_are_taken_together(make_fleet):
    """One view is not enough: the keyframe beside it is asked for, too."""
    fleet = make_fleet(accept_confidence=0.9999)
    a, b = fleet.robot("a"), fleet.robot("b")
    for robot, number in ((a, 0), (b, 1)):
        robot.drive([place for place in range(20) for _ in range(2)], number)
    fleet.settle(20)
    outcomes = {}
    for proposal in fleet.server.memory.ledger.proposals():
        outcomes.setdefault(proposal.match, []).append(proposal.outcome)
    assert max(map(len, outcomes.values())) == 2


def test_what_cannot_be_written_is_not_acknowledged(fleet):
    a = fleet.robot("a")
    a.drive(range(30), 0)
    a.link.step()
    execute = fleet.server.memory.map.store.file.connection.execute
    execute("PRAGMA max_page_count = 1")  # the disk is full
    a.drive(range(30, 60), 0)
    with pytest.raises(StoreError):
        for _ in range(5):
            a.link.step()
    execute("PRAGMA max_page_count = 1000000")
    fleet.settle(2)
    assert fleet.keyframes() == stored(a)


@pytest.mark.parametrize("table", ["fleet_members", "fleet_sessions"])
def test_damaged_rows_of_the_ledger_lose_and_double_nothing(fleet, table):
    a, b = fleet.robot("a"), fleet.robot("b")
    a.drive(range(30), 0)
    b.drive(range(40), 1)
    fleet.settle()
    fleet.server.memory.map.store.file.connection.execute(f"UPDATE {table} SET crc = crc + 1 WHERE id = 1")
    ((count,),) = fleet.server.memory.map.store.file.read(f"SELECT COUNT(*) FROM {table}")
    assert count == 2
    fleet.kill()
    a.drive(range(60, 70), 0)
    b.drive(range(70, 80), 1)
    fleet.settle()
    assert fleet.keyframes() == sorted(stored(a) + stored(b))


def test_a_robot_that_has_nothing_leaves_nothing(fleet):
    fleet.robot("a").send()
    assert not fleet.server.memory.ledger.members
    assert list(fleet.server.status().robots) == ["a"]


def test_names_of_robots_are_bounded(fleet, monkeypatch):
    monkeypatch.setattr(server, "MOST_HEARD", 3)
    for name in "abcde":
        fleet.robot(name).send()
    assert sorted(fleet.server.status().robots) == ["c", "d", "e"]


def test_features_that_cannot_be_compared_hold_nobody_up(fleet, monkeypatch):
    a, b, c = (fleet.robot(name) for name in "abc")
    for number, robot in enumerate((a, b, c)):
        robot.drive(range(20), number)
    verify = fleet.server._verifier.verify

    def failing(proposal, tried):
        if fleet.server.memory.member_of(proposal.query).robot == "a":
            raise ZeroDivisionError
        return verify(proposal, tried)

    monkeypatch.setattr(fleet.server._verifier, "verify", failing)
    fleet.settle()
    assert b.loops or c.loops
    assert len(fleet.server._plan) == 0


def test_of_the_described_keyframes_the_most_similar_ones_of_other_robots_are_returned(make_fleet):
    fleet, _, _ = full_fleet(make_fleet, 90)
    for again in range(2):  # thinned, and read from the file
        memory, seen = fleet.server.memory, 0
        assert len(memory.map) == 90
        for query in memory.map.timeline:
            own, robot = memory.map.timeline.vector(query), memory.member_of(query).robot
            expected = {
                each: float(memory.map.timeline.vector(each) @ own)
                for each in memory.described
                if each in memory.map.timeline and memory.member_of(each).robot != robot
            }
            found = {each.entry.id: each.similarity for each in memory.similar(query, 3, described=True)}
            assert sorted(found.values()) == pytest.approx(sorted(expected.values())[-3:], abs=2e-3)
            assert found == pytest.approx({each: expected[each] for each in found}, abs=2e-3)
            seen += len(found)
        assert seen > 100
        if not again:
            fleet.kill()
