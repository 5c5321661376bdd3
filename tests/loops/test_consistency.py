import numpy as np
import pytest

from place_recognition_ros.loops.consistency import Consistency, Loop
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import Candidate, Evidence, Kind, Reason, Status


def pose(x, y=0.0):
    return Pose(np.array([float(x), float(y), 0.0]), np.array([0.0, 0, 0, 1]))


def loop(number, match, session=1):
    """A straight walk along x, at 1 m per keyframe; the queries are a second walk."""
    candidate = Candidate(
        *(Kind.LOOP_CLOSURE, Status.VERIFIED, Reason.NONE, 200 + number, match, number, match),
        *(1, session, "", ""),
        Evidence(0.8, 0.1),
    )
    return Loop(candidate, pose(number), pose(match), 200.0 + number, float(match))


def accepted(consistency, *loops):
    for each in loops:
        assert consistency.contradicted(each) == []
        consistency.add(each)


def test_loops_with_the_same_motion_on_both_sides_agree():
    accepted(Consistency(0.05), *(loop(number, number) for number in range(0, 60, 5)))


def test_a_loop_that_contradicts_the_earlier_ones_is_refused():
    consistency = Consistency(0.05)
    accepted(consistency, *(loop(number, number) for number in range(5)))
    assert consistency.contradicted(loop(5, 60)) is None


def test_a_wrong_loop_is_taken_back_when_more_loops_contradict_it():
    """The loops after it are accepted because they agree with each other, though not with the first one."""
    consistency = Consistency(0.05)
    wrong = loop(4, 70)
    right = [loop(number, number) for number in (0, 1)]
    accepted(consistency, *right)
    consistency.add(wrong)
    assert consistency.contradicted(loop(5, 5)) == [wrong.candidate]


def test_removed_loops_no_longer_contradict():
    consistency = Consistency(0.05)
    accepted(consistency, *(loop(number, number) for number in range(3)))
    consistency.remove([loop(number, number).candidate for number in range(3)])
    assert consistency.contradicted(loop(5, 60)) == []


@pytest.mark.parametrize(
    "other", [loop(5, 60, session=2), loop(300, 60)], ids=["another session", "far away"]
)
def test_loops_that_odometry_cannot_compare_say_nothing(other):
    consistency = Consistency(0.05)
    accepted(consistency, *(loop(number, number) for number in range(3)))
    assert consistency.contradicted(other) == []


def test_without_a_drift_bound_everything_is_consistent():
    consistency = Consistency(0.0)
    accepted(consistency, *(loop(number, number) for number in range(3)), loop(5, 60))


def test_clear_forgets_all_loops():
    consistency = Consistency(0.05)
    accepted(consistency, *(loop(number, number) for number in range(3)))
    consistency.clear()
    assert consistency.contradicted(loop(5, 60)) == []
