import numpy as np
import pytest

from place_recognition_ros.memory.timeline import SAMPLES, Entry, Timeline
from place_recognition_ros.poses import Pose

HALF = 1e-3  # error of half-precision vectors
FORWARD = np.array([0.0, 0.0, 0.0, 1.0])


def at(x, y=0.0):
    return Pose(np.array([x, y, 0.0]), FORWARD)


@pytest.fixture
def timeline(unit):
    """Sessions 1 (keyframes 10 to 60) and 2 (keyframes 70 to 110); the descriptors are in ``.stored``."""
    timeline = Timeline(8)
    timeline.stored = unit(11)
    for row, vector in enumerate(timeline.stored):
        session = 1 if row < 6 else 2
        timeline.move(session, None)
        timeline.append(Entry(10 * (row + 1), session, row), vector)
    return timeline


def test_keyframes_are_accessed_by_id(timeline):
    assert len(timeline) == 11
    assert [number in timeline for number in (10, 110, 0, 15, 111)] == [True, True, False, False, False]
    assert (timeline[70].id, timeline[70].session, timeline[70].stamp) == (70, 2, 6)
    np.testing.assert_allclose(timeline.vector(30), timeline.stored[2], atol=HALF)


@pytest.mark.parametrize(
    "row, radius, start, stop",
    [
        (3, 0, 3, 4),
        (3, 1, 2, 5),
        (0, 2, 0, 3),
        (3, 9, 0, 6),
        (5, 1, 4, 6),
        (6, 1, 6, 8),
        (10, 3, 7, 11),
        (8, 99, 6, 11),
    ],
)
def test_around_returns_keyframes_of_one_session(timeline, row, radius, start, stop):
    around, own = timeline.around(10 * (row + 1), radius, frozenset())
    np.testing.assert_allclose(around, timeline.stored[start:stop], atol=HALF)
    assert around.dtype == np.float32
    assert own == row - start


def test_around_ends_at_excluded_keyframes(timeline):
    around, own = timeline.around(80, 5, {70, 100, 110})
    np.testing.assert_allclose(around, timeline.stored[7:9], atol=HALF)
    assert own == 0


def test_a_removed_keyframe_leaves_no_gap(timeline):
    timeline.remove(40)
    assert len(timeline) == 10
    assert 40 not in timeline
    around, own = timeline.around(50, 1, frozenset())
    np.testing.assert_allclose(around, timeline.stored[[2, 4, 5]], atol=HALF)
    assert own == 1
    assert timeline[110].id == 110


@pytest.mark.parametrize("wait", [3, 7200, 10 * SAMPLES])
@pytest.mark.parametrize("excursion", [1, 20])
def test_an_excursion_is_found_however_long_the_camera_waited(unit, wait, excursion):
    timeline, here = Timeline(8), unit(1)[0]
    timeline.move(1, None)
    stay = wait + excursion
    for number in range(1, stay + wait):
        away = wait <= number < stay
        timeline.append(Entry(number, 1, number), -here if away else here, number in (1, wait, stay))
    assert timeline.least_similarity_since(1, here) == pytest.approx(-1, abs=HALF)
    assert timeline.least_similarity_since(stay, here) == pytest.approx(1, abs=HALF)
    timeline.move(2, None)
    timeline.append(Entry(10**6, 2, 0), here, True)
    assert timeline.least_similarity_since(10**6, here) == pytest.approx(1, abs=HALF)


def test_of_many_views_the_newest_and_a_sample_are_compared(unit):
    timeline, here = Timeline(8), unit(1)[0]
    timeline.move(1, None)
    for number in range(1, 10 * SAMPLES):
        timeline.append(Entry(number, 1, number), -here if number == 10 * SAMPLES - 3 else here, True)
    assert timeline.least_similarity_since(1, here) == pytest.approx(-1, abs=HALF)
    timeline.remove(10 * SAMPLES - 3)
    assert timeline.least_similarity_since(1, here) == pytest.approx(1, abs=HALF)


def test_the_distance_is_measured_along_the_path():
    timeline = Timeline(8)
    for pose in (at(0), at(3), None, at(3, 4), at(3)):
        timeline.move(1, pose)
    assert timeline.travelled == pytest.approx(3 + 4 + 4)
    timeline.move(2, None)
    assert timeline.travelled == 0
    timeline.move(2, at(1000))
    assert timeline.travelled == 0, "the distance between two world frames has no meaning"


def test_a_keyframe_stores_the_path_length_up_to_it(unit):
    timeline = Timeline(8)
    for number, vector in enumerate(unit(3)):
        timeline.move(1, at(2.0 * number))
        timeline.append(Entry(number, 1, number, at(2.0 * number), timeline.travelled), vector)
    assert [timeline[number].travelled for number in range(3)] == pytest.approx([0, 2, 4])
