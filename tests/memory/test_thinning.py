"""Which keyframes give way in a full map."""

import numpy as np
import pytest

from place_recognition_ros.memory.departure import Leaving
from place_recognition_ros.memory.keyframe_map import KeyframeMap
from place_recognition_ros.memory.thinning import thin
from place_recognition_ros.types import FEATURE, Keyframe

SECOND = 10**9
LENGTH = 30  # keyframes of a visit
SIZE = 64
NEAR = 0.5  # share of a view that the keyframe before it shows too


def view(place, light):
    """The descriptor of a place, which shares something with the place before it, in a light."""
    vector = np.zeros(SIZE, np.float32)
    vector[place], vector[place + 1], vector[40 + light] = 1.0, NEAR, 1.0
    return vector / np.linalg.norm(vector)


@pytest.fixture
def memory(open_store):
    """A map with a visit in each of the lights 0, 1, 2 and 1, ids 1 to 30, 31 to 60, 61 to 90, 91 to 120."""
    memory = KeyframeMap(open_store(size=SIZE), SIZE, Leaving(10 * SECOND), "r1")
    stamp = 0
    for light in (0, 1, 2, 1):
        memory.start_session()
        for place in range(LENGTH):
            stamp += SECOND
            memory.add(Keyframe(None, stamp), view(place, light), np.zeros(0, FEATURE), b"image")
        stamp += 1000 * SECOND
    return memory


def recognise(memory, visits):
    for visit in visits:
        for place in range(1, LENGTH + 1):
            memory.places.link(visit * LENGTH + place, place)


def visits_of(memory):
    """How many keyframes of each visit there are."""
    return [len(memory.timeline.ids(visit * LENGTH, (visit + 1) * LENGTH + 1)) for visit in range(4)]


def test_what_others_show_of_a_place_gives_way_first(memory):
    recognise(memory, [1, 2, 3])
    while len(memory) > 3 * LENGTH:
        assert thin(memory)
    assert visits_of(memory)[0] == LENGTH, "the first visit remains"
    assert visits_of(memory)[2] == LENGTH, "nothing else shows this light"


def test_the_first_visit_is_never_forgotten(memory):
    recognise(memory, [1, 2, 3])
    while len(memory) > LENGTH:
        assert thin(memory)
    assert list(memory.timeline) == list(range(1, LENGTH + 1))


def test_the_present_session_gives_way_once_it_has_its_share(memory):
    while len(memory) > 3.5 * LENGTH:
        assert thin(memory)
    assert visits_of(memory) == [LENGTH, LENGTH, LENGTH, LENGTH // 2]


def test_what_was_never_recognised_gives_way_before_what_was(memory):
    recognise(memory, [3])
    memory.start_session()
    while len(memory) > 2 * LENGTH:
        assert thin(memory)
    assert visits_of(memory)[0] == LENGTH


def test_a_place_keeps_what_differs_most(memory):
    recognise(memory, [1, 2, 3])
    while len(memory) > 2 * LENGTH:
        assert thin(memory)
    first, *later = visits_of(memory)
    assert first == LENGTH
    assert min(later[0] + later[2], later[1]) >= LENGTH // 3, "both other lights are there"


def test_removed_keyframes_are_gone_from_the_store(memory):
    recognise(memory, [3])
    thin(memory)
    assert [each[0] for each in memory.store.keyframes()] == list(memory.timeline)


def test_without_anything_redundant_nothing_gives_way(open_store):
    memory = KeyframeMap(open_store(size=SIZE), SIZE, Leaving(10 * SECOND), "r1")
    memory.start_session()
    memory.add(Keyframe(None, SECOND), view(0, 0), np.zeros(0, FEATURE), b"image")
    assert thin(memory) == 0
    assert len(memory) == 1
