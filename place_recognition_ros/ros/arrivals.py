"""When images arrive: by their stamps, by the clock of ROS and by a clock that nobody sets."""

import threading
import time
from typing import Any, NamedTuple, Optional

import rospy

from place_recognition_ros.ros import clock
from place_recognition_ros.stream.stamps import CLOCK_JUMP

LIVE = 5 * 10**9  # nanoseconds: stamps of a live camera are at most so far from the clock
_SINCE_BOOT = getattr(time, "CLOCK_BOOTTIME", 7)  # no name in Python 3.6; goes on while suspended


class Moment(NamedTuple):
    """When an image arrived, nanoseconds."""

    stamp: int
    ros: int  # the clock of ROS
    steady: int  # a clock that nobody sets


class Arrival(NamedTuple):
    """An image message that has arrived."""

    message: Any
    number: int  # of the message, from 1
    moment: Moment
    before: Optional[Moment] = None  # of the message before it


class Arrivals:
    """Notes when images arrive; rospy has a thread for each publisher."""

    def __init__(self) -> None:
        self._number = 0
        self._newest: Optional[Moment] = None
        self._lock = threading.Lock()

    def note(self, message: Any) -> Arrival:
        """Take the next message."""
        steady = int(time.clock_gettime(_SINCE_BOOT) * 1e9)
        moment = Moment(message.header.stamp.to_nsec(), clock.now(), steady)
        with self._lock:
            self._number += 1
            arrival = Arrival(message, self._number, moment, self._newest)
            self._newest = moment
        return arrival


def pause(last: Optional[Arrival], image: Arrival) -> Optional[int]:
    """Nanoseconds for which no image came before this one; None: its stamp tells.

    While this node does something else, images come that it never sees. And where the clock is set forward,
    less time has passed than the stamps tell. With a simulated clock, or a bag, the stamps are right.

    Args:
        last: the image that was processed last.
        image: the next one.
    """
    if last is None or image.before is None:
        return None
    unseen = image.number > last.number + 1
    unseen = unseen and last.moment.stamp < image.before.stamp < image.moment.stamp  # else they show nothing
    before = image.before if unseen else last.moment
    passed, advance = image.moment.steady - before.steady, image.moment.stamp - before.stamp
    if advance - passed > CLOCK_JUMP and _is_live(before, image.moment):
        return passed
    return advance if unseen else None


def _is_live(*moments: Moment) -> bool:
    return bool(rospy.rostime.is_wallclock()) and any(abs(each.stamp - each.ros) < LIVE for each in moments)
