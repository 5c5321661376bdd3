"""ROS time, which may be simulated, or not exist."""

import time

import rospy

from place_recognition_ros.ros.complaints import Complainer

PATIENCE = 5.0  # seconds without /clock before there is a complaint


def now() -> int:
    """ROS time, nanoseconds; wall time where use_sim_time is set and nothing is published on /clock."""
    return int(rospy.Time.now().to_nsec()) or int(time.time() * 1e9)


class SimulatedClock(Complainer):
    """Complains of a simulated clock that does not exist; the node works by the stamps of the images."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def complaint(self, now: float) -> str:
        if now - self._start < PATIENCE or rospy.rostime.is_wallclock() or not rospy.Time.now().is_zero():
            return ""
        return (
            "use_sim_time is set and nothing is published on /clock: other nodes may stamp their messages "
            "with 0; play the bag with --clock, or set use_sim_time to false and start the nodes again"
        )
