import pytest

from place_recognition_ros.memory.departure import Leaving
from place_recognition_ros.pace import NEWEST, Pace

SECOND = 10**9


def test_the_interval_is_the_median_of_the_newest():
    pace = Pace()
    assert (pace.newest, pace.interval) == (0, 0)
    for stamp in (10, 20, 30, 1000, 1010):
        pace.observe(stamp)
    assert (pace.newest, pace.interval) == (1010, 10)
    for number in range(NEWEST):
        pace.observe(2000 + 7 * number)
    assert pace.interval == 7
    pace.clear()
    assert (pace.newest, pace.interval) == (0, 0)


@pytest.mark.parametrize("interval, age", [(0, 10), (0.1, 10), (1, 10), (5, 50)])
def test_keyframes_of_a_slow_camera_must_be_older(interval, age):
    assert Leaving(10 * SECOND).age(int(interval * SECOND)) == age * SECOND
