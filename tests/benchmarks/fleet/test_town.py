"""Where the robots drive, which revisits there are, and when something fails."""

import numpy as np
import pytest

from benchmarks.fleet import judge, town, truth
from benchmarks.fleet.__main__ import events
from benchmarks.fleet.reference import Found
from benchmarks.fleet.robot import START


def test_each_robot_visits_each_district_and_drives_ten_minutes():
    for robot in range(town.ROBOTS):
        visits = town.visits(robot)
        assert sorted(each.district for each in visits) == sorted(town.DISTRICTS)
        assert town.SECONDS * len(visits) == 600
        assert town.KEYFRAMES * len(visits) == 3000


@pytest.mark.parametrize("robot", range(town.ROBOTS))
def test_a_robot_drives_along_streets_and_does_not_turn_round(robot):
    for visit in town.visits(robot):
        crossings = [town.CROSSINGS.tolist().index(each) for each in town.route(visit).tolist()]
        streets = {frozenset(each) for each in town.STREETS}
        assert all({frozenset(each)} <= streets for each in zip(crossings, crossings[1:]))
        assert all(a != b for a, b in zip(crossings, crossings[2:]))
        positions = np.array([pose.position for pose in town.poses_of(visit)])
        assert len(positions) == town.POSITIONS
        assert np.linalg.norm(np.diff(positions, axis=0), axis=1).max() < 2 * town.STEP


def test_the_keyframes_of_a_visit_are_taken_at_all_positions():
    positions = [town.position_of(row) for row in range(town.KEYFRAMES)]
    assert sorted(set(positions)) == list(range(town.POSITIONS))
    assert positions == sorted(positions)


@pytest.mark.parametrize("rate", [0.3, 1, 1.5, 2, 3, 5])
def test_at_a_lower_rate_a_robot_drives_the_same_way_and_takes_fewer_keyframes(rate):
    numbers = town.taken(600.0, rate)
    assert len(numbers) == len(set(numbers)) == round(600 * rate)
    assert numbers == sorted(numbers)
    assert numbers[-1] < 3 * town.KEYFRAMES
    assert numbers[: round(60 * rate)] == town.taken(60.0, rate)
    for count, number in enumerate(numbers):
        stamp = START + round(count * 1e9 / rate)
        _, found = judge._found({"query_robot": "robot0", "match_robot": "robot5", "stamps": [stamp] * 2})
        assert found.row == found.other_row == number % town.KEYFRAMES


def test_a_match_at_one_spot_belongs_to_a_revisit():
    district = town.DISTRICTS[0]
    (revisit, *_) = sorted(truth.every_revisit(district, 600.0))
    stretches = truth._pair(district, *revisit.robots).stretches
    first, second = np.argwhere(stretches == revisit.number)[0]
    rows = [int(each) * town.KEYFRAMES // town.POSITIONS + 1 for each in (first, second)]
    found = Found(revisit.robots[0], rows[0], revisit.robots[1], rows[1])
    swapped = Found(revisit.robots[1], rows[1], revisit.robots[0], rows[0])
    for each in (found, swapped):
        assert truth.is_right(district, each)
        assert truth.revisits_of(district, [each]) == {revisit}


def test_what_was_not_driven_yet_is_no_revisit():
    for district in town.DISTRICTS:
        counts = [len(truth.every_revisit(district, seconds)) for seconds in (0, 200, 400, 600)]
        assert counts[0] == 0
        assert counts == sorted(counts)
    late = Found(0, 0, 1, 0)  # robot 1 comes to district 21 last
    assert not truth.was_driven(town.DISTRICTS[0], late, 400)
    assert truth.was_driven(town.DISTRICTS[0], late, 600)


def test_each_link_is_restored_and_the_server_started_again():
    planned = events(600.0, 20, 5)
    assert [each.at for each in planned] == sorted(each.at for each in planned)
    kinds = [each.what for each in planned]
    assert [kinds.count(each) for each in ("cut", "restore", "kill", "start")] == [20, 20, 5, 5]
    running = True
    for each in planned:
        if each.what in ("kill", "start"):
            assert running == (each.what == "kill")
            running = not running
