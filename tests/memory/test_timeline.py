import numpy as np
import pytest

from place_recognition_ros.memory.departure import Leaving
from place_recognition_ros.memory.timeline import Entry, Timeline
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
    ids, around = timeline.around(10 * (row + 1), radius, frozenset())
    np.testing.assert_allclose(around, timeline.stored[start:stop], atol=HALF)
    assert around.dtype == np.float32
    assert ids == list(range(10 * (start + 1), 10 * (stop + 1), 10))


def test_around_ends_at_excluded_keyframes(timeline):
    ids, around = timeline.around(80, 5, {70, 100, 110})
    np.testing.assert_allclose(around, timeline.stored[7:9], atol=HALF)
    assert ids == [80, 90]


def test_a_removed_keyframe_leaves_no_gap(timeline):
    timeline.remove([40, 41])
    assert len(timeline) == 10
    assert 40 not in timeline
    ids, around = timeline.around(50, 1, frozenset())
    np.testing.assert_allclose(around, timeline.stored[[2, 4, 5]], atol=HALF)
    assert ids == [30, 50, 60]
    assert timeline[110].id == 110


def test_keyframes_are_as_far_apart_as_others_are_between_them(timeline):
    assert timeline.between(40, 70) == timeline.between(70, 40) == 3
    timeline.remove([50])
    assert timeline.between(40, 70) == 2
    assert timeline.between(50, 60) == 0, "the place of a removed keyframe"
    assert timeline.neighbours(60, 1) == [60, 40], "70 is of another session"
    assert timeline.session_of(50) == timeline.session_of(40)


def vectors(*degrees):
    radians = np.radians(degrees)
    return np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)


def timeline_of(descriptors, session=1):
    timeline = Timeline(2)
    for number, descriptor in enumerate(descriptors, 1):
        timeline.append(Entry(number, session, number), descriptor)
    return timeline


@pytest.mark.parametrize(
    "degrees, stayed",
    [
        ((0, 5, 10, 20, 25), True),
        ((0, 40, 60, 40, 5), False),
        ((0, 180, 0), False),
        ((0, 50, 80), True),
        ((0, 120, 80), False),
    ],
    ids=["creeping", "away and back", "one other view", "turning", "around by another place"],
)
def test_two_keyframes_are_of_one_visit_if_the_camera_saw_nothing_else(degrees, stayed):
    timeline = timeline_of(vectors(*degrees))
    leaving = Leaving(1)
    assert timeline.is_one_visit(1, len(degrees), leaving) == stayed
    assert timeline.is_one_visit(len(degrees), 1, leaving) == stayed


def test_keyframes_of_two_sessions_are_of_two_visits():
    timeline = timeline_of(vectors(0, 1))
    timeline.append(Entry(3, 2, 3), vectors(2)[0])
    assert timeline.is_one_visit(1, 2, Leaving(1))
    assert not timeline.is_one_visit(2, 3, Leaving(1))


def test_the_keyframes_that_differ_least_from_those_before_are_redundant():
    timeline = timeline_of(vectors(0, 40, 80, 80.5, 120, 160, 200, 205, 240, 280))
    timeline.append(Entry(11, 2, 8), vectors(280)[0])  # the first of its session
    assert timeline.redundant(1, 1) == [4]
    assert timeline.redundant(2, 1) == [4, 8]
    assert timeline.redundant(99, 1) == [4, 8], "of those that are compared with each other only one"
    assert Timeline(2).redundant(5, 1) == []


def test_a_camera_that_toggles_between_two_views_is_redundant():
    timeline = timeline_of(vectors(0, 60, 120, *(20 * [180, 270])))
    assert all(number > 5 for number in timeline.redundant(5, 1))


def test_earlier_sessions_keep_more_than_the_present_one():
    timeline = timeline_of(vectors(0, 10, 20, 20.1))
    for number, degrees in enumerate((100, 115, 130), 5):
        timeline.append(Entry(number, 2, number), vectors(degrees)[0])
    assert timeline.redundant(1, 2) == [4], "it shows nothing new"
    timeline.remove([4])
    assert timeline.redundant(1, 2) == [6]
    assert timeline.redundant(1, 1) == [2]


def test_the_visit_of_a_removed_keyframe_is_that_of_the_one_before():
    timeline = timeline_of(vectors(0, 0, 0, 0))
    timeline.append(Entry(5, 2, 5), vectors(90)[0])
    timeline.remove([4])
    assert timeline.is_one_visit(1, 4, Leaving(1))


def test_what_is_redundant_is_right_after_keyframes_were_removed(unit, rng):
    """It is kept up to date, not computed from all keyframes each time."""
    vectors = unit(60)
    timeline = Timeline(8)
    for row, vector in enumerate(vectors):
        timeline.append(Entry(row + 1, 1 + row // 25, row), vector)
    for _ in range(8):
        timeline.remove(rng.choice(np.arange(1, 61), 4).tolist())
        fresh = Timeline(8)
        for number in range(1, 61):
            if number in timeline:
                fresh.append(timeline[number], timeline.vector(number))
        assert timeline.redundant(5, 1) == fresh.redundant(5, 1)
        for each in (timeline, fresh):
            each.append(Entry(100, 3, 100), vectors[0])
        assert timeline.redundant(99, 1) == fresh.redundant(99, 1)
        timeline.remove([100])
