"""Drift correction and places from the loops of a map."""

import numpy as np
import pytest

from training.data.readers.loops import LEAST_LOOPS, Trajectories, correct_drift, name_places


def walk(position, session=1, heading=0.0, start=0.0):
    """One keyframe per second at complex positions."""
    count = len(position)
    return Trajectories(
        np.full(count, session),
        start + np.arange(count, dtype=float),
        np.asarray(position, complex),
        np.full(count, float(heading)),
    )


def joined(*trajectories):
    return Trajectories(*(np.concatenate(parts) for parts in zip(*trajectories)))


def square(side=20):
    """One and a quarter times around a square, in steps of 1 m."""
    steps = np.repeat([1, 1j, -1, -1j, 1], side)
    return np.concatenate([[0], np.cumsum(steps)])


def test_a_loop_corrects_the_drift():
    truth = square()
    drifted = truth * np.exp(0.002j * np.arange(len(truth)))  # 2 m at the end of the first lap
    loops = np.array([(row, row + 80) for row in range(0, 21, 2)])
    before = np.abs(drifted[loops[:, 0]] - drifted[loops[:, 1]])
    found = correct_drift(walk(drifted), loops).position
    after = np.abs(found[loops[:, 0]] - found[loops[:, 1]])
    assert before.max() > 2.0
    assert after.max() < 0.3 * before.max()
    assert np.abs(np.abs(np.diff(found)) - 1).max() < 0.2  # the length of steps hardly changes


def test_without_loops_odometry_is_unchanged():
    trajectories = walk(square())
    assert np.allclose(correct_drift(trajectories, np.zeros((0, 2), int)).position, trajectories.position)


@pytest.mark.parametrize("turn", [0.3, 2.0, -3.0])
def test_another_session_is_transformed_to_the_first(turn):
    truth = square()
    second = (truth[10:40] - 5) * np.exp(1j * turn) + 100
    trajectories = joined(walk(truth), walk(second, session=2, heading=turn))
    loops = np.array([(row, len(truth) + row - 10) for row in range(10, 40, 3)])
    found = correct_drift(trajectories, loops)
    assert np.allclose(found.position[len(truth) :], truth[10:40], atol=0.05)
    assert np.allclose(found.heading[len(truth) :], 0.0, atol=1e-6)


def test_loops_at_one_position_rotate_by_their_headings():
    truth = square()
    trajectories = joined(walk(truth), walk(truth[:20] * np.exp(0.7j), session=2, heading=0.7))
    loops = np.array([(0, len(truth))] * LEAST_LOOPS)
    assert np.allclose(correct_drift(trajectories, loops).position[len(truth) :], truth[:20], atol=0.2)


def test_a_session_with_too_few_loops_gets_no_positions():
    trajectories = joined(walk(square()), walk(square()[:30], session=2))
    loops = np.array([(row, len(square()) + row) for row in range(LEAST_LOOPS - 1)])
    found = correct_drift(trajectories, loops)
    assert not np.isnan(found.position[: len(square())]).any()
    assert np.isnan(found.position[len(square()) :]).all()
    assert np.isnan(found.heading[len(square()) :]).all()


def test_a_chain_of_sessions_is_joined():
    truth = square()[:40]
    trajectories = joined(walk(truth), walk(1j * truth[20:], 2, np.pi / 2), walk(truth[30:] + 9, 3))
    second = [(row, 40 + row - 20) for row in range(20, 30)]
    third = [(40 + row - 20, 60 + row - 30) for row in range(30, 40)]
    found = correct_drift(trajectories, np.array(second + third)).position
    assert np.allclose(found, np.concatenate([truth, truth[20:], truth[30:]]), atol=0.1)


def test_keyframes_without_a_pose_get_none():
    position = square()
    position[5] = np.nan
    found = correct_drift(walk(position), np.array([(0, 80), (5, 85), (2, 82)])).position
    assert np.flatnonzero(np.isnan(found)).tolist() == [5]
    everything = walk(np.full(4, np.nan))
    assert np.isnan(correct_drift(everything, np.array([(0, 3)])).position).all()


def named(trajectories, loops):
    return name_places(trajectories, np.array(loops, int).reshape(-1, 2), 1.0, 10.0)


def test_a_loop_makes_a_place_and_its_neighbours_none():
    place = named(walk(np.full(60, np.nan)), [(5, 45)])
    assert np.flatnonzero(place == place[5]).tolist() == [4, 5, 6, 44, 45, 46]
    others = np.flatnonzero((place >= 0) & (place != place[5]))
    for row in others:
        assert min(abs(row - member) for member in (4, 5, 6, 44, 45, 46)) > 10


def test_two_places_are_separated_by_the_guard():
    random = np.random.default_rng(3)
    trajectories = joined(walk(np.full(200, np.nan)), walk(np.full(100, np.nan), 2))
    loops = np.sort(random.integers(0, 300, (60, 2)), axis=1)
    place = named(trajectories, loops)
    apart = np.abs(trajectories.seconds[:, None] - trajectories.seconds)
    near = (trajectories.session[:, None] == trajectories.session) & (apart <= 10)
    labelled = (place[:, None] >= 0) & (place >= 0)
    assert labelled.any()
    assert (place[:, None] == place)[near & labelled].all()
    for one, other in loops:  # no loop connects two places
        assert -1 in (place[one], place[other]) or place[one] == place[other]
    assert np.unique(place[place >= 0], return_counts=True)[1].min() > 1


def test_without_loops_places_follow_time():
    place = named(walk(np.full(30, np.nan)), [])
    assert sorted(np.unique(place)) == [-1, 0, 1, 2]
