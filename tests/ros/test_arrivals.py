"""For how long no image came: while the node did something else, and while clocks were set."""

from collections import namedtuple

import pytest
import rospy

from place_recognition_ros.ros import clock
from place_recognition_ros.ros.arrivals import Arrival, Arrivals, Moment, pause

SECOND, HOUR = 10**9, 3600 * 10**9
NOW = 1_700_000_000 * SECOND
Header, Message = namedtuple("Header", "stamp"), namedtuple("Message", "header")


class Stream:
    """Images of a live camera at 10 Hz."""

    def __init__(self, set_by=0, offset=0):
        self.stamp, self.steady, self.set_by, self.offset = NOW, 5 * SECOND, set_by, offset
        self.number, self.before = 0, None

    def next(self, seconds=0.1, set_by=0):
        """The image after some seconds, in which the clocks are set by ``set_by`` nanoseconds."""
        passed = int(seconds * SECOND)
        self.stamp, self.steady = self.stamp + passed + set_by, self.steady + passed
        moment = Moment(self.stamp + self.offset, self.stamp, self.steady)
        self.number, before, self.before = self.number + 1, self.before, moment
        return Arrival(None, self.number, moment, before)


@pytest.fixture(autouse=True)
def wall_clock(monkeypatch):
    """Whether the clock of ROS is that of the system."""
    monkeypatch.setattr(rospy.rostime, "is_wallclock", lambda: True)
    return lambda is_one: monkeypatch.setattr(rospy.rostime, "is_wallclock", lambda: is_one)


def test_of_images_that_follow_each_other_the_stamps_tell():
    stream = Stream()
    assert pause(None, stream.next()) is None
    assert pause(stream.next(), stream.next(seconds=900)) is None


@pytest.mark.parametrize("set_by", [30 * SECOND, HOUR])
def test_a_clock_that_is_set_forward_is_no_pause(set_by):
    stream = Stream()
    assert pause(stream.next(), stream.next(0.1, set_by)) == SECOND // 10
    assert pause(stream.next(), stream.next(0.5, -set_by)) is None, "it is set back"


def test_a_camera_that_stops_while_the_clock_is_set_does_stop():
    stream = Stream()
    assert pause(stream.next(), stream.next(900, HOUR)) == 900 * SECOND


def test_the_stamps_of_a_bag_are_right(wall_clock):
    """Parts of it without images are skipped; on wall time its stamps are not near the clock."""
    bag = Stream(offset=-1000 * HOUR)
    assert pause(bag.next(), bag.next(0.1, HOUR)) is None
    wall_clock(False)
    simulated = Stream()
    assert pause(simulated.next(), simulated.next(0.1, HOUR)) is None


def test_images_that_came_while_the_node_did_something_else_are_no_pause():
    stream = Stream()
    last = stream.next()
    for _ in range(300):
        newest = stream.next()
    assert pause(last, newest) == SECOND // 10
    for _ in range(300):
        stream.next()
    assert pause(newest, stream.next(20)) == 20 * SECOND
    later = stream.next()
    stream.next()
    assert pause(later, stream.next(0.1, HOUR)) == SECOND // 10


def test_an_image_with_a_wrong_stamp_shows_nothing():
    stream = Stream()
    last = stream.next()
    for stamp in (0, 2 * NOW):
        stream.number, stream.before = stream.number + 1, Moment(stamp, stream.stamp, stream.steady)
        assert pause(last, stream.next(20)) is None
        last = stream.next()


def test_arrivals_are_numbered_and_know_the_one_before(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)
    arrivals = Arrivals()
    first, second = (arrivals.note(Message(Header(rospy.Time(seconds)))) for seconds in (7, 8))
    assert (first.number, first.before, first.moment.stamp) == (1, None, 7 * SECOND)
    assert (second.number, second.before, second.moment.stamp) == (2, first.moment, 8 * SECOND)
    assert second.moment.ros == NOW
    assert second.moment.steady >= first.moment.steady > 0
