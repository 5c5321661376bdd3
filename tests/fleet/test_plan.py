"""Which features are asked for."""

import pytest

from place_recognition_ros.fleet import plan
from place_recognition_ros.fleet.ledger import ACCEPTED, REJECTED, Proposal, server_id
from place_recognition_ros.fleet.memory import STRETCH
from place_recognition_ros.fleet.plan import Plan, key_of


@pytest.fixture
def fleet(make_fleet):
    """Three robots on one road of four stretches; nothing was compared yet."""
    fleet = make_fleet()
    for number, name in enumerate("abc"):
        fleet.robot(name).drive(range(4 * STRETCH), number)
        fleet.robots[-1].send()
    return fleet


@pytest.fixture
def planned(fleet):
    """``planned(rate)`` → a Plan without pairs."""
    return lambda rate=10**6: Plan(fleet.server.memory, rate)


def pair(fleet, a, b, stretch, other=None, similarity=0.8, outcome=0):
    """A pair of the first keyframes of stretches of two robots."""
    other = stretch if other is None else other
    sessions = {
        fleet.server.memory.ledger.members[each.member].robot: each.id
        for each in fleet.server.memory.ledger.sessions.values()
    }
    ids = [server_id(sessions[each], 1 + STRETCH * row) for each, row in ((a, stretch), (b, other))]
    return Proposal(*ids, similarity, outcome)


def asked(fleet, chosen):
    """(robot, stretch) of the keyframes that are wanted."""
    memory = fleet.server.memory
    return {(memory.member_of(each).robot, memory.stretch_of(each).number) for each in chosen.wanted}


def test_a_pair_of_robots_that_nothing_joins_comes_first(fleet, planned, monkeypatch):
    monkeypatch.setattr(plan, "AT_ONCE", 1)
    chosen = planned()
    chosen.settle(pair(fleet, "a", "b", 1, outcome=ACCEPTED))
    chosen.add(pair(fleet, "a", "b", 3))
    chosen.add(pair(fleet, "b", "c", 2, similarity=0.81))
    chosen.choose()
    assert asked(fleet, chosen) == {("b", 2), ("c", 2)}


def test_stretches_that_are_joined_well_are_not_asked_for(fleet, planned):
    chosen = planned()
    for stretch in (0, 2):
        chosen.settle(pair(fleet, "a", "b", stretch, outcome=ACCEPTED))
    assert not chosen.add(pair(fleet, "a", "b", 2))
    chosen.add(pair(fleet, "a", "b", 1, 0))
    chosen.choose()
    assert chosen.wanted  # two ways of two edges
    again = planned()
    for stretch, other in ((0, 0), (2, 2), (0, 1), (2, 1), (1, 0)):
        again.settle(pair(fleet, "a", "b", stretch, other, outcome=ACCEPTED))
    again.add(pair(fleet, "a", "b", 1))
    again.choose()
    assert not again.wanted


def test_pairs_of_a_similarity_that_was_rejected_often_come_last(fleet, planned, monkeypatch):
    monkeypatch.setattr(plan, "AT_ONCE", 1)
    chosen = planned()
    for stretch in range(3):
        chosen.settle(pair(fleet, "a", "b", stretch, (stretch + 2) % 4, 0.5, REJECTED))
    chosen.add(pair(fleet, "a", "c", 0, similarity=0.5))
    chosen.add(pair(fleet, "b", "c", 3, similarity=0.7))
    chosen.choose()
    assert asked(fleet, chosen) == {("b", 3), ("c", 3)}


def test_no_robot_is_asked_for_more_than_it_has_earned(fleet, planned):
    earned = 4 * STRETCH
    chosen = planned(plan.TYPICAL // earned + 1)
    for stretch in range(4):
        chosen.add(pair(fleet, "a", "b", stretch))
    chosen.choose()
    assert len(chosen.wanted) == 2
    poor = planned(plan.TYPICAL // earned - 1)
    poor.add(pair(fleet, "a", "b", 0))
    poor.choose()
    assert not poor.wanted


def test_of_two_pairs_of_two_stretches_the_more_similar_is_kept(fleet, planned):
    chosen = planned()
    assert chosen.add(pair(fleet, "a", "b", 0, similarity=0.6))
    assert not chosen.add(pair(fleet, "a", "b", 0, similarity=0.5))
    assert not chosen.add(pair(fleet, "b", "a", 0, similarity=0.5))
    assert chosen.add(pair(fleet, "b", "a", 0, similarity=0.7))
    assert len(chosen) == 1
    chosen.settle(pair(fleet, "b", "a", 0, similarity=0.7, outcome=REJECTED))
    assert not chosen.add(pair(fleet, "a", "b", 0, similarity=0.9))
    assert len(chosen) == 0


def test_pairs_that_wait_are_bounded(fleet, planned, monkeypatch):
    monkeypatch.setattr(plan, "MOST_OPEN", 3)
    chosen = planned(0)
    for stretch in range(4):
        chosen.add(pair(fleet, "a", "b", stretch, similarity=0.5 + stretch / 10))
    chosen.choose()
    assert len(chosen) == 1
    assert key_of(fleet.server.memory, pair(fleet, "a", "b", 3)) in chosen._open
