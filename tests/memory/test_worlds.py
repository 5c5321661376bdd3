"""Worlds: which sessions belong together, and the transforms between their world frames."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from place_recognition_ros.memory.worlds import SPARE, Tie, Worlds
from place_recognition_ros.poses import Pose, compose, inverse

HERE = Pose(np.zeros(3), np.array([0.0, 0.0, 0.0, 1.0]))


def pose(x, y, z, yaw=0.0):
    return Pose(np.array([x, y, z], float), Rotation.from_euler("z", yaw).as_quat())


def tie(session, older, transform=None, stamp=1, match=1):
    """A tie by a match at the origin of ``session``; ``transform``: its world in the older one."""
    found = Tie(session, older, stamp, match)
    return found if transform is None else found.located(HERE, transform, np.zeros((6, 6)))


def assert_same(found, expected):
    np.testing.assert_allclose(found.position, expected.position, atol=1e-9)
    assert (found.rotation.inv() * expected.rotation).magnitude() == pytest.approx(0, abs=1e-9)


def test_sessions_without_ties_are_worlds_of_their_own():
    worlds = Worlds([])
    assert (worlds.world(3), worlds.root(3)) == (3, 3)
    assert_same(worlds.to_root(3, pose(1, 2, 3, 0.5), np.eye(6))[0], pose(1, 2, 3, 0.5))


def test_ties_connect_worlds():
    worlds = Worlds([])
    for each in (tie(2, 1), tie(3, 2), tie(3, 1), tie(5, 4)):
        worlds.add(each)
    assert [worlds.world(number) for number in range(1, 6)] == [1, 1, 1, 4, 4]
    assert worlds.root(3) == 3, "the scale is not known"


def test_the_oldest_tie_of_two_sessions_gives_their_transform():
    worlds = Worlds([])
    worlds.add(tie(2, 1))
    worlds.add(tie(2, 1, pose(5, 0, 0), stamp=2))
    worlds.add(tie(2, 1, pose(6, 0, 0), stamp=3))
    assert worlds.root(2) == 1
    assert_same(worlds.to_root(2, HERE, np.zeros((6, 6)))[0], pose(5, 0, 0))
    worlds.remove(2, 2, 1)
    assert_same(worlds.to_root(2, HERE, np.zeros((6, 6)))[0], pose(6, 0, 0))


@pytest.mark.parametrize("transform", [None, pose(5, 0, 0)])
def test_a_retraction_leaves_sessions_tied_that_other_matches_tie(transform):
    """In one pair of sessions, and by way of a third one; retracted may be the first match or the last."""
    for gone in (0, 1, 2):
        ties = [tie(2, 1, transform, 1), tie(3, 1, transform, 2), tie(3, 2, transform, 3)]
        worlds = Worlds([])
        for each in ties:
            worlds.add(each)
        assert len(worlds.remove(*ties[gone][:1], *ties[gone][2:4])) == 1
        assert {worlds.world(number) for number in (1, 2, 3)} == {1}
        assert worlds.root(3) == (3 if transform is None else 1)


@pytest.mark.parametrize("transform", [None, pose(5, 0, 0)])
def test_of_many_matches_few_are_kept_among_them_the_first_and_the_newest(transform):
    worlds, kept = Worlds([]), []
    for stamp in range(1, 51):
        new = tie(2, 1, transform, stamp)
        gone = worlds.add(new)
        kept = [each for each in [*kept, new] if each is not gone]
        assert kept == worlds.ties
    assert [each.query_stamp for each in kept] == [1, 48, 49, 50]


def test_ties_to_one_session_do_not_take_the_place_of_those_to_another_one():
    worlds = Worlds([tie(2, 1, stamp=1), tie(3, 1, stamp=2), tie(3, 2, stamp=3)])
    for stamp in range(10, 30):
        worlds.add(tie(3, 1, stamp=stamp))
    for stamp in (2, *range(10, 30)):
        worlds.remove(3, stamp, 1)
    assert worlds.world(3) == 1


def test_a_tie_without_which_sessions_are_not_connected_does_not_give_way():
    worlds = Worlds([tie(9, older, pose(1, 0, 0), older) for older in range(1, 9)])
    for stamp in range(10, 30):
        worlds.add(tie(9, 3, pose(1, 0, 0), stamp))
        worlds.add(tie(9, 4, stamp=stamp, match=2))
    assert {worlds.root(number) for number in range(1, 10)} == {1}
    assert len(worlds.ties) <= 8 + 2 * SPARE


def test_a_tie_without_a_transform_does_not_take_the_place_of_one_with():
    worlds = Worlds([])
    worlds.add(tie(2, 1, pose(1, 0, 0)))
    for stamp in range(10, 30):
        worlds.add(tie(2, 1, stamp=stamp))
    assert worlds.root(2) == 1


def test_a_pose_is_given_in_the_oldest_world():
    first, second = pose(10, 0, 0, 1.0), pose(0, 5, 0, -0.3)
    worlds = Worlds([tie(2, 1, first), tie(3, 2, second)])
    camera = pose(1, 2, 0, 0.2)
    found, _ = worlds.to_root(3, camera, np.zeros((6, 6)))
    assert_same(found, compose(first, compose(second, camera)))


def test_a_newer_session_can_connect_two_older_ones():
    in_first, in_second = pose(10, 0, 0, 1.0), pose(0, 5, 0, -0.3)
    worlds = Worlds([])
    worlds.add(tie(3, 1, in_first))
    worlds.add(tie(3, 2, in_second))
    camera = pose(1, 2, 0, 0.2)
    found, _ = worlds.to_root(2, compose(in_second, camera), np.zeros((6, 6)))
    assert worlds.root(2) == 1
    assert_same(found, compose(in_first, camera))


def test_a_retracted_match_unties_what_it_tied():
    worlds = Worlds([tie(2, 1, pose(1, 0, 0), stamp=7, match=3), tie(3, 2, pose(1, 0, 0), stamp=8, match=4)])
    assert not worlds.remove(2, 7, 4)
    assert not worlds.remove(3, 7, 3)
    assert [each.match_id for each in worlds.remove(2, 7, 3)] == [3]
    assert (worlds.root(3), worlds.world(2), worlds.root(1)) == (2, 2, 1)


def test_the_transform_is_that_of_the_two_poses_of_one_camera():
    camera, found = pose(3, 1, 0, 0.4), pose(-2, 7, 0, 2.0)
    located = Tie(2, 1, 0, 0).located(camera, found, np.eye(6))
    assert_same(compose(located.transform, camera), found)
    np.testing.assert_array_equal(located.point, found.position)


@pytest.mark.parametrize("turned", [False, True])
def test_the_uncertainty_grows_with_the_distance_from_the_match(turned):
    """The covariance agrees with that of random errors of the tie."""
    covariance = np.diag([0.01, 0.02, 0.03, 1e-4, 2e-4, 3e-4])
    camera, seen = pose(3, 1, 0, 0.4), pose(-2, 7, 1, 2.0)
    exact = Tie(1, 2, 0, 0) if turned else Tie(2, 1, 0, 0)
    exact = exact.located(camera, seen, covariance)
    far = pose(50, 20, 0, 1.0)
    session = 2
    mean, claimed = Worlds([exact]).to_root(session, far, np.zeros((6, 6)))
    numbers = np.random.default_rng(5)
    errors = []
    for error in numbers.multivariate_normal(np.zeros(6), covariance, 2000):
        turn = Rotation.from_rotvec(error[3:])
        wrong = Pose(seen.position + error[:3], (turn * seen.rotation).as_quat())
        found, _ = Worlds([exact.located(camera, wrong, covariance)]).to_root(session, far, np.zeros((6, 6)))
        turned_by = (found.rotation * mean.rotation.inv()).as_rotvec()
        errors.append(np.concatenate([found.position - mean.position, turned_by]))
    measured = np.cov(np.array(errors).T)
    np.testing.assert_allclose(np.diag(claimed), np.diag(measured), rtol=0.15)


def test_the_inverse_of_a_pose():
    assert_same(compose(inverse(pose(1, 2, 3, 0.7)), pose(1, 2, 3, 0.7)), HERE)
