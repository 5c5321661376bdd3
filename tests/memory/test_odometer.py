import numpy as np
import pytest

from place_recognition_ros.memory.odometer import Odometer
from place_recognition_ros.poses import Pose


def at(x, y=0.0):
    return Pose(np.array([x, y, 0.0]), np.array([0.0, 0.0, 0.0, 1.0]))


def test_the_distance_is_measured_along_the_path():
    odometer = Odometer()
    travelled = [odometer.move(1, pose) for pose in (at(0), at(3), None, at(3, 4), at(3))]
    assert travelled == pytest.approx([0, 3, 3, 7, 11])
    assert odometer.since(3.0) == pytest.approx(8)


def test_another_session_begins_at_0():
    odometer = Odometer()
    odometer.move(1, at(0))
    odometer.move(1, at(5))
    assert odometer.move(2, None) == 0
    assert odometer.since(0.0) is None, "no pose is known"
    assert odometer.move(2, at(1000)) == 0, "the distance between two world frames has no meaning"
