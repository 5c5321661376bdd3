"""Which keyframes give way in a full map."""

import numpy as np
import pytest

from place_recognition_ros.errors import StoreError
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


def test_the_present_session_gives_way_before_earlier_ones(memory):
    while len(memory) > 3.5 * LENGTH:
        assert thin(memory)
    assert visits_of(memory) == [LENGTH, LENGTH, LENGTH, LENGTH // 2]


def test_a_full_map_learns_a_new_place(open_store):
    """Where earlier sessions show the same many times."""
    memory = KeyframeMap(open_store(size=2), 2, Leaving(10 * SECOND), "r1")
    for session, step in ((0, 2), (1, 30)):  # degrees between the keyframes
        memory.start_session()
        for number in range(12):
            angle = np.radians(step * number)
            vector = np.array([np.cos(angle), np.sin(angle)], np.float32)
            stamp = (1 + number + 1000 * session) * SECOND
            memory.add(Keyframe(None, stamp), vector, np.zeros(0, FEATURE), b"image")
            if len(memory) > 14:
                assert thin(memory)
    assert len(memory.timeline.ids(12, 100)) == 12


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


def test_a_stay_gives_way(open_store, unit):
    memory = KeyframeMap(open_store(), 8, Leaving(10 * SECOND), "r1")
    memory.start_session()
    vectors = unit(20)
    views = [*vectors[:10], *(50 * [vectors[0]]), *vectors[10:]]
    for second, vector in enumerate(views, 1):
        memory.add(Keyframe(None, second * SECOND), vector, np.zeros(0, FEATURE), b"image")
    while len(memory) > 21:
        assert thin(memory) == 1
    kept = [each.stamp // SECOND for each in memory.store.keyframes()]
    assert sum(10 < second <= 60 for second in kept) == 1, "what is left of the stay"
    assert [second for second in kept if not 10 < second <= 60] == [*range(1, 11), *range(61, 71)]


def test_a_map_that_cannot_be_written_is_not_thinned(memory, monkeypatch):
    def fail(_):
        raise StoreError("disk full")

    before = len(memory)
    monkeypatch.setattr(memory.store, "remove", fail)
    with pytest.raises(StoreError):
        thin(memory)
    assert len(memory) == before


def test_without_anything_redundant_nothing_gives_way(open_store):
    memory = KeyframeMap(open_store(size=SIZE), SIZE, Leaving(10 * SECOND), "r1")
    memory.start_session()
    memory.add(Keyframe(None, SECOND), view(0, 0), np.zeros(0, FEATURE), b"image")
    assert thin(memory) == 0
    assert len(memory) == 1
